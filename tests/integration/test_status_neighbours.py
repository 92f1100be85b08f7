"""The status of the parts that are asked over the network, on disk and in the record of mails."""

import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import text

from shared.db import transaction
from shared.settings import get_settings
from tests.support.web import Browser
from web.told import ENGLISH

WORDS = Path(__file__).parents[2] / "web" / "frontend" / "src" / "i18n" / "en.pages.json"

pytestmark = pytest.mark.usefixtures("db")


def states(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, str]:
    """Return the state of every part as the status tells it in an environment."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    told = Browser().get("/api/v1/status").json
    return {part["name"]: part["state"] for part in told["components"]}


def test_the_edge_and_the_page_are_asked_over_the_network(
    monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer
) -> None:
    """An answer of 200 is well, another is not, and none at all is down."""
    httpserver.expect_request("/nginx_status").respond_with_data("Active connections: 1")
    httpserver.expect_request("/healthz").respond_with_data("no", status=500)
    base = httpserver.url_for("").rstrip("/")

    asked = states(monkeypatch, NGINX_STATUS_URL=f"{base}/nginx_status", FRONTEND_URL=f"{base}/healthz")
    assert ("ok", "degraded") == (asked["nginx"], asked["frontend"])
    gone = states(monkeypatch, NGINX_STATUS_URL="http://127.0.0.1:9/nginx_status")
    assert "down" == gone["nginx"]


def test_redis_that_is_gone_is_down_and_the_site_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is recorded without it, so the platform is degraded and no more."""
    app = Browser()
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    get_settings.cache_clear()
    told = app.get("/api/v1/status").json

    assert "degraded" == told["status"]
    assert "down" == next(part["state"] for part in told["components"] if part["name"] == "redis")
    assert "127.0.0.1" not in str(told["components"])


def test_files_that_cannot_be_written_are_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A disk that was mounted for reading only takes no photo."""
    monkeypatch.setattr("web.neighbours.os.access", lambda path, mode: False)

    assert "down" == states(monkeypatch, STORAGE_DIR=str(tmp_path))["storage"]


def test_a_mail_that_was_not_sent_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the last hour that failed makes mail degraded; one that was sent does not."""
    insert = text(
        "INSERT INTO deliveries (id, dedupe_key, template, to_address, context, state) "
        "VALUES (gen_random_uuid(), :key, 'verify_email', 'a@example.org', '{}', :state)"
    )
    with transaction() as tx:
        tx.execute(insert, {"key": "one", "state": "sent"})
    well = states(monkeypatch, SENDGRID_API_KEY="SG.x")["email"]
    with transaction() as tx:
        tx.execute(insert, {"key": "two", "state": "failed"})

    assert ("ok", "degraded") == (well, states(monkeypatch)["email"])


def test_what_is_told_of_a_part_can_be_said_in_any_language() -> None:
    """By a code, for which the page has words; the detail says the same in English."""
    parts = {part["name"]: part for part in Browser().get("/api/v1/status").json["components"]}

    assert [{"code": "no_worker", "values": {}}] == parts["queue:feeds"]["told"]
    assert "no worker serves it" == parts["queue:feeds"]["detail"]
    assert [{"code": "silent", "values": {"seconds": 30}}] == parts["beat"]["told"]
    assert "none seen for 30 s" == parts["beat"]["detail"]
    assert ENGLISH.keys() == {key.removesuffix("_one").removesuffix("_other") for key in page_words()["told"]}


def page_words() -> dict[str, dict[str, str]]:
    """Return the words of the page in English, by group."""
    words: dict[str, dict[str, str]] = json.loads(WORDS.read_text())
    return words
