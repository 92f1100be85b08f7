"""
A mail provider on loopback or in a container: POST /v3/mail/send as SendGrid answers it, and what it took.

`python provider.py ADDRESS PORT` runs it alone, so that a container needs nothing but this file. GET /taken tells every mail
(the delivery's id, how often), POST /slow?seconds=8 makes it take its time.
"""

import json
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4


class Provider(ThreadingHTTPServer):
    """Takes every mail; `taken` counts them by their delivery, `begun` those it was given, taken or not yet."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> None:
        super().__init__(address, _Handler)
        self.taken: Counter[str] = Counter()
        self.begun = 0
        self.seconds = 0.0
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        """Take a mail, or be told how long that shall take from now on."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address = urlsplit(self.path)
        if address.path == "/slow":
            self.server.seconds = float(parse_qs(address.query)["seconds"][0])
            self._answer(204)
            return
        deliveries = [each["custom_args"]["delivery_id"] for each in json.loads(body)["personalizations"]]
        with self.server.lock:
            self.server.begun += 1
        time.sleep(self.server.seconds)
        with self.server.lock:
            self.server.taken.update(deliveries)
        self._answer(202, {"X-Message-Id": uuid4().hex})

    def do_GET(self) -> None:
        """Tell what was taken."""
        with self.server.lock:
            told = json.dumps({"begun": self.server.begun, "taken": dict(self.server.taken)})
        self._answer(200, {"Content-Type": "application/json"}, told.encode())

    def log_message(self, *_: object) -> None:
        """Be silent."""

    def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    Provider((sys.argv[1], int(sys.argv[2]))).serve_forever()
