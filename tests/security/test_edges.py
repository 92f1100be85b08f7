"""The walls of the house: what is reached from outside, who is believed, and with which defaults it starts."""

import base64
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from pydantic import SecretStr, ValidationError
from sqlalchemy import text

from deploy.local.processes import Program, free_port, spawn, stop, wait_until
from deploy.local.testing import ROOT
from shared.accounts.rules import Role
from shared.clock import utcnow
from shared.db import transaction
from shared.messages import RunFeed
from shared.settings import Settings, get_settings
from tests.conftest import SECRET
from tests.integration.test_email_webhook import public_key, signed
from tests.security.conftest import Tries
from tests.support.jobs import run_job
from tests.support.web import Browser, add_city, app
from web.app import create_app

HOOK = "/api/v1/hooks/sendgrid"
GOOD = {"jwt_secret": SecretStr("a" * 16 + "b" * 24), "metrics_token": SecretStr("c" * 40)}
PRIVATE = [
    "http://127.0.0.1:6379/", "http://[::1]:5432/", "http://169.254.169.254/latest/", "http://0x7f.1/",
    "http://2130706433/", "file:///etc/passwd", "gopher://x/", "http://user@10.0.0.1/", "ftp://example.org/", "//x",
]  # fmt: skip


@pytest.mark.row(7)
@pytest.mark.usefixtures("db")
def test_no_feed_is_added_that_points_inside_and_can_be_fetched(tries: Tries) -> None:
    """Refused when it is added, or by the fetch: no row of a run ever holds an answer from inside."""
    add_city()
    admin = Browser(Role.ADMIN)
    for url in PRIVATE:
        body = {"city": "london", "kind": "gbfs", "url": url, "interval_seconds": 60}
        answer = admin.post("/api/v1/feeds", json=body)
        if answer.status_code == 422:
            tries(url, True)
            continue
        state = run_job(RunFeed(feed_id=answer.json["id"]))
        with transaction() as tx:
            run = tx.execute(text("SELECT state, error FROM feed_runs ORDER BY id DESC LIMIT 1")).one()
        tries(f"{url}: {state} {run}", run.state == "failed" and "address refused" in run.error)
        assert 202 == admin.delete(f"/api/v1/feeds/{answer.json['id']}").status_code


@pytest.mark.row(8)
@pytest.mark.usefixtures("db")
def test_only_what_the_provider_signed_is_taken(monkeypatch: pytest.MonkeyPatch, tries: Tries) -> None:
    """Over HTTP, byte for byte; the same call twice counts once."""
    monkeypatch.setenv("SENDGRID_WEBHOOK_PUBLIC_KEY", public_key())
    get_settings.cache_clear()
    body = b'[{"event":"bounce","email":"ann@example.org","sg_event_id":"e1","timestamp":1}]'
    signature, timestamp = signed(body, utcnow())

    def call(sent: bytes, **headers: str) -> int:
        names = {name: f"X-Twilio-Email-Event-Webhook-{name}" for name in ("Signature", "Timestamp")}
        told = {names[name]: value for name, value in headers.items()}
        return app().test_client().post(HOOK, data=sent, headers=told).status_code

    good = {"Signature": signature, "Timestamp": timestamp}
    tries("nothing signed", call(body) == 403)
    tries("no time", call(body, Signature=signature) == 403)
    tries("an empty signature", call(body, Signature="", Timestamp=timestamp) == 403)
    tries("zeroes", call(body, Signature=base64.b64encode(bytes(64)).decode(), Timestamp=timestamp) == 403)
    tries("one byte more", call(body + b" ", **good) == 403)
    tries("another time", call(body, Signature=signature, Timestamp=str(int(timestamp) - 1)) == 403)
    tries("no number for a time", call(body, Signature=signature, Timestamp="now") == 403)
    tries("a body of 6 MB", call(b" " * 6_000_000, **good) == 413)
    assert [204, 204] == [call(body, **good), call(body, **good)]
    with transaction() as tx:
        assert 1 == tx.execute(text("SELECT count(*) FROM email_events")).scalar_one()


