"""Who comes in: before any view, the caller is known, allowed, and their body is of the kind the view takes."""

from uuid import UUID

import structlog
from flask import Flask, g, request
from flask_jwt_extended import get_jwt, verify_jwt_in_request
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized, UnsupportedMediaType

from shared.accounts.api_keys import MARK, Holder, holder_of
from shared.accounts.freshness import require_fresh
from shared.accounts.rules import Permission, allows
from shared.accounts.service import Caller, caller_of
from shared.audit import Actor
from shared.clock import utcnow
from shared.db import transaction
from shared.settings import Settings, get_settings
from web.auth import INVALID_TOKEN
from web.jsonio import require_json

_MULTIPART = "multipart/form-data"
_BEARER = "Bearer "


def register(app: Flask) -> None:
    """Stand before every view."""

    @app.before_request
    def _enter() -> None:
        g.caller = g.holder = None
        if request.endpoint is None or request.method == "OPTIONS":
            return
        view = app.view_functions[request.endpoint]
        permission = getattr(view, "needs", None)
        if permission is None:
            raise NotFound
        g.caller = _identify()
        _authorise(permission, getattr(view, "by_key", None))
        if getattr(view, "fresh", False):
            require_fresh(signed_in(), utcnow())
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


def key_holder() -> Holder | None:
    """Return whose key asks and what it may do, or none when no key does."""
    held: Holder | None = g.get("holder")
    return held


def holds(permission: Permission) -> bool:
    """Tell whether who asks holds a permission: their role does and, where a key asks, the key was given it."""
    who, held = caller(), key_holder()
    if held is not None and permission is not Permission.PUBLIC:
        return permission in held.permissions
    return allows(who.role if who else None, permission)


def actor() -> Actor:
    """Return who asks as the audit log names them; a key is named beside its owner."""
    who, held = caller(), key_holder()
    request_id = g.get("request_id")
    if who is None:
        return Actor("anonymous", None, request_id)
    return Actor(who.email, who.user_id, request_id, key_id=held.key_id if held else None)


def mailbox_is_open(settings: Settings) -> bool:
    """Tell whether mail is kept here and everybody may read it: on a developer's own machine only."""
    return settings.sendgrid_api_key is None and settings.citypulse_env == "local"


def _identify() -> Caller | None:
    """
    Return the caller of a good token or key.

    Raises: an error of flask-jwt-extended for a bad token, Unauthorized for one whose session has ended.
    """
    given = request.headers.get("Authorization", "")
    if not given.startswith(_BEARER) or request.path == "/metrics":
        return None
    who = _by_key(given.removeprefix(_BEARER)) if given.startswith(_BEARER + MARK) else _by_token()
    structlog.contextvars.bind_contextvars(user_id=str(who.user_id))
    return who


def _by_key(key: str) -> Caller:
    with transaction() as tx:
        held = holder_of(tx, key.strip(), utcnow())
    if held is None:
        raise Unauthorized("this API key is not valid")
    g.holder = held
    structlog.contextvars.bind_contextvars(key_id=str(held.key_id))
    return held.caller


def _by_token() -> Caller:
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
        raise Unauthorized(INVALID_TOKEN)
    return who


def _authorise(permission: Permission, by_key: Permission | None) -> None:
    """Let in who holds the permission; `by_key` is what lets a key in where a person only has to sign in."""
    if permission in {Permission.METRICS, Permission.SIGNATURE}:
        return  # The view itself checks what the request carries.
    if permission is Permission.READ_MAILBOX and mailbox_is_open(get_settings()):
        return
    if holds(by_key if by_key is not None and key_holder() is not None else permission):
        return
    if caller() is None:
        raise Unauthorized("sign in first")
    if permission is Permission.SIGNED_IN:
        raise Forbidden("this needs you yourself, signed in: an API key cannot do it")
    raise Forbidden(f"this needs the permission to {permission.value}")


def _check_body(annotations: dict[str, object]) -> None:
    if "body" in annotations:
        require_json()
    if "form" in annotations and request.mimetype != _MULTIPART:
        raise UnsupportedMediaType(f"the body must be {_MULTIPART}")
