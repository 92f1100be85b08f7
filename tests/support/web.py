"""Ask the API as a browser does, over Flask's own client, on a real database."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from io import StringIO
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text
from structlog.stdlib import ProcessorFormatter
from werkzeug.test import TestResponse

from shared.accounts.rules import Role
from shared.accounts.service import ensure_user
from shared.db import transaction
from shared.settings import Settings
from tests.conftest import SECRET
from web.app import create_app
from web.limits import limiter_of
from web.openapi import Api

PASSWORD = "a long enough password"
PROBLEM = "application/problem+json"

_CITY = text("""
INSERT INTO cities (slug, name, timezone, config) VALUES (:slug, :name, 'Europe/London', CAST(:config AS jsonb))
""")
CONFIG = """{"bounds": [-0.51, 51.28, 0.33, 51.69], "center": [-0.11, 51.51], "zoom": 10, "locale": "en-GB",
 "reference_prefix": "LDN", "attribution": [{"text": "Open data", "url": null}], "basemap": true,
 "categories": [{"code": "pothole", "name": "Pothole", "description": "A hole in the road."}]}"""


@cache
def app() -> Api:
    """
    Return the application; it reads the settings anew at each request, so tests can share it.

    Nobody is counted in it: what one test asks must not be held against the next.
    """
    made = create_app(
        Settings(citypulse_env="test", jwt_secret=SecretStr(SECRET), metrics_token=SecretStr(SECRET))
    )
    limiter_of(made).enabled = False
    return made


def add_city(slug: str = "london", name: str = "London") -> None:
    """Put a city there."""
    with transaction() as tx:
        tx.execute(_CITY, {"slug": slug, "name": name, "config": CONFIG})


def add_user(role: Role, email: str | None = None) -> str:
    """Put an account there; returns its address."""
    address = email or f"{role}@example.org"
    with transaction() as tx:
        ensure_user(tx, address, PASSWORD, role)
    return address


class Browser:
    """One browser: its cookies, and the access token that its page holds in memory."""

    def __init__(self, role: Role | None = None, *, email: str | None = None) -> None:
        self.client = app().test_client()
        self.token: str | None = None
        if role is not None:
            self.sign_in(add_user(role, email))

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        """Sign in and keep the token."""
        answer = self.post("/api/v1/auth/login", json={"email": email, "password": password})
        if answer.status_code == 200:
            self.token = answer.json["access_token"]
        return answer

    def refresh(self) -> TestResponse:
        """Trade the refresh cookie, with its CSRF twin as the page sends it."""
        answer = self.post("/api/v1/auth/refresh", headers=self.csrf())
        if answer.status_code == 200:
            self.token = answer.json["access_token"]
        return answer

    def csrf(self) -> dict[str, str]:
        """Return the header that proves the cookie's page sent this."""
        cookie = self.client.get_cookie("csrf_refresh_token")
        return {"X-CSRF-TOKEN": cookie.value} if cookie else {}

    def get(self, path: str, **rest: Any) -> TestResponse:
        """Read."""
        return self._open("GET", path, rest)

    def post(self, path: str, **rest: Any) -> TestResponse:
        """Send."""
        return self._open("POST", path, rest)

    def patch(self, path: str, **rest: Any) -> TestResponse:
        """Change."""
        return self._open("PATCH", path, rest)

    def delete(self, path: str, **rest: Any) -> TestResponse:
        """Remove."""
        return self._open("DELETE", path, rest)

    def _open(self, method: str, path: str, rest: dict[str, Any]) -> TestResponse:
        headers = dict(rest.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.client.open(path, method=method, headers=headers, buffered=True, **rest)


def assert_problem(answer: TestResponse, status: int, *fields: str) -> dict[str, Any]:
    """Check that an answer is a problem of this status, that names these fields."""
    assert (status, PROBLEM) == (answer.status_code, answer.mimetype), answer.get_data(as_text=True)[:500]
    body: dict[str, Any] = answer.get_json()
    assert status == body["status"]
    assert answer.headers["X-Request-ID"] == body["request_id"]
    assert list(fields) == [error["field"] for error in body.get("errors", [])]
    return body


@contextmanager
def logged() -> Iterator[StringIO]:
    """Give the lines that the platform's own log handler writes inside the block."""
    app()
    ours = next(
        each for each in logging.getLogger().handlers if isinstance(each.formatter, ProcessorFormatter)
    )
    assert isinstance(ours, logging.StreamHandler)
    lines = StringIO()
    before = ours.setStream(lines)
    try:
        yield lines
    finally:
        ours.setStream(before)
