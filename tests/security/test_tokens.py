"""Tokens, sessions and cookies: forged, stolen, old, and sent along by another site."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask_jwt_extended import decode_token
from sqlalchemy import text

from shared.accounts.rules import Role
from shared.accounts.service import SESSION_LIFETIME
from shared.clock import utcnow
from shared.db import transaction
from tests.conftest import SECRET
from tests.contracts.test_routes import ALL, Route
from tests.security.conftest import Tries
from tests.support.web import PASSWORD, Browser, add_user, app
from web.auth import ACCESS_LIFETIME, LEEWAY_SECONDS

pytestmark = pytest.mark.usefixtures("db")
ME = "/api/v1/auth/me"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.mark.row(1)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_every_bad_token_gets_the_same_answer(tries: Tries) -> None:
    """A forger learns nothing from what is said, and every bit counts."""
    browser = Browser(Role.ADMIN)
    token = browser.token or ""
    with app().test_request_context():
        good = decode_token(token)
    head, body, signature = token.split(".")
    now, pair = utcnow().timestamp(), rsa.generate_private_key(65537, 2048)
    pem = pair.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    bad = {
        "alg none": f"{_part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "alg None, signed": f"{_part({'alg': 'None'})}.{body}.{signature}",
        "RS256": jwt.encode(good, pem, algorithm="RS256"),
        "an ID token": jwt.encode({"iss": "https://accounts.google.com", "sub": "1"}, pem, algorithm="RS256"),
        "kid of SQL": jwt.encode(good, "x" * 32, algorithm="HS256", headers={"kid": "' UNION SELECT '' --"}),
        "kid of a file": jwt.encode(good, "\0", algorithm="HS256", headers={"kid": "/dev/null"}),
        "x5u": jwt.encode(good, "x" * 32, algorithm="HS256", headers={"x5u": "https://evil.example"}),
        "critical": jwt.encode(good, "x" * 32, algorithm="HS256", headers={"crit": ["exp"]}),
        "expired by a second": jwt.encode({**good, "exp": now - 1}, SECRET, algorithm="HS256"),
        "good in an hour": jwt.encode({**good, "nbf": now + 3600}, SECRET, algorithm="HS256"),
        "a list of audiences": jwt.encode({**good, "aud": ["other"]}, SECRET, algorithm="HS256"),
        "no person": jwt.encode({**good, "sub": "admin"}, SECRET, algorithm="HS256"),
        "typed refresh": jwt.encode({**good, "type": "refresh"}, SECRET, algorithm="HS256"),
        "five parts": f"{token}.{token}",
    }
    for bit in range(100):
        spoilt = bytearray(base64.urlsafe_b64decode(signature + "=="))
        spoilt[bit // 8] ^= 1 << bit % 8
        flipped = base64.urlsafe_b64encode(bytes(spoilt)).rstrip(b"=").decode()
        bad[f"bit {bit} of the signature"] = f"{head}.{body}.{flipped}"

    said = set()
    for name, each in bad.items():
        answer = app().test_client().get(ME, headers={"Authorization": f"Bearer {each}"})
        said.add(tuple((k, v) for k, v in answer.get_json().items() if k != "request_id"))
        tries(name, answer.status_code == 401)

    assert 1 == len(said)
    assert 200 == browser.get(ME).status_code


@pytest.mark.row(1)
def test_tokens_live_as_long_as_promised() -> None:
    """Access a quarter of an hour, refresh thirty days, clocks ten seconds at most."""
    assert timedelta(minutes=15) >= ACCESS_LIFETIME
    assert timedelta(days=30) >= SESSION_LIFETIME
    assert LEEWAY_SECONDS <= 10


@pytest.mark.row(2)
@pytest.mark.parametrize(
    "end",
    [
        "UPDATE users SET disabled_at = now()",
        "UPDATE sign_ins SET revoked_at = now()",
        "UPDATE sign_ins SET expires_at = now()",
        "DELETE FROM sign_ins",
    ],
)
def test_an_ended_session_stays_ended_whatever_redis_forgets(end: str, redis_url: str, tries: Tries) -> None:
    """What is over is a row of Postgres: neither token works, before and after FLUSHALL."""
    browser = Browser(Role.STAFF)
    with transaction() as tx:
        tx.execute(text(end))

    tries("access", browser.get(ME).status_code == 401)
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()
    tries("access after FLUSHALL", browser.get(ME).status_code == 401)
    tries("refresh", browser.refresh().status_code == 401)


@pytest.mark.row(3)
def test_a_cookie_alone_changes_nothing(tries: Tries) -> None:
    """Another site's page makes the browser send the cookie, and can read neither it nor its twin."""
    browser = Browser(Role.RESIDENT)
    for headers in ({}, {"X-CSRF-TOKEN": ""}, {"X-CSRF-TOKEN": "guess"}, {"Origin": "https://evil.example"}):
        for path in ("refresh", "logout"):
            answer = browser.client.post(f"/api/v1/auth/{path}", headers=headers)
            tries(f"{path} {headers}", answer.status_code == 401)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        data = json.dumps({"email": "resident@example.org", "password": PASSWORD})
        answer = browser.client.post("/api/v1/auth/login", data=data, headers={"Content-Type": kind})
        tries(kind, answer.status_code == 415)

    with transaction() as tx:
        assert 1 == tx.execute(text("SELECT count(*) FROM sign_ins WHERE revoked_at IS NULL")).scalar_one()


@pytest.mark.row(3)
def test_the_refresh_cookie_opens_nothing_but_the_next_token(tries: Tries) -> None:
    """No route takes a cookie for a sign-in."""
    browser = Browser(Role.ADMIN)
    for path in ("/api/v1/jobs", ME, "/api/v1/auth/sessions", "/api/v1/auth/api-keys", "/api/v1/queues"):
        tries(path, browser.client.get(path, headers=browser.csrf()).status_code == 401)


@pytest.mark.row(3)
def test_reading_changes_nothing(tries: Tries) -> None:
    """Every GET, as an admin, leaves every table as it was."""
    browser = Browser(Role.ADMIN)
    for route in (route for route in ALL if route.method == "GET"):
        before = _contents()
        _read(route, browser)
        tries(str(route.rule), before == _contents())


@pytest.mark.row(3)
def test_no_other_site_may_read_an_answer(tries: Tries) -> None:
    """CORS is closed: no origin is allowed, none is echoed, a preflight promises nothing."""
    add_user(Role.RESIDENT)
    for origin in ("https://evil.example", "null", "http://127.0.0.1:8000.evil.example"):
        for method in ("GET", "OPTIONS"):
            answer = (
                app()
                .test_client()
                .open(
                    "/api/v1/cities",
                    method=method,
                    headers={"Origin": origin, "Access-Control-Request-Method": "POST"},
                )
            )
            named = [name for name, _ in answer.headers if name.lower().startswith("access-control-")]
            tries(f"{method} {origin}", not named)


def _read(route: Route, browser: Browser) -> None:
    headers = {"Authorization": f"Bearer {browser.token}"}
    browser.client.get(route.path, headers=headers, buffered=True)


def _contents() -> dict[str, str]:
    """Return a hash of every table's rows."""
    with transaction() as tx:
        tables = tx.scalars(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        ).all()
        return {
            name: str(
                tx.execute(
                    text(f"SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) FROM {name} t")
                ).scalar_one()
            )
            for name in tables
        }
