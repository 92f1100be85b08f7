"""Signing in with Google, against a real OpenID provider on this machine."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import text
from werkzeug.test import TestResponse

from shared.accounts.rules import Role
from shared.db import transaction
from shared.settings import get_settings
from tests.support.accounts import ADDRESS, STRONG, mailed_token, register, resident, subjects
from tests.support.openid import Provider, running_provider
from tests.support.web import PASSWORD, Browser, add_user, assert_problem
from web.google import safe_path

pytestmark = pytest.mark.usefixtures("db")
CALLBACK = "/api/v1/auth/google/callback"
ADA = {"email": ADDRESS, "email_verified": True, "name": "Ada Lovelace", "locale": "fr-CA"}


@pytest.fixture(scope="module")
def provider_url() -> Iterator[str]:
    """The address of the provider; what it is told stays in this module."""
    with running_provider() as url:
        yield url


@pytest.fixture
def provider(provider_url: str, settings: object, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """A provider at which this site has a client."""
    made = Provider(provider_url)
    monkeypatch.setenv("GOOGLE_CLIENT_ID", "citypulse")
    monkeypatch.setenv("GOOGLE_CLIENT_SECRET", "the secret of the client")
    monkeypatch.setenv("GOOGLE_DISCOVERY_URL", made.discovery_url)
    get_settings.cache_clear()
    return made


def begin(browser: Browser, **query: str) -> str:
    """Begin to sign in; returns the provider's address."""
    answer = browser.get("/api/v1/auth/google", query_string=query)
    assert 302 == answer.status_code, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def come_back(browser: Browser, address: str) -> TestResponse:
    """Follow the provider back."""
    parts = urlsplit(address)
    assert CALLBACK == parts.path
    return browser.get(f"{parts.path}?{parts.query}")


def sign_in(browser: Browser, provider: Provider, subject: str, **query: str) -> TestResponse:
    """Do the whole round; returns where it ended."""
    answer = come_back(browser, provider.consent(begin(browser, **query), subject))
    if browser.client.get_cookie("citypulse_refresh") is not None:
        browser.refresh()
    return answer


