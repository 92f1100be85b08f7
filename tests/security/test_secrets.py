"""Secrets stay where they belong: not in answers, not in the log, not in errors."""

import pytest

from shared.accounts.rules import Role
from shared.settings import Settings
from tests.support.web import PASSWORD, Browser, app, logged

pytestmark = pytest.mark.usefixtures("db")


def test_no_secret_of_a_session_reaches_the_log() -> None:
    """Neither a password nor a token nor an address, whether it was right or wrong."""
    with logged() as log:
        browser = Browser(Role.RESIDENT)
        browser.sign_in("resident@example.org", "canary-wrong-password")
        browser.refresh()
        browser.get("/api/v1/auth/me?token=canary-in-the-address")
        browser.get("/api/v1/auth/me", headers={"Authorization": "Bearer canary.in.header"})
        browser.post("/api/v1/auth/login", data=b'{"email": "canary-in-json', content_type="application/json")
        refresh = browser.client.get_cookie("citypulse_refresh")

    written = log.getvalue()
    assert written
    assert refresh
    canaries = [PASSWORD, browser.token or "none", refresh.value, "canary", "resident@example.org"]
    assert [] == [canary for canary in canaries if canary in written]


def test_a_refused_field_is_named_and_not_repeated() -> None:
    """An answer that quotes what was sent can be made to carry anything."""
    answer = Browser().post(
        "/api/v1/auth/login", json={"email": "<script>canary</script>" * 50, "password": "canary"}
    )

    assert 422 == answer.status_code
    assert "canary" not in answer.get_data(as_text=True)


def test_the_platforms_own_secrets_are_in_no_answer(settings: Settings) -> None:
    """Not in the status, the settings of the page, the document or the health."""
    secrets = [settings.jwt_secret.get_secret_value(), settings.database_url.split("@")[0].split(":")[-1]]
    answers = [
        app().test_client().get(path).get_data(as_text=True)
        for path in (
            "/api/v1/status",
            "/config.json",
            "/api/openapi.json",
            "/health",
            "/health/ready",
            "/nothing",
        )
    ]

    assert [] == [secret for secret in secrets for answer in answers if secret in answer]


@pytest.mark.parametrize("header", ["X-Request-ID", "User-Agent", "traceparent"])
def test_a_header_cannot_forge_a_line_of_the_log(header: str) -> None:
    """Whatever it holds, one request is one line."""
    with logged() as log:
        Browser().get("/api/v1/cities", headers={header: 'x\x1b[31m{"event": "forged"}' + "y" * 5000})

    lines = log.getvalue().splitlines()
    assert 1 == len(lines)
    assert "forged" not in lines[0]
    assert "\x1b" not in lines[0]
