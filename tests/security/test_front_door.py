"""The way in as production has it: the real nginx configuration before the real web server."""

import contextlib
import os
import ssl
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path
from time import perf_counter

import pytest
from sqlalchemy import Engine, text

from deploy.local.processes import Program, free_port, spawn, stop, wait_until
from deploy.local.testing import ROOT
from deploy.rehearsal.edge import DOMAIN, Edge, Ports, edge, free_ports, missing
from shared.accounts.rules import Role
from shared.db import transaction
from tests.security.conftest import Tries
from tests.support.web import PASSWORD, add_city, add_user

pytestmark = pytest.mark.row(16)
SLOW = 200
#: The limits of nginx are an address's own; a crowd has many.
CROWD = [f"127.0.2.{number}" for number in range(1, 101)]


@pytest.fixture
def door(db: Engine, tmp_path: Path) -> Iterator[Edge]:
    """Nginx on loopback, and gunicorn behind it, as they run in production; names of the page lead nowhere."""
    if reason := missing():
        pytest.skip(reason)
    add_city()
    port = free_port()
    environment = {**os.environ, "WEB_BIND": f"127.0.0.1:{port}", "WEB_WORKERS": "1", "WEB_THREADS": "8"}
    command = (sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn/web.conf.py", "web.wsgi:app")
    program = Program("web", command, tmp_path / "web.log", environment, ROOT)
    process = spawn(program)
    try:
        with edge(Ports(*free_ports(3), port, *free_ports(3))) as opened:
            wait_until(lambda: opened.ask("/health").status == 200, process, program, 60)
            yield opened
    finally:
        stop(process, program.stop_signal)


def test_two_hundred_slow_clients_hold_up_nobody(door: Edge, tries: Tries) -> None:
    """Half of them never end their headers, half never end a body; whoever asks meanwhile is answered."""
    head = f"POST /api/v1/auth/login HTTP/1.1\r\nHost: {DOMAIN}\r\n".encode()
    body = head + b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
    with contextlib.ExitStack() as held:
        slow: list[ssl.SSLSocket] = []
        for number, address in zip(range(SLOW), cycle(CROWD), strict=False):
            slow.append(held.enter_context(replace(door, address=address).connect()))
            slow[-1].sendall(body if number % 2 else head + b"X-Slow: ")
        took = []
        for number, address in zip(range(SLOW), cycle(CROWD), strict=False):
            with contextlib.suppress(
                OSError
            ):  # on a slow machine it may have been cut off by now, as it should
                slow[number].sendall(b"a")
            began = perf_counter()
            answer = replace(door, address=address).ask("/api/v1/cities")
            took.append(perf_counter() - began)
            tries(f"request {number}: {answer.status}", answer.status == 200)

    what = f"99th percentile of {SLOW} requests beside {SLOW} slow connections"
    tries.measure(what, sorted(took)[SLOW * 99 // 100 - 1] * 1000, 500, "ms")


def test_nothing_is_smuggled_past_nginx(door: Edge, tries: Tries) -> None:
    """What two servers could read in two ways is refused by the first, and the second never sees it."""
    post = (
        f"POST /api/v1/auth/login HTTP/1.1\r\nHost: {DOMAIN}\r\nContent-Type: application/json\r\n".encode()
    )
    get = f"GET /api/v1/cities HTTP/1.1\r\nHost: {DOMAIN}\r\n".encode()
    inner = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    for address, (what, sent) in zip(
        CROWD,
        {
            "length and chunks": post + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n" + inner,
            "two lengths": post + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
            "chunks of another name": post + b"Transfer-Encoding: xchunked\r\n\r\n" + inner,
            "chunks twice": post + b"Transfer-Encoding: chunked, chunked\r\n\r\n" + inner,
            "a header of 100 KB": get + b"X-Big: " + b"a" * 100_000 + b"\r\n\r\n",
            "a hundred headers of 1 KB": get
            + b"".join(b"X-%d: %b\r\n" % (n, b"a" * 1000) for n in range(100)),
            "a line of 100 KB": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
            "two hosts": get + b"Host: evil.example\r\n\r\n",
            "no host": b"GET /api/v1/cities HTTP/1.1\r\n\r\n",
            "a header folded": get + b"X-A: b\r\n c\r\nTransfer-Encoding\r\n : chunked\r\n\r\n",
        }.items(),
        strict=False,
    ):
        answer = _raw(replace(door, address=address), sent)
        is_refused = not answer or answer[9:10] == b"4" or answer.startswith(b"HTTP/1.1 501")
        tries(f"{what}: {answer[:40]!r}", is_refused and answer.count(b"HTTP/1.1 ") <= 1)


def test_who_a_client_is_only_nginx_says(door: Edge, tries: Tries) -> None:
    """Forged hops change neither the address that is kept with a sign-in nor the count of guesses."""
    email = add_user(Role.RESIDENT)
    credentials = b'{"email": "%b", "password": "%b"}' % (email.encode(), PASSWORD.encode())
    for address, name in zip(
        CROWD, ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP", "True-Client-IP"), strict=False
    ):
        sent = {
            name: "for=203.0.113.9" if name == "Forwarded" else "203.0.113.9",
            "X-Forwarded-Proto": "http",
        }
        from_there = replace(door, address=address)
        answer = from_there.ask(
            "/api/v1/auth/login",
            "POST",
            headers={"Content-Type": "application/json", **sent},
            body=credentials,
        )
        with transaction() as tx:
            kept = tx.execute(
                text("SELECT address FROM sign_ins ORDER BY created_at DESC LIMIT 1")
            ).scalar_one()
        tries(f"{name}: {answer.status}, {kept}", (answer.status, kept) == (200, address))


def _raw(door: Edge, sent: bytes) -> bytes:
    """Send bytes as they are and read until the server has no more to say."""
    answer = b""
    with door.connect() as connection:
        try:
            connection.sendall(sent)
            while piece := connection.recv(65536):
                answer += piece
                if b"\r\n\r\n" in answer and b"Connection: close" not in answer:
                    break
        except (OSError, ssl.SSLError):  # Cut off.
            pass
        return answer
