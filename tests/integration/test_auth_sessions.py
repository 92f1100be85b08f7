"""Signing in, staying signed in, and the end of a session."""

from datetime import timedelta

import jwt
import pytest
from flask_jwt_extended import decode_token
from sqlalchemy import text

from shared.accounts.rules import Role
from shared.accounts.service import find_user
from shared.clock import utcnow
from shared.db import transaction
from shared.settings import Settings, get_settings
from tests.conftest import SECRET
from tests.support.web import PASSWORD, Browser, add_user, app, assert_problem

pytestmark = pytest.mark.usefixtures("db")


def test_signing_in_gives_a_token_and_a_cookie_no_script_reads() -> None:
    """The access token lives in the page, the refresh token in the browser."""
    browser = Browser()
    address = add_user(Role.STAFF)

    answer = browser.sign_in(address.upper())

    assert {"access_token", "expires_in", "user"} == answer.json.keys()
    assert (900, "staff", address) == (
        answer.json["expires_in"],
        answer.json["user"]["role"],
        answer.json["user"]["email"],
    )
    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "citypulse_refresh" in c)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "no-store" in answer.headers["Cache-Control"]
    assert answer.json["user"] == browser.get("/api/v1/auth/me").json


@pytest.mark.parametrize(
    ("email", "password"),
    [("staff@example.org", "wrong"), ("nobody@example.org", PASSWORD), ("staff@example.org' --", PASSWORD)],
)
def test_a_wrong_word_gets_one_answer(email: str, password: str) -> None:
    """Whether the address or the password is wrong is told to nobody."""
    add_user(Role.STAFF)

    answer = Browser().sign_in(email, password)

    assert "the email address or the password is wrong" == assert_problem(answer, 401)["detail"]


def test_over_https_the_cookie_belongs_to_this_host_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`__Host-` forbids a Domain and asks for Secure and Path=/."""
    from web.app import create_app

    monkeypatch.setenv("PUBLIC_URL", "https://city-pulse.app")
    get_settings.cache_clear()
    address = add_user(Role.STAFF)

    answer = (
        create_app()
        .test_client()
        .post(
            "/api/v1/auth/login", json={"email": address, "password": PASSWORD}, base_url="https://localhost"
        )
    )

    cookie = next(c for c in answer.headers.getlist("Set-Cookie") if "refresh=" in c and "HttpOnly" in c)
    assert cookie.startswith("__Host-citypulse_refresh=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert "Domain" not in cookie
    assert "max-age=63072000" in answer.headers["Strict-Transport-Security"]


def test_a_refresh_gives_the_next_token_and_needs_the_csrf_twin() -> None:
    """Another site can make the browser send the cookie, but not the header."""
    browser = Browser(Role.RESIDENT)

    assert_problem(browser.post("/api/v1/auth/refresh"), 401)
    assert_problem(browser.post("/api/v1/auth/refresh", headers={"X-CSRF-TOKEN": "guess"}), 401)
    answer = browser.refresh()

    assert 200 == answer.status_code
    assert 200 == browser.get("/api/v1/auth/me").status_code


def test_a_refresh_token_used_twice_ends_the_whole_session() -> None:
    """One of the two who held it is a thief."""
    browser = Browser(Role.RESIDENT)
    stolen = browser.client.get_cookie("citypulse_refresh")
    twin = browser.client.get_cookie("csrf_refresh_token")
    assert stolen
    assert twin
    browser.refresh()

    thief = app().test_client()
    thief.set_cookie("citypulse_refresh", stolen.value)
    answer = thief.post("/api/v1/auth/refresh", headers={"X-CSRF-TOKEN": twin.value})

    assert_problem(answer, 401)
    assert_problem(browser.get("/api/v1/auth/me"), 401)
    assert_problem(browser.refresh(), 401)
    with transaction() as tx:
        assert (
            1
            == tx.execute(
                text("SELECT count(*) FROM audit_log WHERE action = 'accounts.refresh_reused'")
            ).scalar_one()
        )


def test_signing_out_ends_the_access_token_at_once() -> None:
    """Not when it would have expired."""
    browser = Browser(Role.ADMIN)

    answer = browser.post("/api/v1/auth/logout", headers=browser.csrf())

    assert 204 == answer.status_code
    assert_problem(browser.get("/api/v1/auth/me"), 401)
    assert browser.client.get_cookie("citypulse_refresh") is None


def test_another_site_cannot_sign_anybody_out() -> None:
    """The cookie alone proves nothing."""
    browser = Browser(Role.ADMIN)
    token, browser.token = browser.token, None

    assert_problem(browser.post("/api/v1/auth/logout"), 401)

    browser.token = token
    assert 200 == browser.get("/api/v1/auth/me").status_code


@pytest.mark.parametrize("change", ["disabled_at = now()", "role = 'resident'"])
def test_a_change_of_the_account_counts_at_the_next_request(change: str) -> None:
    """A role taken away in mid-session is gone."""
    browser = Browser(Role.ADMIN)
    assert 200 == browser.get("/api/v1/jobs").status_code

    with transaction() as tx:
        tx.execute(text(f"UPDATE users SET {change}"))

    assert browser.get("/api/v1/jobs").status_code in {401, 403}


def test_a_session_ends_after_thirty_days_however_often_it_was_renewed() -> None:
    """The refresh token of a renewal ends when the first one would have."""
    browser = Browser(Role.RESIDENT)
    first = browser.client.get_cookie("citypulse_refresh")
    browser.refresh()
    renewed = browser.client.get_cookie("citypulse_refresh")
    assert first
    assert renewed

    with app().test_request_context():
        ends = [decode_token(cookie.value)["exp"] for cookie in (first, renewed)]

    assert abs(ends[0] - ends[1]) <= 1
    with transaction() as tx:
        tx.execute(text("UPDATE sign_ins SET expires_at = now()"))
    assert_problem(browser.refresh(), 401)


def test_a_token_of_the_key_before_this_one_is_good(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key can be changed without signing everybody out."""
    from web.app import create_app

    browser = Browser(Role.RESIDENT)
    monkeypatch.setenv("JWT_SECRET", "another-key-of-enough-length-0123456789")
    monkeypatch.setenv("JWT_SECRET_PREVIOUS", SECRET)
    get_settings.cache_clear()

    answer = (
        create_app()
        .test_client()
        .get("/api/v1/auth/me", headers={"Authorization": f"Bearer {browser.token}"})
    )

    assert 200 == answer.status_code


