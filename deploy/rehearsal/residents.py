"""Residents who file reports and follow the live stream through the edge while releases come and go."""

import contextlib
import json
import secrets
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from deploy.rehearsal.edge import DOMAIN, Edge

_SOCKETS = 5
_FILERS = 2
_addresses = count(2)


@dataclass
class Heard:
    """What one page heard: the ids of its events in the order they came, how often it had to come back."""

    ids: list[str] = field(default_factory=list)
    after: str | None = None
    returns: int = 0
    resets: int = 0


@dataclass
class Filed:
    """What residents were answered: report ids, statuses that were no good, and every page's events."""

    reports: list[str] = field(default_factory=list)
    answered: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    pages: list[Heard] = field(default_factory=list)
    #: Set when nobody shall file any more; the pages go on listening.
    enough: threading.Event = field(default_factory=threading.Event)

    def __str__(self) -> str:
        wrong = ", ".join(f"{what} x{number}" for what, number in self.failures.items())
        return f"{self.answered} requests answered, {sum(self.failures.values())} failed" + (
            f" ({wrong})" if wrong else ""
        )


@contextmanager
def residents(site: Edge, pause_seconds: float = 1.0) -> Iterator[Filed]:
    """File reports, read them back and follow the stream until the block ends."""
    filed, stop, lock = Filed(pages=[Heard() for _ in range(_SOCKETS)]), threading.Event(), threading.Lock()
    filers = [
        threading.Thread(target=_file, args=(site, filed, lock, pause_seconds), daemon=True)
        for _ in range(_FILERS)
    ]
    pages = [threading.Thread(target=_follow, args=(site, page, stop), daemon=True) for page in filed.pages]
    for thread in (*pages, *filers):
        thread.start()
    try:
        yield filed
    finally:
        filed.enough.set()
        stop.set()
        for thread in (*pages, *filers):
            thread.join(30)


def _file(site: Edge, filed: Filed, lock: threading.Lock, pause: float) -> None:
    while not filed.enough.wait(pause):
        # Requests are limited by address, and these come from many homes.
        number = next(_addresses)
        home = replace(site, address=f"127.0.{2 + number // 250}.{1 + number % 250}")
        report = _ask(home, filed, lock, "POST", "/api/v1/reports", 202, *_form(number))
        if report is not None:
            with lock:
                filed.reports.append(report["id"])
            _ask(home, filed, lock, "GET", f"/api/v1/reports/{report['id']}?t={report['token']}", 200)


def _ask(
    home: Edge,
    filed: Filed,
    lock: threading.Lock,
    method: str,
    path: str,
    expected: int,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> dict[str, str] | None:
    """Ask once, without another try; returns the answer, or None and a failure is counted."""
    try:
        answer = home.ask(path, method, headers=headers, body=body)
        outcome = str(answer.status)
    except (OSError, ValueError) as error:
        answer, outcome = None, type(error).__name__
    with lock:
        if answer is not None and answer.status == expected:
            filed.answered += 1
            told: dict[str, str] = answer.json
            return told
        filed.failures[f"{method} {outcome}"] += 1
    return None


def _form(number: int) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a report from somewhere in London."""
    boundary = secrets.token_hex(8)
    fields = {
        "city": "london",
        "category": "pothole",
        "description": f"Rehearsed report {number}",
        "lon": f"{-0.4 + (number % 97) * 0.007:.4f}",
        "lat": f"{51.35 + (number % 89) * 0.003:.4f}",
        "email": f"resident-{number}@example.org",
    }
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Idempotency-Key": boundary * 2}
    return headers, ("".join(parts) + f"--{boundary}--\r\n").encode()


def _follow(site: Edge, page: Heard, stop: threading.Event) -> None:
    """Be a page: whenever the socket ends, come back with the last event's id."""
    from websockets.exceptions import WebSocketException
    from websockets.sync.client import connect
    from websockets.typing import Origin

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    while not stop.is_set():
        with contextlib.suppress(OSError, WebSocketException):
            raw = socket.create_connection(("127.0.0.1", site.ports.https), timeout=10)
            origin = Origin(f"https://{DOMAIN}")
            with connect(
                f"wss://{DOMAIN}/ws", sock=raw, ssl=context, origin=origin, close_timeout=2
            ) as connection:
                hello = {"type": "hello", "topics": ["city:london"], "after": page.after}
                connection.send(json.dumps({name: value for name, value in hello.items() if value}))
                while not stop.is_set():
                    with contextlib.suppress(TimeoutError):
                        _hear(page, json.loads(connection.recv(timeout=0.5)))
        if not stop.is_set():
            page.returns += 1
            time.sleep(0.1)


def _hear(page: Heard, message: dict[str, str]) -> None:
    if message["type"] == "event":
        page.ids.append(message["id"])
        page.after = message["id"]
    elif message["type"] in {"welcome", "reset"}:
        page.resets += message["type"] == "reset"
        page.after = page.after or message["after"]
