"""Tokens: a short access token in the page's memory, a rotating refresh token in a cookie no script can read."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask, Response, request
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
    set_refresh_cookies,
    unset_refresh_cookies,
)
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt.exceptions import PyJWTError

from shared.accounts.models import User
from shared.accounts.service import SESSION_LIFETIME, Caller, begin_session, end_session
from shared.clock import new_id, utcnow
from shared.db import Transaction
from shared.settings import Settings, get_settings
from web.errors import problem

ACCESS_LIFETIME = timedelta(minutes=15)
ALGORITHM = "HS256"
ISSUER = "citypulse"
AUDIENCE = "citypulse"
LEEWAY_SECONDS = 5
CSRF_COOKIE = "csrf_refresh_token"
INVALID_TOKEN = "this token is not valid: sign in again"  # noqa: S105 - a sentence


def register(app: Flask, settings: Settings) -> None:
    """Configure the tokens: one algorithm, our issuer and audience, and no other place to bring them than ours."""
    secure = settings.secure_cookies
    app.config.update(
        JWT_SECRET_KEY=settings.jwt_secret.get_secret_value(),
        JWT_ALGORITHM=ALGORITHM,
        JWT_DECODE_ALGORITHMS=[ALGORITHM],
        JWT_ENCODE_ISSUER=ISSUER,
        JWT_DECODE_ISSUER=ISSUER,
        JWT_ENCODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_AUDIENCE=AUDIENCE,
        JWT_DECODE_LEEWAY=LEEWAY_SECONDS,
        JWT_ACCESS_TOKEN_EXPIRES=ACCESS_LIFETIME,
        JWT_REFRESH_TOKEN_EXPIRES=SESSION_LIFETIME,
        JWT_TOKEN_LOCATION=["headers", "cookies"],
        JWT_REFRESH_COOKIE_NAME=cookie_name(settings),
        JWT_REFRESH_COOKIE_PATH="/",
        JWT_REFRESH_CSRF_COOKIE_NAME=CSRF_COOKIE,
        JWT_REFRESH_CSRF_COOKIE_PATH="/",
        JWT_COOKIE_SECURE=secure,
        JWT_COOKIE_SAMESITE="Lax",
        JWT_COOKIE_CSRF_PROTECT=True,
        JWT_ERROR_MESSAGE_KEY="detail",
    )
    manager = JWTManager(app)
    _choose_keys(manager, settings)
    _answer_problems(manager)


def cookie_name(settings: Settings) -> str:
    """Name the refresh cookie: over HTTPS, so that no other host can set it (RFC 6265bis, `__Host-`)."""
    return "__Host-citypulse_refresh" if settings.secure_cookies else "citypulse_refresh"


def key_id(secret: str) -> str:
    """Name a key without telling it."""
    return hashlib.sha256(b"citypulse key id:" + secret.encode()).hexdigest()[:16]


def access_token(caller: Caller, settings: Settings) -> str:
    """Make an access token; what it may do is looked up at each use, so the token does not say."""
    token: str = create_access_token(
        str(caller.user_id),
        additional_claims={"sid": str(caller.session_id)},
        additional_headers=_header(settings),
    )
    return token


def refresh_token(
    user_id: UUID, session_id: UUID, settings: Settings, *, until: datetime | None = None
) -> tuple[str, str]:
    """Make a refresh token, good until the session's end; returns it and its `jti`, which the session remembers."""
    token: str = create_refresh_token(
        str(user_id),
        expires_delta=until - utcnow() if until else None,
        additional_claims={"sid": str(session_id)},
        additional_headers=_header(settings),
    )
    return token, str(decode_token(token)["jti"])


def sign_in(
    tx: Transaction, user: User, now: datetime, *, proven_at: datetime | None, instead_of: UUID | None
) -> tuple[Caller, str]:
    """
    Begin a session of the browser that asks; returns who it is now, and the refresh token.

    The session that this browser had until now ends (ASVS 7.2.4): nobody goes on in it by an older token.
    """
    if instead_of is not None:
        end_session(tx, instead_of, now, "signed in again")
    session_id = new_id()
    token, jti = refresh_token(user.id, session_id, get_settings())
    agent, address = request.headers.get("User-Agent", ""), request.remote_addr or ""
    who = begin_session(tx, user, session_id, jti, now, address=address, agent=agent, proven_at=proven_at)
    return who, token


def session_of_cookie() -> UUID | None:
    """Return the session of this browser's good refresh cookie, for a view that a link leads to: no twin comes with it."""
    try:
        claims = decode_token(request.cookies.get(cookie_name(get_settings()), ""))
        return UUID(claims["sid"]) if claims["type"] == "refresh" else None
    except (JWTExtendedException, PyJWTError, KeyError, ValueError):
        return None


def end_of(claims: dict[str, Any]) -> datetime:
    """Return the moment a token ends."""
    return datetime.fromtimestamp(claims["exp"], UTC)


def refusal() -> Response:
    """Answer a token that is not good; every bad token gets the same answer, and a forger learns nothing."""
    return problem(401, INVALID_TOKEN)


def with_refresh(response: Response, token: str) -> Response:
    """Set the refresh cookie and its CSRF twin."""
    set_refresh_cookies(response, token, max_age=int(SESSION_LIFETIME.total_seconds()))
    return response


def without_refresh(response: Response) -> Response:
    """Take both cookies away."""
    unset_refresh_cookies(response)
    return response


def _header(settings: Settings) -> dict[str, str]:
    return {"kid": key_id(settings.jwt_secret.get_secret_value())}


def _choose_keys(manager: JWTManager, settings: Settings) -> None:
    """Take the key named in the header out of ours; any other name gets today's key, and fails."""
    current = settings.jwt_secret.get_secret_value()
    keys = {key_id(current): current}
    if settings.jwt_secret_previous is not None:
        previous = settings.jwt_secret_previous.get_secret_value()
        keys[key_id(previous)] = previous

    @manager.decode_key_loader
    def _key(header: dict[str, Any], _claims: dict[str, Any]) -> str:
        return keys.get(str(header.get("kid", "")), current)


def _answer_problems(manager: JWTManager) -> None:
    def refuse(*_: Any) -> Response:
        return refusal()

    manager.expired_token_loader(refuse)
    manager.invalid_token_loader(refuse)
    manager.unauthorized_loader(refuse)
    manager.needs_fresh_token_loader(refuse)
    manager.revoked_token_loader(refuse)
    manager.token_verification_failed_loader(refuse)
    manager.user_lookup_error_loader(refuse)