def test_a_person_sees_where_they_are_signed_in_and_ends_it_there() -> None:
    """Their own sessions only; another's is not there."""
    here, there, stranger = Browser(Role.STAFF), Browser(Role.STAFF), Browser(Role.RESIDENT)
    listed = here.get("/api/v1/auth/sessions").json["items"]
    elsewhere = next(each["id"] for each in listed if not each["current"])
    path = f"/api/v1/auth/sessions/{elsewhere}"

    assert (2, 1) == (len(listed), sum(each["current"] for each in listed))
    assert_problem(stranger.delete(path), 404)
    assert 200 == there.get("/api/v1/auth/me").status_code
    assert 204 == here.delete(path).status_code
    assert_problem(there.get("/api/v1/auth/me"), 401)
    assert 200 == here.get("/api/v1/auth/me").status_code


def test_the_password_is_kept_as_argon2id() -> None:
    """And never as itself."""
    address = add_user(Role.RESIDENT)

    with transaction() as tx:
        user = find_user(tx, address)

    assert user
    assert user.password_hash
    assert user.password_hash.startswith("$argon2id$")


def _forged(claims: dict[str, object], key: str = SECRET, algorithm: str = "HS256", **header: object) -> str:
    return jwt.encode(claims, key, algorithm=algorithm, headers=header)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_no_forged_token_is_good() -> None:
    """One algorithm, our issuer, our audience, our time, our signature; one answer to everything else."""
    browser = Browser(Role.ADMIN)
    token = browser.token or ""
    with app().test_request_context():
        good = decode_token(token)
    now = utcnow().timestamp()
    refresh = browser.client.get_cookie("citypulse_refresh")
    assert refresh
    head, body, signature = token.split(".")
    bad = {
        "alg none": jwt.encode(good, "", algorithm="none"),
        "another algorithm": _forged(good, SECRET, "HS512"),
        "another key": _forged(good, "x" * 32),
        "another key by kid": _forged(good, "x" * 32, kid="../../dev/null"),
        "a key set by jku": _forged(good, "x" * 32, jku="https://evil.example/keys"),
        "a key in the header": _forged(good, "x" * 32, jwk={"kty": "oct", "k": "eA"}),
        "expired by a second": _forged({**good, "exp": now - 1}),
        "not yet": _forged({**good, "nbf": now + 3600}),
        "another audience": _forged({**good, "aud": "other"}),
        "another issuer": _forged({**good, "iss": "other"}),
        "a refresh token": refresh.value,
        "no session": _forged({key: value for key, value in good.items() if key != "sid"}),
        "another session": _forged({**good, "sid": "0190a1b2-0000-7000-8000-000000000000"}),
        "no expiry": _forged({key: value for key, value in good.items() if key != "exp"}),
        "nothing": "",
        "no token": "a.b.c",
    }
    for place in range(0, len(body), max(1, len(body) // 100)):
        flipped = "A" if body[place] != "A" else "B"
        bad[f"one flipped at {place}"] = ".".join(
            [head, body[:place] + flipped + body[place + 1 :], signature]
        )

    answers = {
        name: app().test_client().get("/api/v1/auth/me", headers={"Authorization": f"Bearer {each}"})
        for name, each in bad.items()
    }

    assert dict.fromkeys(bad, 401) == {name: each.status_code for name, each in answers.items()}
    assert 200 == browser.get("/api/v1/auth/me").status_code
    assert timedelta(minutes=15).total_seconds() == good["exp"] - good["iat"]
