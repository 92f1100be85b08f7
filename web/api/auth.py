"""Signing in and out."""

from datetime import datetime
from uuid import UUID

from flask import Response, g, jsonify, request
from flask_jwt_extended import get_jwt, verify_jwt_in_request
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError
from werkzeug.exceptions import Unauthorized

from shared.accounts import service
from shared.accounts.freshness import require_fresh
from shared.accounts.models import User
from shared.accounts.profile import profile_json
from shared.accounts.registration import require_verified
from shared.accounts.rules import Permission
from shared.audit import audit
from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.settings import get_settings
from web import auth as tokens
from web.api.account_shapes import Credentials, Session, SignedInList
from web.gate import actor, caller, signed_in
from web.openapi import Answer, needs, noun
from web.params import ById, page

api = noun("auth", "Sign in, stay signed in, sign out")

_REFUSAL = "the email address or the password is wrong"


@api.post("/auth/login", responses={200: Session})
@needs(Permission.PUBLIC)
def login(body: Credentials) -> Answer:
    """Sign in, also once more to prove who you are; the refresh token comes as a cookie that no script can read."""
    with transaction() as tx:
        user = service.check_password(tx, body.email, body.password)
        if user is None:
            raise Unauthorized(_REFUSAL)
        require_verified(user)
        now, used = utcnow(), _cookie()
        who, token = tokens.sign_in(tx, user, now, proven_at=now, instead_of=used[0] if used else None)
        answer = _session(tx, who)
    return tokens.with_refresh(answer, token)


@api.post("/auth/refresh", responses={200: Session})
@needs(Permission.PUBLIC)
def refresh() -> Answer:
    """Trade the refresh cookie for a new access token and the next refresh cookie."""
    used = _cookie()
    if used is None:
        raise Unauthorized(tokens.INVALID_TOKEN)
    session_id, user_id, jti, ends = used
    token, next_jti = tokens.refresh_token(user_id, session_id, get_settings(), until=ends)
    with transaction() as tx:
        renewal = service.renew_session(tx, session_id, jti, next_jti, utcnow())
        answer = _session(tx, renewal.caller) if renewal.caller else None
    if answer is None:
        g.caller = None
        response = tokens.refusal()
        return tokens.without_refresh(response)
    return tokens.with_refresh(answer, token)


@api.post("/auth/logout", responses={204: None})
@needs(Permission.PUBLIC)
def logout() -> Answer:
    """End this session, on every socket and tab; asked twice it is still ended."""
    who, used = caller(), _cookie()
    if who is None and used is None and tokens.cookie_name(get_settings()) in request.cookies:
        raise Unauthorized(tokens.INVALID_TOKEN)  # Another site may have sent the cookie along.
    session_id = used[0] if used else who.session_id if who else None
    if session_id is not None:
        with transaction() as tx:
            service.end_session(tx, session_id, utcnow(), "signed out")
    return tokens.without_refresh(Response(status=204))


@api.get("/auth/sessions", responses={200: SignedInList})
@needs(Permission.SIGNED_IN)
def list_sessions() -> Answer:
    """List where you are signed in."""
    who = signed_in()
    with transaction() as tx:
        found = service.sessions_of(tx, who.user_id, utcnow())
    return page([{**each, "current": each["id"] == str(who.session_id)} for each in found], None)


@api.delete("/auth/sessions/<uuid:id>", responses={204: None})
@needs(Permission.SIGNED_IN)
def end_session(path: ById) -> Answer:
    """Sign out elsewhere; its sockets are closed within seconds."""
    who, now = signed_in(), utcnow()
    if path.id != who.session_id:
        require_fresh(who, now)
    with transaction() as tx:
        service.end_own_session(tx, who.user_id, path.id, now)
    return Response(status=204)


@api.delete("/auth/sessions", responses={204: None})
@needs(Permission.SIGNED_IN, fresh=True)
def end_other_sessions() -> Answer:
    """Sign out everywhere else; the session that asks goes on."""
    who = signed_in()
    with transaction() as tx:
        service.end_all_sessions(tx, who.user_id, utcnow(), "ended by their owner", keep=who.session_id)
        audit(tx, actor(), "accounts.sign_out_elsewhere", subject=str(who.user_id))
    return Response(status=204)


def _session(tx: Transaction, who: service.Caller) -> Response:
    return jsonify(
        {
            "access_token": tokens.access_token(who, get_settings()),
            "expires_in": int(tokens.ACCESS_LIFETIME.total_seconds()),
            "user": profile_json(tx.get_one(User, who.user_id)),
        }
    )


def _cookie() -> tuple[UUID, UUID, str, datetime] | None:
    """Return session, person, `jti` and end of a good refresh cookie that came with its CSRF twin."""
    if tokens.cookie_name(get_settings()) not in request.cookies:
        return None
    try:
        verify_jwt_in_request(refresh=True, locations=["cookies"])
        claims = get_jwt()
        return UUID(claims["sid"]), UUID(claims["sub"]), str(claims["jti"]), tokens.end_of(claims)
    except (JWTExtendedException, PyJWTError, KeyError, ValueError):
        return None
