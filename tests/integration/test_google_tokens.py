"""A provider that lies: every token but the right one is refused."""

import hmac
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pytest_httpserver import HTTPServer
from sqlalchemy import text

from shared.clock import utcnow
from shared.db import transaction
from shared.settings import get_settings
from tests.support.web import Browser
from web import google

pytestmark = pytest.mark.usefixtures("db")
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
STRANGE = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
CLIENT = "citypulse"


class Liar:
    """A provider whose token answer each test makes."""

    def __init__(self, server: HTTPServer) -> None:
        self.server = server
        self.url = server.url_for("").rstrip("/")
        server.expect_request("/discovery").respond_with_json(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )
        server.expect_request("/keys").respond_with_json({"keys": [KEY.as_dict(private=False)]})

    def claims(self, right_nonce: str, /, **changes: Any) -> dict[str, Any]:
        """Return the right claims, changed; none takes one away."""
        now = int(utcnow().timestamp())
        right = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": "ada",
            "exp": now + 300,
            "iat": now,
            "nonce": right_nonce,
            "email": "ada@example.org",
            "email_verified": True,
        }
        return {name: value for name, value in (right | changes).items() if value is not None}

    def answers(self, **token: Any) -> None:
        """Answer the trade of the code with this."""
        answer = {"access_token": "opaque", "token_type": "Bearer", "expires_in": 300} | token
        self.server.expect_request("/token").respond_with_json(answer)


def signed(claims: dict[str, Any], key: Any = KEY, algorithm: str = "RS256", kid: str = "one") -> str:
    """Return a signed token."""
    return jwt.encode({"alg": algorithm, "kid": kid}, claims, key, algorithms=[algorithm])


@pytest.fixture
def liar(httpserver: HTTPServer, settings: object, monkeypatch: pytest.MonkeyPatch) -> Liar:
    """A provider of this test alone."""
    made = Liar(httpserver)
    monkeypatch.setenv("GOOGLE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("GOOGLE_CLIENT_SECRET", "the secret of the client")
    monkeypatch.setenv("GOOGLE_DISCOVERY_URL", f"{made.url}/discovery")
    get_settings.cache_clear()
    google._made.cache_clear()
    return made


def begun(browser: Browser) -> tuple[str, str]:
    """Begin a sign-in; returns its state and nonce."""
    query = parse_qs(urlsplit(browser.get("/api/v1/auth/google").headers["Location"]).query)
    return query["state"][0], query["nonce"][0]


def ends_at(browser: Browser, state: str) -> str:
    """Come back with a code; returns where that leads."""
    answer = browser.get("/api/v1/auth/google/callback", query_string={"code": "c", "state": state})
    return str(answer.headers["Location"])


def people() -> int:
    """Count the accounts."""
    with transaction() as tx:
        return int(tx.execute(text("SELECT count(*) FROM users")).scalar_one())


def test_the_right_token_is_taken(liar: Liar) -> None:
    """Else the refusals below would prove nothing."""
    browser = Browser()
    state, nonce = begun(browser)
    liar.answers(id_token=signed(liar.claims(nonce)))

    assert "/" == ends_at(browser, state)
    assert 1 == people()


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another client"},
        {"aud": [CLIENT, "another client"], "azp": "another client"},
        {"aud": "another client", "azp": CLIENT},
        {"aud": None},
        {"iss": "https://accounts.google.com"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"iat": 4_102_444_800},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"nonce": None, "nonce_supported": False},
        {"sub": None},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_refused(liar: Liar, changes: dict[str, Any]) -> None:
    """However well it is signed."""
    browser = Browser()
    state, nonce = begun(browser)
    liar.answers(id_token=signed(liar.claims(nonce, **changes)))

    assert "/login?problem=google-failed" == ends_at(browser, state)
    assert 0 == people()


def _unsigned(claims: dict[str, Any]) -> str:
    head, body = _coded(b'{"alg":"none"}'), signed(claims).split(".")[1]
    return f"{head}.{body}."


def _by_the_public_key(claims: dict[str, Any]) -> str:
    """The classic: a library that takes the published key for a shared secret."""
    body = signed(claims).split(".")[1]
    head = _coded(b'{"alg":"HS256","kid":"one"}')
    signature = hmac.digest(KEY.as_pem(private=False), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{_coded(signature)}"


def _coded(value: bytes) -> str:
    return urlsafe_b64encode(value).rstrip(b"=").decode()


def _changed_after(claims: dict[str, Any]) -> str:
    head, _, signature = signed(claims).split(".")
    return ".".join([head, signed(claims | {"sub": "eve"}).split(".")[1], signature])


@pytest.mark.parametrize(
    "forge",
    [
        _unsigned,
        _by_the_public_key,
        _changed_after,
        lambda claims: signed(claims, STRANGE),
        lambda claims: signed(claims, STRANGE, kid="two"),
        lambda claims: signed(claims, RSAKey.import_key(KEY.as_pem(private=True)), "RS512"),
        lambda claims: "a.b.c",
        lambda claims: "",
        lambda claims: None,
        lambda claims: {"not": "text"},
    ],
    ids=[
        "no algorithm",
        "signed by the public key",
        "changed afterwards",
        "another key",
        "another key by another name",
        "another algorithm",
        "no token",
        "empty",
        "null",
        "no text",
    ],
)
def test_a_forged_token_is_refused(liar: Liar, forge: Any) -> None:
    """Only the provider's published keys sign, by the algorithms it names."""
    browser = Browser()
    state, nonce = begun(browser)
    liar.answers(id_token=forge(liar.claims(nonce)))

    assert "/login?problem=google-failed" == ends_at(browser, state)
    assert 0 == people()


@pytest.mark.parametrize(
    ("body", "status"),
    [("{}", 200), ("[]", 200), ("no json", 200), ('{"error": "invalid_grant"}', 400), ("", 500)],
)
def test_an_answer_that_holds_no_token_is_refused(liar: Liar, body: str, status: int) -> None:
    """Whatever the provider breaks, the person is told in words, and nothing breaks here."""
    browser = Browser()
    state, _ = begun(browser)
    liar.server.expect_request("/token").respond_with_data(
        body, status=status, content_type="application/json"
    )

    assert "/login?problem=google-failed" == ends_at(browser, state)
    assert 0 == people()


def test_a_new_key_of_the_provider_is_fetched(liar: Liar) -> None:
    """Google changes its keys every few days; nobody restarts anything."""
    browser = Browser()
    state, nonce = begun(browser)
    liar.answers(id_token=signed(liar.claims(nonce)))
    ends_at(browser, state)
    liar.server.clear()
    fresh = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
    liar.server.expect_request("/keys").respond_with_json({"keys": [fresh.as_dict(private=False)]})
    again = Browser()
    state, nonce = begun(again)
    liar.answers(id_token=signed(liar.claims(nonce), fresh, kid="two"))

    assert "/" == ends_at(again, state)
    assert 1 == people()


def test_a_discovery_that_is_no_document_is_a_problem_of_the_sign_in(liar: Liar) -> None:
    """Not a failure of ours."""
    liar.server.clear()
    liar.server.expect_request("/discovery").respond_with_json([])

    answer = Browser().get("/api/v1/auth/google")

    assert "/login?problem=google-failed" == answer.headers["Location"]
