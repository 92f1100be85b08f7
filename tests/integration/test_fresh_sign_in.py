"""What opens an account to others, or closes it to its owner, needs a sign-in of just now."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import text

from shared.accounts.freshness import FRESH
from shared.accounts.rules import Role
from shared.clock import utcnow
from shared.db import transaction
from tests.integration.test_google import ADA, CALLBACK, come_back, sign_in
from tests.integration.test_google import provider as provider
from tests.integration.test_google import provider_url as provider_url
from tests.support.accounts import ADDRESS, STRONG, resident
from tests.support.openid import Provider
from tests.support.web import PASSWORD, Browser, assert_problem

pytestmark = pytest.mark.usefixtures("db")
KEY = {"name": "script", "scopes": ["public"]}
KEYS = "/api/v1/auth/api-keys"
PROVE = "/api/v1/auth/google/prove"


def grow_old(by: timedelta = FRESH) -> None:
    """Let time pass since everybody proved who they are."""
    with transaction() as tx:
        tx.execute(text("UPDATE sign_ins SET proven_at = proven_at - :by"), {"by": by})


def test_an_old_sign_in_is_told_what_is_missing() -> None:
    """One refusal with a kind and an age, so that a page can ask for the password and go on."""
    browser = Browser(Role.RESIDENT)
    assert 201 == browser.post(KEYS, json=KEY).status_code
    grow_old()

    refused = assert_problem(browser.post(KEYS, json=KEY), 403)

    assert ("urn:citypulse:problem:sign-in-again", 900) == (refused["type"], refused["max_age"])
    assert 1 == len(browser.get(KEYS).json["items"])


def test_a_sign_in_is_fresh_for_a_quarter_of_an_hour() -> None:
    """And no longer."""
    browser = Browser(Role.RESIDENT)
    grow_old(FRESH - timedelta(minutes=1))
    assert 201 == browser.post(KEYS, json=KEY).status_code

    grow_old(timedelta(minutes=1))
    assert 403 == browser.post(KEYS, json=KEY).status_code


def test_a_refreshed_token_is_as_old_as_its_session() -> None:
    """A stolen cookie makes new tokens, and nothing fresh."""
    browser = Browser(Role.RESIDENT)
    grow_old()
    browser.refresh()

    assert_problem(browser.post(KEYS, json=KEY), 403)


def test_signing_in_again_makes_it_fresh_and_ends_the_session_before() -> None:
    """The older token is dead, as is what was made of it elsewhere; other devices stay signed in."""
    elsewhere, browser = Browser(Role.RESIDENT), Browser()
    browser.sign_in("resident@example.org")
    grow_old()
    older = browser.token

    answer = browser.post(
        "/api/v1/auth/login",
        json={"email": "resident@example.org", "password": PASSWORD},
        headers=browser.csrf(),
    )
    browser.token = answer.json["access_token"]

    assert 201 == browser.post(KEYS, json=KEY).status_code
    assert_problem(browser.get(KEYS, headers={"Authorization": f"Bearer {older}"}), 401)
    assert 200 == elsewhere.get(KEYS).status_code
    assert 2 == len(browser.get("/api/v1/auth/sessions").json["items"])


def test_a_wrong_password_leaves_the_session_as_it_was() -> None:
    """Neither fresh nor ended."""
    browser = Browser(Role.RESIDENT)
    grow_old()
    guess = {"email": "resident@example.org", "password": "not the password"}

    assert_problem(browser.post("/api/v1/auth/login", json=guess, headers=browser.csrf()), 401)
    assert_problem(browser.post(KEYS, json=KEY), 403)
    assert 200 == browser.refresh().status_code


def test_a_sign_in_of_another_site_ends_no_session() -> None:
    """Without the twin the cookie is only a thing that browsers send along."""
    browser = Browser(Role.RESIDENT)
    older = browser.token
    browser.sign_in("resident@example.org")

    assert 200 == browser.get(KEYS, headers={"Authorization": f"Bearer {older}"}).status_code


def test_a_session_elsewhere_is_ended_by_a_fresh_sign_in_and_this_one_always() -> None:
    """Signing out is never refused."""
    elsewhere, browser = Browser(Role.RESIDENT), Browser()
    browser.sign_in("resident@example.org")
    grow_old()
    paths = {
        each["current"]: f"/api/v1/auth/sessions/{each['id']}"
        for each in browser.get("/api/v1/auth/sessions").json["items"]
    }

    assert_problem(browser.delete(paths[False]), 403)
    assert 200 == elsewhere.get(KEYS).status_code
    assert 204 == browser.delete(paths[True]).status_code
    assert 401 == browser.get(KEYS).status_code


def prove(browser: Browser, provider: Provider, subject: str) -> str:
    """Prove who somebody is by Google; returns where that ended."""
    url = browser.post(PROVE).json["url"]
    return str(come_back(browser, provider.consent(url, subject)).headers["Location"])


def knows_ada(provider: Provider, seconds_ago: int | None) -> None:
    """Let the provider say when Ada gave her password, or not say it."""
    said = None if seconds_ago is None else int(utcnow().timestamp()) - seconds_ago
    provider.knows("ada", **ADA, auth_time=said)


@pytest.mark.parametrize(("seconds_ago", "status"), [(5, 201), (3600, 403), (-3600, 403), (None, 403)])
def test_google_makes_fresh_what_it_says_it_asked_a_password_for(
    provider: Provider, seconds_ago: int | None, status: int
) -> None:
    """Long ago, in the future and unsaid are all not just now."""
    knows_ada(provider, seconds_ago)
    browser = Browser()
    sign_in(browser, provider, "ada")

    assert status == browser.post(KEYS, json=KEY).status_code


def test_who_has_only_google_proves_who_they_are_there(provider: Provider) -> None:
    """It is asked to ask for the password; the session is another one from then on."""
    knows_ada(provider, 3600)
    browser = Browser()
    sign_in(browser, provider, "ada")
    older = browser.token
    knows_ada(provider, 5)

    assert "/account?proven=google" == prove(browser, provider, "ada")
    browser.token = None
    browser.refresh()
    assert 201 == browser.post(KEYS, json=KEY).status_code
    assert 202 == browser.post("/api/v1/auth/erase", json={}).status_code
    assert_problem(browser.get(KEYS, headers={"Authorization": f"Bearer {older}"}), 401)
    assert [None, "0"] == [seen.get("max_age") for seen in provider.seen]
    assert all("auth_time" in seen["claims"] for seen in provider.seen)


@pytest.mark.parametrize("seconds_ago", [3600, -3600, None])
def test_a_proof_that_google_did_not_ask_for_is_none(provider: Provider, seconds_ago: int | None) -> None:
    """The wish for a password goes through the browser, where it can be struck out."""
    knows_ada(provider, seconds_ago)
    browser = Browser()
    sign_in(browser, provider, "ada")

    assert "/account?problem=google-not-fresh" == prove(browser, provider, "ada")
    assert 200 == browser.get(KEYS).status_code
    assert_problem(browser.post(KEYS, json=KEY), 403)


def test_another_google_account_proves_nothing(provider: Provider) -> None:
    """Neither one that is unknown, for which no account is opened, nor one that opens another account."""
    knows_ada(provider, 5)
    sign_in(Browser(), provider, "ada")
    provider.knows("eve", email="eve@example.org", email_verified=True, auth_time=int(utcnow().timestamp()))
    browser = resident("grace@example.org", STRONG)
    grow_old()

    assert {"/account?problem=google-other"} == {prove(browser, provider, who) for who in ("eve", "ada")}
    assert_problem(browser.post(KEYS, json=KEY), 403)
    with transaction() as tx:
        assert {ADDRESS, "grace@example.org"} == set(tx.scalars(text("SELECT email FROM users")))


def test_a_proof_begun_in_a_session_that_ended_is_none(provider: Provider) -> None:
    """Who signed out meanwhile is not signed in by it."""
    knows_ada(provider, 5)
    browser = Browser()
    sign_in(browser, provider, "ada")
    back = provider.consent(browser.post(PROVE).json["url"], "ada")
    browser.post("/api/v1/auth/logout", headers=browser.csrf())
    browser.token = None

    assert "/account?problem=google-failed" == come_back(browser, back).headers["Location"]
    assert browser.client.get_cookie("citypulse_refresh") is None


def test_an_answer_for_a_sign_in_proves_nothing(provider: Provider) -> None:
    """What was begun decides what it ends in: state and purpose wait in one signed cookie."""
    knows_ada(provider, 5)
    browser = Browser()
    sign_in(browser, provider, "ada")
    started = browser.get("/api/v1/auth/google").headers["Location"]
    browser.post(PROVE)

    back = provider.consent(started, "ada")

    assert CALLBACK == urlsplit(back).path
    assert "state" in parse_qs(urlsplit(back).query)
    assert "/account?problem=google-failed" == come_back(browser, back).headers["Location"]