@pytest.mark.row(13)
@pytest.mark.parametrize("name", ["jwt_secret", "metrics_token"])
def test_production_starts_on_no_default_and_no_weak_secret(name: str, tries: Tries) -> None:
    """Missing, short, or the example's: refused, and the value is not in the complaint."""
    for value in (
        "",
        "tiny7",
        "x" * 31,
        "change-me-" + "x" * 40,
        "secret" * 8,
        "this-is-the-example-value" * 2,
    ):
        told = ""
        try:
            Settings(citypulse_env="production", **{**GOOD, name: SecretStr(value)})  # type: ignore[arg-type]  # by name
        except ValidationError as error:
            told = str(error)
        tries(f"{name}={value}", name.upper() in told and (not value or value not in told))
    assert Settings(citypulse_env="production", **GOOD)  # type: ignore[arg-type]  # as above


@pytest.mark.row(15)
def test_production_opens_two_ports_to_the_world(tries: Tries) -> None:
    """nginx's; everything else listens on loopback or inside the stack's own network."""
    services = yaml.safe_load((ROOT / "deploy" / "docker-compose.prod.yml").read_text())["services"]
    for name, service in services.items():
        for port in service.get("ports", []):
            is_nginx = name == "nginx" and str(port).endswith((":80", ":443"))
            tries(f"{name} {port}", is_nginx or str(port).startswith("127.0.0.1:"))
        tries(
            f"{name} is no administrator",
            not service.get("privileged") and service.get("network_mode") != "host",
        )


