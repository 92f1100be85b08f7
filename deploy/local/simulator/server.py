"""The simulator's HTTP server: loopback only, conditional requests, compression, faults on request."""

import gzip
import hashlib
import socket
import struct
import time
from collections.abc import Callable
from email.utils import formatdate, parsedate_to_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event
from typing import cast
from urllib.parse import parse_qsl, urlsplit

from deploy.local.simulator.city import SimulatedCity
from deploy.local.simulator.faults import MODES, STALE_SECONDS, Misbehaviour, fault_in, misbehave, whole
from deploy.local.simulator.site import Answer, Question, answer

LOOPBACK = "127.0.0.1"
COMPRESS_FROM_BYTES = 512


class SimulatorServer(ThreadingHTTPServer):
    """Serve one simulated city; the clock is an argument, so that a test can hold it still."""

    daemon_threads = True
    # A hanging answer must not keep the process from ending.
    block_on_close = False

    def __init__(
        self,
        city: SimulatedCity,
        port: int,
        *,
        clock: Callable[[], float] = time.time,
        log: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__((LOOPBACK, port), Handler)
        self.city, self.clock, self.log = city, clock, log
        self.stopping = Event()

    def find(self, path: str, query: dict[str, str]) -> tuple[str, str, str | None]:
        """
        Return what a request means: the part of its path that links in the answer keep, the page, the fault.

        A server of other publishers, whose faults come and go, finds them otherwise.
        """
        mode, page = fault_in(path, query)
        # What a discovery file points to misbehaves as well.
        return f"/fault/{mode}" if mode else "", page, mode

    def note(self, path: str, mode: str | None, status: int, body: bytes | None) -> None:
        """Be told what was answered, the body when it goes out whole and uncompressed; here it is not kept."""

    @property
    def url(self) -> str:
        """Return the address that the server answers at."""
        return f"http://{LOOPBACK}:{self.server_address[1]}"

    def server_close(self) -> None:
        """Let go of callers that are kept waiting, then close."""
        self.stopping.set()
        super().server_close()


class Handler(BaseHTTPRequestHandler):
    """Answer GET and HEAD."""

    protocol_version = "HTTP/1.1"
    server_version = "CityPulseSimulator"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer, or misbehave as asked."""
        try:
            self._answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, format: str, *args: object) -> None:
        """Say one line a request, when asked to."""
        if self._simulator.log:
            self._simulator.log(format % args)

    @property
    def _simulator(self) -> SimulatorServer:
        return cast("SimulatorServer", self.server)

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        kept, path, mode = self._simulator.find(parts.path, query)
        moment = self._simulator.clock() - (STALE_SECONDS if mode == "stale" else 0)
        base = f"http://{self.headers['Host']}" if self.headers["Host"] else self._simulator.url
        good = answer(self._simulator.city, Question(path, moment, query, base + kept))
        if mode is None:
            self._send(good, parts.path)
        elif spoiled := misbehave(mode, good, kept + path):
            self._simulator.note(parts.path, mode, spoiled.status, whole(spoiled))
            self._misbehave(spoiled)
        else:
            body = ("Fault modes: " + ", ".join(MODES) + "\n").encode()
            text = "text/plain; charset=utf-8"
            self._send(Answer(body, text, good.made_at, 404 if mode else 200), parts.path)

    def _send(self, good: Answer, path: str) -> None:
        etag = f'W/"{hashlib.sha256(good.body).hexdigest()[:24]}"'
        unchanged = good.status == HTTPStatus.OK and self._is_known(etag, good.made_at)
        status = HTTPStatus.NOT_MODIFIED if unchanged else good.status
        self._simulator.note(path, None, status, None if unchanged else good.body)
        self.send_response(status)
        self.send_header("ETag", etag)
        self.send_header("Last-Modified", formatdate(good.made_at, usegmt=True))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Vary", "Accept-Encoding")
        for name, value in good.headers.items():
            self.send_header(name, value)
        body = b"" if unchanged else good.body
        if not unchanged:
            self.send_header("Content-Type", good.media_type)
            if len(body) >= COMPRESS_FROM_BYTES and "gzip" in self.headers.get("Accept-Encoding", ""):
                body = gzip.compress(body, 5, mtime=0)
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_known(self, etag: str, made_at: int) -> bool:
        """Tell whether the caller has this already; an entity tag goes before a date (RFC 9110, 13.2.2)."""
        if known := self.headers.get("If-None-Match"):
            return known.strip() == "*" or etag in [tag.strip() for tag in known.split(",")]
        try:
            return made_at <= parsedate_to_datetime(self.headers.get("If-Modified-Since", "")).timestamp()
        except ValueError:
            return False

    def _misbehave(self, spoiled: Misbehaviour) -> None:
        self.close_connection = True
        if self._is_over(spoiled.wait_seconds):
            return
        if spoiled.resets:
            # Closing with a linger of nothing sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self.send_response(spoiled.status)
        self.send_header("Content-Type", spoiled.media_type)
        self.send_header("Connection", "close")
        for name, value in spoiled.headers.items():
            self.send_header(name, value)
        if spoiled.length is not None:
            self.send_header("Content-Length", str(spoiled.length))
        self.end_headers()
        for part in spoiled.parts if self.command != "HEAD" else ():
            self.wfile.write(part)
            if self._is_over(spoiled.pause_seconds):
                return

    def _is_over(self, seconds: float) -> bool:
        """Wait, and tell whether the server stops meanwhile."""
        return self._simulator.stopping.wait(seconds) if seconds else self._simulator.stopping.is_set()
