"""Secrets stay where they belong: not in answers, not in the log, not in errors."""

import logging
import re
from uuid import uuid4

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from deploy.local.testing import ROOT
from shared.accounts.rules import Role
from shared.db import transaction
from shared.feeds.previews import keep_preview, read_preview
from shared.hidden import MASK, _of_settings, without_secrets
from shared.jobs.enqueue import enqueue
from shared.settings import Settings
from shared.trace import tracing
from tasks.feeds.connector import Malformed, Rejected
from tests.security.conftest import Tries
from tests.support.feed_runs import Given, add_given, run_given
from tests.support.teller import Blab
from tests.support.web import PASSWORD, Browser, app, logged

log_of_ours = logging.getLogger("test.traces")
_TRACE = re.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_TRACE_ID = re.compile("[0-9a-f]{32}")
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


def test_a_feeds_key_that_its_publisher_says_back_is_kept_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """In an error, in a record that is set aside, in a preview: an archive alone holds what was sent."""
    monkeypatch.setattr("shared.hidden._of_settings", lambda: ("canary-key",))
    feed = add_given()
    echoed = Rejected(
        record="x#0", reason="bad_time", detail="canary-key", excerpt='{"next": "?k=canary-key"}'
    )
    run_given(feed, Given([echoed]))
    run_given(feed, Given(Malformed("markup: 'canary-key is wrong'")))
    keep_preview(feed, {"error": "canary-key", "records": [{"url": "https://x.example/?key=canary-key"}]})

    staff = Browser(Role.OPS)
    told = [staff.get(f"/api/v1/feeds/{feed}/{of}").get_data(as_text=True) for of in ("runs", "rejects")]
    told += [str(read_preview(feed))]
    assert [True] * 3 == [MASK in each for each in told]
    assert "canary" not in "".join(told)


def test_a_key_in_the_settings_is_known_to_be_one(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """Those that feeds name in their options too."""
    named = settings.model_copy(update={"feeds_secrets": {"openaq": SecretStr("canary-of-openaq")}})
    monkeypatch.setattr("shared.hidden.get_settings", lambda: named)
    monkeypatch.setattr("shared.hidden._of_settings", _of_settings.__wrapped__)

    assert MASK == without_secrets("canary-of-openaq")


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


@pytest.mark.row(13)
def test_a_trace_is_two_numbers_and_nothing_that_was_said(tries: Tries) -> None:
    """What follows a request to its job is an id: in answers, in the job's row, on its page and in the log."""
    canaries = [f"canary-{number:02}-{uuid4().hex}" for number in range(20)]
    admin, answers, jobs = Browser(Role.ADMIN), [], []
    with logged() as log:
        for word in canaries:
            carried = {
                "traceparent": f"00-{word}-01",
                "tracestate": f"city={word}",
                "baggage": f"name={word}",
            }
            answers.append(Browser().get("/api/v1/cities", headers=carried))
            with tracing(answers[-1].headers["traceparent"]), transaction() as tx:
                jobs.append(enqueue(tx, Blab(word=word)).id)
                log_of_ours.info("a job is waiting")
    with transaction() as tx:
        kept = tx.scalars(text("SELECT traceparent FROM jobs WHERE kind = 'test.blab'")).all()
    shown = [admin.get(f"/api/v1/jobs/{job}").json["trace_id"] for job in jobs]
    lines = [orjson.loads(line)["trace_id"] for line in log.getvalue().splitlines()]

    assert (20, 20, 40) == (len(kept), len(shown), len(lines))
    for trace in (*kept, *(answer.headers["traceparent"] for answer in answers)):
        tries(f"the trace {trace}", _TRACE.fullmatch(trace) is not None)
    for trace in (*shown, *lines):
        tries(f"the trace {trace}", _TRACE_ID.fullmatch(trace) is not None)
    for word, answer in zip(canaries, answers, strict=True):
        told = f"{answer.headers}{answer.get_data(as_text=True)}{log.getvalue()}{kept}"
        tries(f"{word} in a trace", word not in told)


@pytest.mark.row(13)
def test_nothing_sends_traces_away(tries: Tries) -> None:
    """Spans would carry statements and arguments to somebody else: no package here makes any."""
    locked = (ROOT / "requirements" / "base.txt").read_text().lower()

    for name in ("opentelemetry", "sentry", "ddtrace", "newrelic", "elastic-apm", "jaeger", "zipkin"):
        tries(name, re.search(rf"^{name}", locked, re.MULTILINE) is None)