@pytest.mark.row(15)
def test_flower_is_never_open_and_changes_nothing(tries: Tries) -> None:
    """Without a password it refuses to start; it listens here only and is read-only."""
    code = "import workers.flowerconfig as f; print(f.address, f.read_only)"
    run = lambda **env: subprocess.run(  # noqa: E731 - twice the same call
        [sys.executable, "-c", code],
        env={"PATH": os.environ["PATH"], **env},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    tries("no password", run().returncode != 0)
    tries("an empty password", run(FLOWER_BASIC_AUTH=",").returncode != 0)
    assert ["127.0.0.1", "True"] == run(FLOWER_BASIC_AUTH="ops:word").stdout.split()


@pytest.mark.row(15)
@pytest.mark.usefixtures("db")
def test_nothing_of_the_workshop_is_served(tries: Tries) -> None:
    """No debugger, no source, no settings, no dump; metrics need their token, debug is off."""
    made = create_app(Settings(citypulse_env="production", **GOOD))  # type: ignore[arg-type]  # by name
    client = made.test_client()
    for path in (
        "/metrics", "/console", "/debug", "/.env", "/.git/config", "/server-status", "/actuator/env", "/flower",
        "/static/app.py", "/web/app.py", "/api/v1/mailbox", "/api/v1/jobs", "/../requirements/base.txt", "/phpinfo.php",
    ):  # fmt: skip
        status = client.get(path).status_code
        tries(f"{path}: {status}", status in {401, 404})
    assert not made.debug
    assert not made.testing


@pytest.mark.row(16)
@pytest.mark.usefixtures("db")
def test_what_is_personal_is_kept_by_nobody_on_the_way(tries: Tries) -> None:
    """Neither by a browser nor by a cache; what a link's token opens is as personal as what a sign-in opens."""
    add_city()
    form = {"city": "london", "category": "pothole", "lon": "-0.1", "lat": "51.5", "description": "Hole."}
    filed = Browser().post("/api/v1/reports", data=form, content_type="multipart/form-data").json
    report = f"/api/v1/reports/{filed['id']}"
    browser = Browser(Role.ADMIN)
    for answer in (
        Browser().get(f"{report}?t={filed['token']}"),
        Browser().get(f"{report}?t=guessed"),
        browser.get(report),
        browser.get("/api/v1/auth/me"),
        browser.get("/api/v1/jobs"),
        browser.refresh(),
    ):
        said = answer.headers["Cache-Control"]
        tries(f"{answer.request.path} {said}", "no-store" in said)
    open_to_all = Browser().get("/api/v1/cities").headers
    tries("Vary", "Authorization" in open_to_all["Vary"] and "public" not in open_to_all["Cache-Control"])


@pytest.fixture
def gunicorn(settings: Settings, tmp_path: Path) -> Iterator[int]:
    """The web server of production on loopback, one process."""
    port = free_port()
    environment = {**os.environ, "WEB_BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1", "WEB_THREADS": "4"}
    command = (sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn/web.conf.py", "web.wsgi:app")
    program = Program("web", command, tmp_path / "web.log", environment, ROOT)
    process = spawn(program)
    try:
        wait_until(lambda: _ask(port, _get("/health")).startswith(b"HTTP/1.1 200"), process, program, 60)
        yield port
    finally:
        stop(process, program.stop_signal)


def _get(path: str, *headers: str) -> bytes:
    return "\r\n".join(
        [f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", ""]
    ).encode()


def _ask(port: int, sent: bytes) -> bytes:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
            plain.sendall(sent)
            return b"".join(iter(lambda: plain.recv(65536), b""))
    except OSError:  # Refused, cut off, or left without an answer.
        return b""


@pytest.mark.row(16)
def test_no_request_can_be_read_in_two_ways(gunicorn: int, tries: Tries) -> None:
    """A length beside chunks, two lengths, folded and nameless headers, giants: 4xx or dropped, one answer each."""
    head = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    smuggled = b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for what, sent in {
        "length and chunks": head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + smuggled,
        "chunks of another name": head + b"Transfer-Encoding: xchunked\r\n\r\n" + smuggled,
        "two lengths": head + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "a signed length": head + b"Content-Length: +4\r\n\r\nabcd",
        "a negative length": head + b"Content-Length: -1\r\n\r\n",
        "a space before the colon": head + b"Content-Length : 4\r\n\r\nabcd",
        "a bad chunk": head + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        "a header of 100 KB": _get("/api/v1/cities", "X-Big: " + "a" * 100_000),
        "a hundred headers": _get("/api/v1/cities", *(f"X-{number}: a" for number in range(100))),
        "a line of 100 KB": _get("/api/v1/cities?q=" + "a" * 100_000),
        "no HTTP at all": b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(32) + b"\r\n\r\n",
    }.items():
        answer = _ask(gunicorn, sent)
        status = answer.split(b" ", 2)[1:2]
        is_refused = not answer or status[0].startswith((b"4", b"501"))
        tries(f"{what}: {answer[:40]!r}", is_refused and answer.count(b"HTTP/1.1 200") == 0)

    assert _ask(gunicorn, _get("/health")).startswith(b"HTTP/1.1 200")


@pytest.mark.row(16)
@pytest.mark.usefixtures("db")
def test_no_header_of_the_client_changes_who_or_where_we_are(tries: Tries) -> None:
    """Host, hops and method: none of them makes a link, a redirect or an address of the client's choice."""
    client = app().test_client()
    for name, value in {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Server": "evil.example",
        "Forwarded": "host=evil.example;for=127.0.0.1",
        "X-Original-URL": "/metrics",
        "X-Rewrite-URL": "/metrics",
        "X-HTTP-Method-Override": "DELETE",
        "X-Forwarded-Prefix": "/evil",
    }.items():
        answer = client.get("/api/v1/cities", headers={name: value})
        said = answer.get_data(as_text=True) + str(answer.headers)
        tries(name, answer.status_code == 200 and "evil" not in said)
    browser = Browser(Role.RESIDENT)
    browser.sign_in("resident@example.org")
    answer = browser.client.post(
        "/api/v1/auth/login",
        json={"email": "resident@example.org", "password": "a long enough password"},
        headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7", "X-Real-IP": "203.0.113.10"},
    )
    assert 200 == answer.status_code
    with transaction() as tx:
        addresses = set(tx.scalars(text("SELECT address FROM sign_ins")))
    tries("X-Forwarded-For", addresses == {"127.0.0.1", "198.51.100.7"})


@pytest.mark.row(16)
@pytest.mark.usefixtures("db")
def test_every_answer_bears_the_headers_that_protect_its_reader(tries: Tries) -> None:
    """Good or bad, JSON or page: the policy, no sniffing, no frame; over HTTPS for two years."""
    made = create_app(
        Settings(citypulse_env="test", public_url="https://city-pulse.app", jwt_secret=SecretStr(SECRET))
    )
    for path in (
        "/api/v1/cities",
        "/api/v1/nothing",
        "/api/v1/jobs",
        "/health",
        "/api/docs",
        "/nothing.html",
    ):
        headers = made.test_client().get(path).headers
        policy = headers.get("Content-Security-Policy", "")
        tries(
            f"{path} policy",
            "default-src 'self'" in policy and "unsafe-eval" not in policy and "script-src" not in policy,
        )
        tries(
            f"{path} frames", "frame-ancestors 'none'" in policy and headers.get("X-Frame-Options") == "DENY"
        )
        tries(f"{path} sniffing", headers.get("X-Content-Type-Options") == "nosniff")
        tries(f"{path} HTTPS", "max-age=63072000" in headers.get("Strict-Transport-Security", ""))
        tries(f"{path} server", "werkzeug" not in headers.get("Server", "").lower())
