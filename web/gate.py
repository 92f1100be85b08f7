"""Who comes in: before any view, the caller is known, allowed, and their body is of the kind the view takes."""

from uuid import UUID

import structlog
from flask import Flask, g, request
from flask_jwt_extended import get_jwt, verify_jwt_in_request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized, UnsupportedMediaType

from shared.accounts.rules import Permission, allows
from shared.accounts.service import Caller, caller_of
from shared.audit import Actor
from shared.clock import utcnow
from shared.db import transaction
from shared.settings import Settings, get_settings
from web.auth import INVALID_TOKEN
from web.jsonio import require_json

_MULTIPART = "multipart/form-data"


def register(app: Flask) -> None:
    """Stand before every view."""

    @app.before_request
    def _enter() -> None:
        g.caller = None
        if request.endpoint is None or request.method == "OPTIONS":
            return
        view = app.view_functions[request.endpoint]
        permission = getattr(view, "needs", None)
        if permission is None:
            raise NotFound
        g.caller = _identify()
        _authorise(permission)
        _check_body(getattr(view, "__annotations__", {}))


def caller() -> Caller | None:
    """Return who asks, or none when nobody signed in."""
    who: Caller | None = g.get("caller")
    return who


def signed_in() -> Caller:
    """
    Return who asks.

    Raises: Unauthorized when nobody signed in.
    """
    who = caller()
    if who is None:
        raise Unauthorized("sign in first")
    return who


def actor() -> Actor:
    """Return who asks as the audit log names them."""
    who = caller()
    request_id = g.get("request_id")
    return Actor(who.email, who.user_id, request_id) if who else Actor("anonymous", None, request_id)


def mailbox_is_open(settings: Settings) -> bool:
    """Tell whether mail is kept here and everybody may read it: on a developer's own machine only."""
    return settings.sendgrid_api_key is None and settings.citypulse_env == "local"


def _identify() -> Caller | None:
    """
    Return the caller of a good token.

    Raises: an error of flask-jwt-extended for a bad token, Unauthorized for one whose session has ended.
    """
    if not request.headers.get("Authorization", "").startswith("Bearer ") or request.path == "/metrics":
        return None
    verify_jwt_in_request(locations=["headers"])
    claims = get_jwt()
    if claims.get("exp", 0) <= utcnow().timestamp():
        # The decoder's leeway is for clocks that run behind at a token's birth, not for its death.
        raise Unauthorized(INVALID_TOKEN)
    try:
        session_id, user_id = UUID(claims["sid"]), UUID(claims["sub"])
    except (KeyError, ValueError):
        raise Unauthorized(INVALID_TOKEN) from None
    with transaction() as tx:
        who = caller_of(tx, session_id, user_id, utcnow())
    if who is None:
        raise Unauthorized("this session has ended: sign in again")
    structlog.contextvars.bind_contextvars(user_id=str(who.user_id))
    return who


def _authorise(permission: Permission) -> None:
    who = caller()
    if permission in {Permission.METRICS, Permission.SIGNATURE}:
        return  # The view itself checks what the request carries.
    if permission is Permission.READ_MAILBOX and mailbox_is_open(get_settings()):
        return
    if allows(who.role if who else None, permission):
        return
    if who is None:
        raise Unauthorized("sign in first")
    raise Forbidden(f"this needs the permission to {permission.value}")


def _check_body(annotations: dict[str, object]) -> None:
    if "body" in annotations:
        require_json()
    if "form" in annotations and request.mimetype != _MULTIPART:
        raise UnsupportedMediaType(f"the body must be {_MULTIPART}")
