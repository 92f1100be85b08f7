"""Where somebody is signed in: ending it elsewhere, everywhere it counts, and changing the key beneath it."""

import contextlib
from collections.abc import Callable, Iterator

import jwt
import pytest
from sqlalchemy import text
from websockets.exceptions import ConnectionClosed

from deploy.local.servers import Postgres
from deploy.local.testing import Emptier
from shared.accounts.rules import Role
from shared.db import transaction
from shared.settings import get_settings
from tests.conftest import DATABASE, SECRET
from tests.support.accounts import ADDRESS, STRONG, mailed_token, resident
from tests.support.live import PATIENCE_SECONDS, LiveServer, live_client, live_server
from tests.support.web import PASSWORD, Browser, add_user, app, assert_problem
from web import auth
from web.app import create_app
from web.live import reader

pytestmark = pytest.mark.usefixtures("db")
NEXT = "the-next-key-of-enough-length-0123456789"
NEW = "nineteen paper lanterns"


def test_everywhere_else_is_signed_out_at_once() -> None:
    """The session that asks goes on, another person's too."""
    here, there, third = (Browser(Role.STAFF) for _ in range(3))
    stranger = Browser(Role.RESIDENT)

    assert 204 == here.delete("/api/v1/auth/sessions").status_code

    assert 200 == here.get("/api/v1/auth/me").status_code
    assert 200 == here.refresh().status_code
    assert 200 == stranger.get("/api/v1/auth/me").status_code
    for gone in (there, third):
        assert_problem(gone.get("/api/v1/auth/me"), 401)
        assert_problem(gone.refresh(), 401)
    assert [True] == [each["current"] for each in here.get("/api/v1/auth/sessions").json["items"]]
    with transaction() as tx:
        acts = tx.execute(text("SELECT action FROM audit_log ORDER BY id DESC LIMIT 1")).scalar_one()
    assert "accounts.sign_out_elsewhere" == acts


def sign_out_elsewhere(browser: Browser) -> None:
    """From another session of the same person."""
    other = Browser()
    other.sign_in(ADDRESS, STRONG)
    assert 204 == other.delete("/api/v1/auth/sessions").status_code


def change_password(browser: Browser) -> None:
    """From another session of the same person."""
    other = Browser()
    other.sign_in(ADDRESS, STRONG)
    body = {"current_password": STRONG, "new_password": NEW}
    assert 204 == other.post("/api/v1/auth/password", json=body).status_code


def reset_password(browser: Browser) -> None:
    """By mail."""
    Browser().post("/api/v1/auth/password-reset", json={"email": ADDRESS})
    body = {"token": mailed_token(), "password": NEW}
    assert 204 == Browser().post("/api/v1/auth/password-reset/confirm", json=body).status_code


def use_a_refresh_token_twice(browser: Browser) -> None:
    """As a thief and the owner would."""
    stolen = browser.client.get_cookie("citypulse_refresh")
    twin = browser.client.get_cookie("csrf_refresh_token")
    assert stolen
    assert twin
    browser.refresh()
    thief = app().test_client()
    thief.set_cookie("citypulse_refresh", stolen.value)
    assert 401 == thief.post("/api/v1/auth/refresh", headers={"X-CSRF-TOKEN": twin.value}).status_code


def disable(browser: Browser) -> None:
    """By an admin."""
    with transaction() as tx:
        tx.execute(text("UPDATE users SET disabled_at = now()"))


ENDS = [sign_out_elsewhere, change_password, reset_password, use_a_refresh_token_twice, disable]


@pytest.fixture(scope="module")
def live(
    postgres: Postgres, _emptier: Emptier, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveServer]:
    """One live server for the tests of this file."""
    with live_server(
        tmp_path_factory.mktemp("live"),
        DATABASE_URL=postgres.url(DATABASE),
        JWT_SECRET=NEXT,
        JWT_SECRET_PREVIOUS=SECRET,
        CITYPULSE_ENV="test",
    ) as server:
        yield server


@pytest.mark.parametrize("end", ENDS)
def test_whatever_ends_a_session_ends_its_requests_and_its_sockets(
    live: LiveServer, end: Callable[[Browser], None]
) -> None:
    """At the next request; on a socket that is open, at the reader's next look."""
    browser = resident()
    with live_client(live) as client:
        assert "welcome" == client.hello("city:london", token=browser.token)["type"]
        end(browser)

        assert_problem(browser.get("/api/v1/auth/me"), 401)
        assert_problem(browser.refresh(), 401)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                client.connection.recv(timeout=PATIENCE_SECONDS)

    assert closed.value.rcvd
    assert (1008, "this session has ended") == (closed.value.rcvd.code, closed.value.rcvd.reason)


def test_the_reader_looks_often_enough() -> None:
    """An open socket outlives its session by five seconds at most."""
    assert reader._SESSIONS_SECONDS + reader.POLL_SECONDS <= 5