def count(table: str) -> int:
    """Count rows."""
    with transaction() as tx:
        return int(tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_somebody_new_gets_an_account_and_goes_where_they_were(provider: Provider) -> None:
    """No password, the address as the provider verified it, and their own language."""
    provider.knows("ada", **ADA)
    browser = Browser()

    answer = sign_in(browser, provider, "ada", next="/reports/new?city=london")

    assert "/reports/new?city=london" == answer.headers["Location"]
    me = browser.get("/api/v1/auth/me").json
    assert (ADDRESS, "Ada Lovelace", "fr", False, "resident") == tuple(
        me[name] for name in ("email", "name", "language", "has_password", "role")
    )
    assert [("google", ADDRESS)] == [
        (each["provider"], each["email"]) for each in browser.get("/api/v1/auth/identities").json["items"]
    ]


def test_the_same_person_comes_back_to_the_same_account_whatever_their_address(provider: Provider) -> None:
    """Issuer and subject are the key."""
    provider.knows("ada", **ADA)
    first = Browser()
    sign_in(first, provider, "ada")
    provider.knows("ada", **{**ADA, "email": "lovelace@example.org"})
    second = Browser()

    sign_in(second, provider, "ada")

    assert first.get("/api/v1/auth/me").json == second.get("/api/v1/auth/me").json
    assert 1 == count("users")


def test_pkce_state_and_nonce_go_out_new_each_time(provider: Provider) -> None:
    """The challenge is S256 of a verifier that only the browser's own cookie knows."""
    provider.knows("ada", **ADA)
    for _ in range(2):
        sign_in(Browser(), provider, "ada")
    one, two = provider.seen

    assert {"S256"} == {one["code_challenge_method"], two["code_challenge_method"]}
    assert "code" == one["response_type"]
    assert {"openid", "email", "profile"} == set(one["scope"].split())
    assert f"http://127.0.0.1:8000{CALLBACK}" == one["redirect_uri"]
    for name in ("state", "nonce", "code_challenge"):
        assert len(one[name]) >= 20
        assert one[name] != two[name]


def test_the_verifier_is_sent_with_the_code(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a stolen code is worth nothing."""
    provider.knows("ada", **ADA)
    sent: list[str] = []
    send = requests.Session.send

    def spy(self: requests.Session, asked: requests.PreparedRequest, **rest: Any) -> requests.Response:
        if asked.url and asked.url.endswith("/oauth2/token"):
            sent.append(str(asked.body))
        return send(self, asked, **rest)

    monkeypatch.setattr(requests.Session, "send", spy)
    sign_in(Browser(), provider, "ada")

    verifier = parse_qs(sent[0])["code_verifier"][0]
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert provider.seen[0]["code_challenge"] == challenge


def test_the_cookie_is_read_by_no_script_and_goes_when_it_was_used(provider: Provider) -> None:
    """It must be Lax: the way back is a link on another site."""
    provider.knows("ada", **ADA)
    browser = Browser()

    gone = browser.get("/api/v1/auth/google").headers["Set-Cookie"]
    sign_in(browser, provider, "ada")

    assert all(word in gone for word in ("citypulse_google=", "HttpOnly", "SameSite=Lax", "Max-Age=600"))
    assert browser.client.get_cookie("citypulse_google") is None


def test_an_address_that_has_an_account_opens_nothing(provider: Provider) -> None:
    """Its owner signs in as ever, and links the two: asked, not assumed."""
    add_user(Role.STAFF, ADDRESS)
    provider.knows("ada", **ADA)
    browser = Browser()

    answer = sign_in(browser, provider, "ada")

    assert "/login?problem=account-exists" == answer.headers["Location"]
    assert browser.client.get_cookie("citypulse_refresh") is None
    assert 0 == count("identities")


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_the_provider_did_not_verify_opens_nothing(provider: Provider, verified: object) -> None:
    """Only a plain yes is one."""
    provider.knows("eve", **{**ADA, "email_verified": verified})

    answer = sign_in(Browser(), provider, "eve")

    assert "/login?problem=google-unverified" == answer.headers["Location"]
    assert 0 == count("users")


def test_an_account_nobody_confirmed_is_taken_over_without_its_password(provider: Provider) -> None:
    """Whoever registered a stranger's address gains nothing, by password or by link."""
    register(ADDRESS, STRONG)
    token = mailed_token()
    provider.knows("ada", **ADA)
    browser = Browser()

    sign_in(browser, provider, "ada")

    assert browser.get("/api/v1/auth/me").json["has_password"] is False
    assert 401 == Browser().sign_in(ADDRESS, STRONG).status_code
    assert 400 == Browser().post("/api/v1/auth/verify-email", json={"token": token}).status_code


def test_a_disabled_account_is_not_opened(provider: Provider) -> None:
    """Nor is there a second one."""
    provider.knows("ada", **ADA)
    sign_in(Browser(), provider, "ada")
    with transaction() as tx:
        tx.execute(text("UPDATE users SET disabled_at = now()"))

    answer = sign_in(Browser(), provider, "ada")

    assert "/login?problem=google-failed" == answer.headers["Location"]


def _other_state(_: Browser, address: str) -> str:
    return address.replace("state=", "state=x")


def _no_state(_: Browser, address: str) -> str:
    return address.replace("state=", "was=")


def _no_code(_: Browser, address: str) -> str:
    return address.replace("code=", "was=")


def _other_code(_: Browser, address: str) -> str:
    return address.replace("code=", "code=x")


def _denied(_: Browser, address: str) -> str:
    return f"{address}&error=access_denied&error_description=<script>"


def _other_issuer(_: Browser, address: str) -> str:
    return f"{address}&iss=https://evil.example"


def _no_cookie(browser: Browser, address: str) -> str:
    browser.client.delete_cookie("citypulse_google")
    return address


def _changed_cookie(browser: Browser, address: str) -> str:
    cookie = browser.client.get_cookie("citypulse_google")
    assert cookie
    browser.client.set_cookie("citypulse_google", "x" + cookie.value)
    return address


def _begun_anew(browser: Browser, address: str) -> str:
    begin(browser)
    return address


@pytest.mark.parametrize(
    "spoil",
    [
        _other_state,
        _no_state,
        _no_code,
        _other_code,
        _denied,
        _other_issuer,
        _no_cookie,
        _changed_cookie,
        _begun_anew,
    ],
)
def test_a_way_back_that_was_tampered_with_leads_to_the_sign_in(provider: Provider, spoil: Any) -> None:
    """One word about it, no account, no session."""
    provider.knows("ada", **ADA)
    browser = Browser()
    address = provider.consent(begin(browser), "ada")

    answer = come_back(browser, spoil(browser, address))

    assert (302, "/login?problem=google-failed") == (answer.status_code, answer.headers["Location"])
    assert browser.client.get_cookie("citypulse_refresh") is None
    assert 0 == count("users")


def test_a_way_back_is_good_once_and_in_one_browser(provider: Provider) -> None:
    """Neither another browser nor the same one again comes in by it."""
    provider.knows("ada", **ADA)
    browser, thief = Browser(), Browser()
    address = provider.consent(begin(browser), "ada")
    begin(thief)
    cookie = browser.client.get_cookie("citypulse_google")
    assert cookie

    assert "/login?problem=google-failed" == come_back(thief, address).headers["Location"]
    assert "/" == come_back(browser, address).headers["Location"]
    browser.client.set_cookie("citypulse_google", cookie.value)
    assert "/login?problem=google-failed" == come_back(browser, address).headers["Location"]


def test_a_token_for_another_sign_in_is_refused(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nonce in the token must be the one this browser sent."""
    provider.knows("ada", **ADA)
    browser = Browser()
    url = begin(browser)
    nonce = parse_qs(urlsplit(url).query)["nonce"][0]

    answer = come_back(browser, provider.consent(url.replace(nonce, "another"), "ada"))

    assert "/login?problem=google-failed" == answer.headers["Location"]


def test_a_provider_that_is_away_is_told_as_a_problem_of_the_sign_in(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who links hears that another try makes sense."""
    monkeypatch.setenv("GOOGLE_DISCOVERY_URL", "http://127.0.0.1:1/.well-known/openid-configuration")
    get_settings.cache_clear()

    answer = Browser().get("/api/v1/auth/google")

    assert "/login?problem=google-failed" == answer.headers["Location"]
    assert_problem(Browser(Role.RESIDENT).post("/api/v1/auth/google/link"), 503)


def link(browser: Browser, provider: Provider, subject: str) -> TestResponse:
    """Link what the provider knows to the account that is signed in."""
    answer = browser.post("/api/v1/auth/google/link")
    assert 200 == answer.status_code
    return come_back(browser, provider.consent(answer.json["url"], subject))


def test_who_is_signed_in_links_and_then_comes_in_either_way(provider: Provider) -> None:
    """The two addresses need not be one, and a mail tells of it."""
    browser = resident()
    provider.knows("work", email="ada@work.example", email_verified=True)

    answer = link(browser, provider, "work")
    again = Browser()
    sign_in(again, provider, "work")

    assert "/account?linked=google" == answer.headers["Location"]
    assert ADDRESS == again.get("/api/v1/auth/me").json["email"]
    assert 200 == Browser().sign_in(ADDRESS, STRONG).status_code
    assert "Google now signs in to your CityPulse account" == subjects()[-1]


def test_what_opens_another_account_cannot_be_linked(provider: Provider) -> None:
    """Told on the account's page; linked twice by its owner is linked."""
    provider.knows("ada", **ADA)
    owner = Browser()
    sign_in(owner, provider, "ada")
    other = Browser(Role.STAFF)

    assert "/account?problem=account-exists" == link(other, provider, "ada").headers["Location"]
    assert "/account?linked=google" == link(owner, provider, "ada").headers["Location"]
    assert 1 == count("identities")


def test_a_link_begun_in_a_session_that_ended_is_not_made(provider: Provider) -> None:
    """Who signs out in between has changed their mind."""
    browser = resident()
    provider.knows("work", email="ada@work.example", email_verified=True)
    url = browser.post("/api/v1/auth/google/link").json["url"]
    browser.post("/api/v1/auth/logout", headers=browser.csrf())
    browser.token = None

    answer = come_back(browser, provider.consent(url, "work"))

    assert "/account?problem=google-failed" == answer.headers["Location"]
    assert 0 == count("identities")


def test_the_only_way_in_stays(provider: Provider) -> None:
    """A second one, or a password, lets it go; another's is not there."""
    provider.knows("ada", **ADA)
    browser = Browser()
    sign_in(browser, provider, "ada")
    path = f"/api/v1/auth/identities/{browser.get('/api/v1/auth/identities').json['items'][0]['id']}"

    assert_problem(browser.delete(path), 409)
    assert_problem(Browser(Role.STAFF).delete(path), 404)
    browser.post("/api/v1/auth/password-reset", json={"email": ADDRESS})
    token = mailed_token()
    assert (
        204
        == Browser()
        .post("/api/v1/auth/password-reset/confirm", json={"token": token, "password": STRONG})
        .status_code
    )
    browser.token = None
    browser.sign_in(ADDRESS, STRONG)
    assert 204 == browser.delete(path).status_code
    assert [] == browser.get("/api/v1/auth/identities").json["items"]


def test_without_a_client_there_is_no_such_way() -> None:
    """404, and the page shows no button."""
    assert_problem(Browser().get("/api/v1/auth/google"), 404)
    assert_problem(Browser().get(CALLBACK), 404)
    assert_problem(Browser(Role.RESIDENT).post("/api/v1/auth/google/link"), 404)
    assert Browser().get("/config.json").json["google"] is False


def test_with_a_client_the_page_is_told(provider: Provider) -> None:
    """By config.json."""
    assert Browser().get("/config.json").json["google"] is True


@pytest.mark.parametrize("path", ["/", "/reports/1?a=b#c", "/account?linked=google", "/%2f%2fevil.example"])
def test_a_path_of_this_site_is_gone_to(path: str) -> None:
    """As it was given."""
    assert path == safe_path(path)


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "reports",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "/a\r\nSet-Cookie: x=y",
        "/a b",
        " /a",
        "/é",
        "/" + "a" * 500,
        "/a\\..\\b",
    ],
)
def test_what_could_lead_elsewhere_becomes_the_start(path: str | None) -> None:
    """No open redirect."""
    assert "/" == safe_path(path)


def test_the_password_of_an_account_stays_after_linking(provider: Provider) -> None:
    """A link adds a way in and takes none."""
    browser = Browser(Role.STAFF)
    provider.knows("s", email="s@example.org", email_verified=True)
    link(browser, provider, "s")

    assert 200 == Browser().sign_in("staff@example.org", PASSWORD).status_code
