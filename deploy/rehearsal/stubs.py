"""
Servers that stand behind nginx in a rehearsal.

They carry their name in `X-Stub`, say back what they were told, and are enough of a site for the smoke test.
"""

import base64
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: The release that the stubs say they are.
VERSION = "v0.0.1-stub"
#: From RFC 6455: what a server adds to the client's key.
_WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Stub(ThreadingHTTPServer):
    """One server: `name` is in its answers, `bodies` are the sizes of the bodies it was sent."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.name = name
        self.bodies: list[int] = []
        #: Lets a stream go on after its first event.
        self.go_on = threading.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


@contextmanager
def running(stub: Stub) -> Iterator[Stub]:
    """Serve for the length of the block."""
    thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        stub.go_on.set()
        stub.shutdown()
        stub.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Stub

    def do_GET(self) -> None:
        """Answer by path; any other path says back the request."""
        path = self.path.split("?", 1)[0]
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self._upgrade()
        elif path.startswith("/api/v1/photos/"):
            self._answer(b"", {"X-Accel-Redirect": "/_protected/photo.webp", "Content-Type": "image/webp"})
        elif path == "/api/v1/stream":
            self._stream()
        elif path == "/assets/gone.js":
            self._answer(b"gone", status=404)
        elif path == "/api/v1/busy":
            self._answer(b"{}", {"Retry-After": "17"}, status=429)
        elif path == "/api/v1/no-such-thing":
            self._answer(b"{}", status=404)
        elif path in {"/flower/", "/metrics"} and "Authorization" not in self.headers:
            self._answer(b"", status=401)
        elif self.server.name == "frontend":
            self._answer(b'<!doctype html><div id="root"></div>', {"Content-Type": "text/html"})
        else:
            self._say_back()

    def do_POST(self) -> None:
        """Take the body in and say back the request."""
        left = size = int(self.headers.get("Content-Length", 0))
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        self.server.bodies.append(size)
        self._say_back()

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def _say_back(self) -> None:
        site = {"status": "ok", "version": VERSION, "items": [], "city": "london"}
        told = {**site, "path": self.path, "headers": dict(self.headers)}
        policy = {"Content-Security-Policy": "default-src 'none'"}
        self._answer(json.dumps(told).encode(), {"Content-Type": "application/json", **policy})

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self._answer(b"")

    def _answer(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        # The application sends its own of these; the edge must not double them.
        given = {
            "X-Stub": self.server.name,
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            **(headers or {}),
        }
        for name, value in given.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.wfile.flush()
        self.server.go_on.wait(10)
        self.wfile.write(b"data: second\n\n")
        self.close_connection = True

    def _upgrade(self) -> None:
        """Accept a WebSocket and send back every byte that comes."""
        key = self.headers["Sec-WebSocket-Key"] + _WEBSOCKET_GUID
        accept = base64.b64encode(hashlib.sha1(key.encode(), usedforsecurity=False).digest()).decode()
        self.send_response(101)
        for name, value in (
            ("Upgrade", "websocket"),
            ("Connection", "Upgrade"),
            ("Sec-WebSocket-Accept", accept),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        connection: socket.socket = self.connection
        while data := connection.recv(4096):
            connection.sendall(data)
