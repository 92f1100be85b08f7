"""Constant load on the edge while something is done to the stack: what was answered, by whom, and what failed."""

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

#: What is asked: the application, and now and then an address of the page.
_PATHS = ("/health", "/health", "/health", "/reports")


@dataclass
class Result:
    """What came of the requests."""

    answered: int = 0
    #: Release -> answers.
    releases: Counter[str] = field(default_factory=Counter)
    #: What went wrong -> how often.
    failures: Counter[str] = field(default_factory=Counter)
    slowest_seconds: float = 0.0

    @property
    def none_failed(self) -> bool:
        """Tell whether there were answers and nothing but."""
        return self.answered > 0 and not self.failures

    def __str__(self) -> str:
        by = ", ".join(f"{release} {number}" for release, number in sorted(self.releases.items()))
        wrong = ", ".join(f"{what} x{number}" for what, number in self.failures.items())
        return (
            f"{self.answered} answered ({by}), {sum(self.failures.values())} failed"
            + (f" ({wrong})" if wrong else "")
            + f", slowest {self.slowest_seconds * 1000:.0f} ms"
        )


@contextmanager
def load(port: int, host: str, threads: int = 4, pause_seconds: float = 0.02) -> Iterator[Result]:
    """Ask from several threads, each on a connection it keeps, until the block ends."""
    result, stop, lock = Result(), threading.Event(), threading.Lock()
    workers = [
        threading.Thread(target=_ask, args=(port, host, result, stop, lock, pause_seconds), daemon=True)
        for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    try:
        yield result
    finally:
        stop.set()
        for worker in workers:
            worker.join(30)


def _ask(
    port: int, host: str, result: Result, stop: threading.Event, lock: threading.Lock, pause_seconds: float
) -> None:
    connection: http.client.HTTPConnection | None = None
    paths = cycle(_PATHS)
    while not stop.wait(pause_seconds):
        began = time.monotonic()
        connection, outcome, release = _request(connection, port, host, next(paths))
        with lock:
            result.slowest_seconds = max(result.slowest_seconds, time.monotonic() - began)
            if outcome == "200":
                result.answered += 1
                result.releases += Counter([release] if release else [])
            else:
                result.failures[outcome] += 1


def _request(
    connection: http.client.HTTPConnection | None, port: int, host: str, path: str
) -> tuple[http.client.HTTPConnection | None, str, str]:
    """Ask once; a kept connection that the server closed is opened anew, as browsers do."""
    for kept in (connection, None):
        try:
            used = kept or _connect(port, host)
            used.request("GET", path)
            answer = used.getresponse()
            body = answer.read()
        # `NotConnected`: the last answer said that the server would close.
        except (
            http.client.NotConnected,
            http.client.RemoteDisconnected,
            ConnectionResetError,
            BrokenPipeError,
        ) as error:
            if kept is None:
                return None, type(error).__name__, ""
            continue
        except (OSError, http.client.HTTPException) as error:
            return None, type(error).__name__, ""
        release = ""
        with contextlib.suppress(ValueError, KeyError):  # The page names none.
            release = json.loads(body)["version"]
        return used, str(answer.status), release
    return None, "not asked", ""


def _connect(port: int, host: str) -> http.client.HTTPConnection:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host, timeout=15)
    # Left to itself it would ask DNS for the host.
    connection.auto_open = 0
    raw = socket.create_connection(("127.0.0.1", port), timeout=15)
    connection.sock = context.wrap_socket(raw, server_hostname=host)
    return connection
