"""Tokens, sessions and cookies: forged, stolen, old, and sent along by another site."""

import base64
import json
from datetime import timedelta
from statistics import median
from time import perf_counter
from uuid import uuid4

import jwt
import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from flask_jwt_extended import decode_token
from sqlalchemy import event, text
from werkzeug.test import TestResponse

from shared.accounts.rules import Role
from shared.accounts.service import SESSION_LIFETIME
from shared.clock import utcnow
from shared.db import engine, transaction
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
        answer = ask(each)
        said.add(tuple((k, v) for k, v in answer.get_json().items() if k != "request_id"))
        tries(name, answer.status_code == 401)

    assert 1 == len(said)
    assert 200 == browser.get(ME).status_code


def ask(token: str) -> TestResponse:
    """Bring a token."""
    return app().test_client().get(ME, headers={"Authorization": f"Bearer {token}"})


def kinds_of_bad_tokens() -> dict[str, str]:
    """Return one token of each kind that is refused at another place of ours."""
    browser, ended, gone = (Browser(Role.ADMIN, email=f"{name}@example.org") for name in ("a", "b", "c"))
    token = browser.token or ""
    with app().test_request_context():
        good = decode_token(token)
    with transaction() as tx:
        tx.execute(
            text("UPDATE sign_ins SET revoked_at = now() WHERE id = CAST(:id AS uuid)"),
            {"id": _claims(ended.token)["sid"]},
        )
        tx.execute(text("UPDATE users SET disabled_at = now() WHERE email = 'c@example.org'"))
    refresh = browser.client.get_cookie("citypulse_refresh")
    now = utcnow().timestamp()
    return {
        "none": "",
        "no token": "a.b.c",
        "no JSON": f"{_part('x')[:3]}!.{_part({})}.",
        "alg none": f"{_part({'alg': 'none', 'typ': 'JWT'})}.{token.split('.')[1]}.",
        "HS512": jwt.encode(good, SECRET * 2, algorithm="HS512"),
        "another key": jwt.encode(good, "x" * 32, algorithm="HS256"),
        "one bit": f"{token[:-3]}{'A' if token[-3] != 'A' else 'B'}{token[-2:]}",
        "expired": jwt.encode({**good, "exp": now - 3600}, SECRET, algorithm="HS256"),
        "expired within the leeway": jwt.encode({**good, "exp": now - 1}, SECRET, algorithm="HS256"),
        "not yet": jwt.encode({**good, "nbf": now + 3600}, SECRET, algorithm="HS256"),
        "audience": jwt.encode({**good, "aud": "other"}, SECRET, algorithm="HS256"),
        "issuer": jwt.encode({**good, "iss": "other"}, SECRET, algorithm="HS256"),
        "no person": jwt.encode({**good, "sub": "admin"}, SECRET, algorithm="HS256"),
        "a refresh token": refresh.value if refresh else "missing",
        "no such session": jwt.encode({**good, "sid": str(uuid4())}, SECRET, algorithm="HS256"),
        "a session that ended": ended.token or "",
        "somebody disabled": gone.token or "",
    }


def _claims(token: str | None) -> dict[str, str]:
    body = (token or "").split(".")[1]
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(body + "=="))
    return claims


@pytest.mark.row(1)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_no_kind_of_bad_token_is_told_from_another(tries: Tries) -> None:
    """The same words, the same headers, and never more work than one look at the session."""
    statements: list[str] = []

    def note(_c: object, _cur: object, statement: str, *_: object) -> None:
        statements.append(statement)

    kinds = kinds_of_bad_tokens()
    ask("warm.up.please")
    told = []
    event.listen(engine(), "before_cursor_execute", note)
    try:
        for name, token in kinds.items():
            statements.clear()
            answer = ask(token)
            words = {k: v for k, v in answer.get_json().items() if k != "request_id"}
            named = {k: v for k, v in answer.headers if k not in {"X-Request-ID", "traceparent"}}
            told.append((answer.status_code, words, named))
            tries(f"{name}: {len(statements)} statements", len(statements) <= 1)
    finally:
        event.remove(engine(), "before_cursor_execute", note)
    for name, each in zip(kinds, told, strict=True):
        tries(name, each[0] == 401 and each == told[0])


@pytest.mark.row(1)
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_stopwatch_tells_no_bad_token_from_another(tries: Tries) -> None:
    """Medians of many tries, taken in turn so that a busy machine is busy for all of them."""
    kinds = kinds_of_bad_tokens()
    rounds = 40 if tries.is_measured else 1
    took: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, token in kinds.items():
            began = perf_counter()
            answer = ask(token)
            took[name].append(perf_counter() - began)
            tries(name, answer.status_code == 401)

    medians = [median(each) * 1000 for each in took.values()]
    what = f"spread of medians over {len(kinds)} kinds of bad token, {rounds} tries each"
    tries.measure(what, max(medians) - min(medians), 50, "ms")


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