def test_what_is_revoked_stays_so_without_redis() -> None:
    """The list is in Postgres: emptying the cache brings nobody back."""
    browser = resident()
    sign_out_elsewhere(browser)
    with contextlib.suppress(OSError):
        import redis

        redis.Redis.from_url(get_settings().redis_url.get_secret_value()).flushall()

    assert_problem(browser.get("/api/v1/auth/me"), 401)


def rotate(monkeypatch: pytest.MonkeyPatch, *, previous: str | None) -> None:
    """Sign with the next key, and still read the one before, or not."""
    monkeypatch.setenv("JWT_SECRET", NEXT)
    if previous is None:
        monkeypatch.delenv("JWT_SECRET_PREVIOUS", raising=False)
    else:
        monkeypatch.setenv("JWT_SECRET_PREVIOUS", previous)
    get_settings.cache_clear()


def test_a_change_of_key_signs_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old tokens are read by the old key, new ones made with the new; the header says which."""
    browser = Browser(Role.STAFF)
    old = browser.token or ""
    rotate(monkeypatch, previous=SECRET)
    client, browser.client = browser.client, create_app().test_client()
    for name in ("citypulse_refresh", "csrf_refresh_token"):
        cookie = client.get_cookie(name)
        assert cookie
        browser.client.set_cookie(name, cookie.value)

    assert 200 == browser.get("/api/v1/auth/me").status_code
    assert 200 == browser.refresh().status_code
    new = browser.token or ""
    assert auth.key_id(SECRET) == jwt.get_unverified_header(old)["kid"]
    assert auth.key_id(NEXT) == jwt.get_unverified_header(new)["kid"]
    jwt.decode(new, NEXT, algorithms=["HS256"], audience="citypulse")
    assert 200 == browser.get("/api/v1/auth/me").status_code


def test_once_the_old_key_is_gone_so_are_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a change, or of a key that leaked."""
    browser = Browser(Role.STAFF)
    rotate(monkeypatch, previous=None)

    answer = (
        create_app()
        .test_client()
        .get("/api/v1/auth/me", headers={"Authorization": f"Bearer {browser.token}"})
    )

    assert_problem(answer, 401)


def test_a_key_is_chosen_by_the_header_and_by_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that names one of our keys and is signed by the other is refused."""
    browser = Browser(Role.STAFF)
    rotate(monkeypatch, previous=SECRET)
    claims = jwt.decode(browser.token or "", SECRET, algorithms=["HS256"], audience="citypulse")
    swapped = [
        jwt.encode(claims, SECRET, headers={"kid": auth.key_id(NEXT)}),
        jwt.encode(claims, NEXT, headers={"kid": auth.key_id(SECRET)}),
        jwt.encode(claims, SECRET, headers={"kid": "unknown"}),
    ]
    client = create_app().test_client()

    answers = [client.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {each}"}) for each in swapped]

    assert [401] * 3 == [answer.status_code for answer in answers]


def test_over_https_every_cookie_that_signs_in_belongs_to_this_host_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`__Host-`, Secure, HttpOnly, SameSite=Lax, no Domain; the CSRF twin is read by the page."""
    monkeypatch.setenv("PUBLIC_URL", "https://city-pulse.app")
    get_settings.cache_clear()
    address = add_user(Role.STAFF)
    client = create_app().test_client()

    answer = client.post(
        "/api/v1/auth/login", json={"email": address, "password": PASSWORD}, base_url="https://localhost"
    )

    cookies = {each.partition("=")[0]: each for each in answer.headers.getlist("Set-Cookie")}
    assert {"__Host-citypulse_refresh", "csrf_refresh_token"} == cookies.keys()
    assert all("Secure" in each and "SameSite=Lax" in each for each in cookies.values())
    assert all("Domain" not in each and "Path=/" in each for each in cookies.values())
    assert "HttpOnly" in cookies["__Host-citypulse_refresh"]
    assert "HttpOnly" not in cookies["csrf_refresh_token"]


@pytest.mark.parametrize("twin", [{}, {"X-CSRF-TOKEN": ""}, {"X-CSRF-TOKEN": "guess"}])
@pytest.mark.parametrize("path", ["/api/v1/auth/refresh", "/api/v1/auth/logout"])
def test_a_cookie_without_its_twin_does_nothing(path: str, twin: dict[str, str]) -> None:
    """Another site can make the browser send the one, and never read the other."""
    browser = Browser(Role.STAFF)
    token, browser.token = browser.token, None

    assert_problem(browser.post(path, headers=twin), 401)
    assert_problem(
        browser.client.post(path, data="a=b", headers={"Origin": "https://evil.example", **twin}), 401
    )

    browser.token = token
    assert 200 == browser.get("/api/v1/auth/me").status_code
    assert 200 == browser.refresh().status_code


def test_a_token_of_one_browser_is_not_the_twin_of_another() -> None:
    """The header must match the very token in the cookie."""
    mine, other = Browser(Role.STAFF), Browser(Role.RESIDENT)

    assert_problem(mine.post("/api/v1/auth/refresh", headers=other.csrf()), 401)
