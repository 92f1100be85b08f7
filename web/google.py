"""
The protocol of signing in with Google: OpenID Connect, authorization code with PKCE (RFC 9700, 2.1).

What must be remembered while the person is away (state, nonce, verifier) travels in a signed cookie of
their own browser, so that any process can take them back, and no other browser can.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from hmac import compare_digest
from typing import Any, Literal, Self

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskOAuth2App
from authlib.integrations.flask_client.integration import FlaskIntegration
from flask import Response, request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from joserfc.errors import JoseError

from shared.accounts.identities import Claims
from shared.clock import utcnow
from shared.settings import Settings, get_settings

CALLBACK = "/api/v1/auth/google/callback"
#: Seconds a person may take at the provider.
PATIENCE_SECONDS = 600
_TIMEOUT_SECONDS = 5
_LEEWAY_SECONDS = 30
#: What the library raises for answers of a shape it did not expect: the provider is not us.
_UNBELIEVABLE = (
    requests.RequestException,
    AuthlibBaseError,
    JoseError,
    RuntimeError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)
#: What a provider tells only when it is asked for (OpenID Connect Core, 5.5).
_WANTED = '{"id_token":{"auth_time":{"essential":true}}}'
_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,499}")


Act = Literal["sign in", "link", "prove"]


class GoogleFailed(Exception):
    """Say that the provider could not be reached, refused, or told what cannot be believed."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in under way; whoever is signed in already, as `user` in `session`, links it or proves who they are."""

    state: str
    nonce: str
    code_verifier: str
    act: Act = "sign in"
    next: str = "/"
    user: str | None = None
    session: str | None = None

    @classmethod
    def from_cookie(cls, settings: Settings) -> Self | None:
        """Read what this browser began, when it is ours and not too old."""
        try:
            told = _signer(settings).loads(
                request.cookies.get(cookie_name(settings), ""), max_age=PATIENCE_SECONDS
            )
            return cls(**told)
        except (BadSignature, TypeError):
            return None


def is_on(settings: Settings) -> bool:
    """Tell whether this site has a client at Google."""
    return bool(settings.google_client_id and settings.google_client_secret)


def safe_path(wanted: str | None) -> str:
    """Return a path of this site to go to; anything that could lead elsewhere becomes the start page."""
    return wanted if wanted and _PATH.fullmatch(wanted) else "/"


def begin(settings: Settings, act: Act, **more: Any) -> tuple[str, Pending]:
    """
    Return the provider's address to go to, and what to remember until the person is back.

    Who is to prove themselves is asked for their password there (`max_age`), which `auth_time` must show: the
    address goes through the browser, where the wish can be struck out.
    Raises: GoogleFailed.
    """
    wishes = {"claims": _WANTED, **({"max_age": 0} if act == "prove" else {})}
    try:
        made = _client(settings).create_authorization_url(_redirect_uri(settings), **wishes)
    except _UNBELIEVABLE as error:
        raise GoogleFailed(type(error).__name__) from error
    return made["url"], Pending(made["state"], made["nonce"], made["code_verifier"], act, **more)


def finish(settings: Settings, pending: Pending, code: str, state: str, issuer: str | None) -> Claims:
    """
    Trade the code for an ID token and return what it claims, once every check holds.

    Signature by the provider's published keys, issuer, audience, expiry, nonce and access token hash are
    checked; the code's own binding is PKCE. An `iss` beside the code (RFC 9207) must be the provider's.
    Raises: GoogleFailed.
    """
    if not compare_digest(pending.state.encode(), state.encode()):
        raise GoogleFailed("state")
    try:
        claims = _checked(_client(settings), pending, code, issuer)
    except _UNBELIEVABLE as error:
        raise GoogleFailed(type(error).__name__) from error
    return Claims(
        issuer=str(claims["iss"]),
        subject=str(claims["sub"]),
        email=str(claims.get("email") or ""),
        email_verified=claims.get("email_verified") is True,
        name=str(claims.get("name") or ""),
        locale=str(claims.get("locale") or ""),
        proven_at=_moment(claims.get("auth_time")),
    )


def _moment(seconds: object) -> datetime | None:
    """Return when the person was asked for their password there; a moment that is still to come is none."""
    now = utcnow()
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return None
    if not 0 < seconds <= now.timestamp() + _LEEWAY_SECONDS:
        return None
    return min(datetime.fromtimestamp(seconds, UTC), now)


def _checked(client: FlaskOAuth2App, pending: Pending, code: str, issuer: str | None) -> Mapping[str, Any]:
    ours = client.load_server_metadata()["issuer"]
    if issuer is not None and issuer != ours:
        raise GoogleFailed("issuer")
    token = client.fetch_access_token(
        _redirect_uri(get_settings()), code=code, code_verifier=pending.code_verifier
    )
    claims: Mapping[str, Any] = client.parse_id_token(
        token,
        nonce=pending.nonce,
        claims_options={"iss": {"essential": True, "value": ours}},
        leeway=_LEEWAY_SECONDS,
    )
    audience = claims["aud"]
    if client.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise GoogleFailed("audience")
    return claims


def remember(response: Response, pending: Pending, settings: Settings) -> Response:
    """Set the cookie; Lax, because the provider sends the person back by a link."""
    response.set_cookie(
        cookie_name(settings),
        str(_signer(settings).dumps(asdict(pending))),
        max_age=PATIENCE_SECONDS,
        **_attributes(settings),
    )
    return response


def forget(response: Response, settings: Settings) -> Response:
    """Take the cookie away."""
    response.delete_cookie(cookie_name(settings), **_attributes(settings))
    return response


def cookie_name(settings: Settings) -> str:
    """Name the cookie as the refresh cookie is named."""
    return "__Host-citypulse_google" if settings.secure_cookies else "citypulse_google"


def _attributes(settings: Settings) -> dict[str, Any]:
    return {"secure": settings.secure_cookies, "httponly": True, "samesite": "Lax", "path": "/"}


def _signer(settings: Settings) -> URLSafeTimedSerializer:
    keys = [settings.jwt_secret_previous, settings.jwt_secret]
    secrets = [key.get_secret_value() for key in keys if key is not None]
    return URLSafeTimedSerializer(secrets, salt="citypulse google sign-in")


def _redirect_uri(settings: Settings) -> str:
    return settings.public_url.rstrip("/") + CALLBACK


def _client(settings: Settings) -> FlaskOAuth2App:
    secret = settings.google_client_secret
    return _made(
        settings.google_client_id or "",
        secret.get_secret_value() if secret else "",
        settings.google_discovery_url,
    )


@cache
def _made(client_id: str, client_secret: str, discovery_url: str) -> FlaskOAuth2App:
    """Return the process's client: it reads the provider's document once, and its keys when one is new."""
    return FlaskOAuth2App(
        FlaskIntegration("google"),
        "google",
        client_id=client_id,
        client_secret=client_secret,
        server_metadata_url=discovery_url,
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": _TIMEOUT_SECONDS,
        },
    )
