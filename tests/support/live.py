"""A real live server on loopback, and clients that speak to it."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from deploy.local.processes import Program, free_port, spawn, stop, wait_until
from deploy.local.testing import ROOT
from shared.db import transaction
from shared.events import FreshnessChanged
from shared.stream.publish import publish

PATIENCE_SECONDS = 10.0


class LiveServer:
    """The live server of production, one process."""

    def __init__(self, folder: Path, environment: dict[str, str], port: int) -> None:
        command = ("-m", "gunicorn", "-c", "deploy/gunicorn/live.conf.py", "--bind", f"127.0.0.1:{port}")
        self.port = port
        self.log = folder / f"live-{port}.log"
        self.program = Program(
            "live",
            (sys.executable, *command, "web.live.wsgi:app"),
            self.log,
            {**os.environ, **environment},
            ROOT,
        )
        self.process: subprocess.Popen[bytes] = spawn(self.program)
        wait_until(self._reads, self.process, self.program, 30)

    def _reads(self) -> bool:
        try:
            return bool(self.health()["reading"])
        except (OSError, ValueError):
            return False

    def health(self) -> dict[str, Any]:
        """Ask how it is."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as plain:
            plain.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: plain.recv(4096), b""))
        told: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
        return told

    def memory_kib(self) -> int:
        """Return what the worker process holds in memory."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        status = Path(f"/proc/{children[0]}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))

    def terminate(self) -> None:
        """Ask it to end, as a deployment does."""
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def live_server(folder: Path, **environment: str) -> Iterator[LiveServer]:
    """Run a live server for the length of the block."""
    server = LiveServer(folder, environment, free_port())
    try:
        yield server
    finally:
        stop(server.process, signal.SIGTERM, 15)


class LiveClient:
    """A page's socket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def say(self, **message: Any) -> None:
        """Send a message."""
        self.connection.send(json.dumps(message))

    def hear(self) -> dict[str, Any]:
        """Wait for the next message, past the server's pings, which come when they come."""
        told: dict[str, Any] = {"type": "ping"}
        while told["type"] == "ping":
            told = json.loads(self.connection.recv(timeout=PATIENCE_SECONDS))
        return told

    def hear_event(self) -> dict[str, Any]:
        """Wait for the next event, past pings."""
        while (told := self.hear())["type"] != "event":
            assert told["type"] in {"ping", "pong"}, told
        return told

    def hello(self, *topics: str, **more: Any) -> dict[str, Any]:
        """Introduce itself and wait for the answer."""
        self.say(type="hello", topics=list(topics), **more)
        return self.hear()


@contextmanager
def live_client(server: LiveServer, path: str = "/ws", **options: Any) -> Iterator[LiveClient]:
    """Open a socket for the length of the block."""
    # A client that stops reading would be one that the server puts out: tests read late, not slowly.
    options = {"compression": None, "max_queue": None, **options}
    with connect(
        f"ws://127.0.0.1:{server.port}{path}", open_timeout=PATIENCE_SECONDS, **options
    ) as connection:
        yield LiveClient(connection)


def tell(*words: str, topic: str = "city:london") -> None:
    """Publish one event a word, each in a transaction of its own."""
    for word in words:
        with transaction() as tx:
            publish(tx, FreshnessChanged("feed-1", "london", word), to=topic)
