"""A publisher on this machine: an Open311 server whose requests a test decides."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Publisher:
    """What is published now, and where."""

    def __init__(self, port: int) -> None:
        self.requests: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/requests.json"
        #: Where the same publisher answers nothing but 503.
        self.broken_url = f"http://127.0.0.1:{self.port}/broken.json"

    def publish(
        self, identity: str, title: str, requested_at: str, status: str = "open", lat: float = 51.513
    ) -> None:
        """Publish a request, or a newer state of it."""
        self.requests = [one for one in self.requests if one["service_request_id"] != identity]
        self.requests.append(
            {
                "service_request_id": identity,
                "service_name": title,
                "service_code": "e2e",
                "status": status,
                "requested_datetime": requested_at,
                "updated_datetime": requested_at,
                "address": "1 Test Street",
                "lat": lat,
                "long": -0.114,
            }
        )

    def withdraw(self, *identities: str) -> None:
        """Publish some requests no longer."""
        self.requests = [one for one in self.requests if one["service_request_id"] not in identities]

    def _handler(publisher) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's, below
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/broken"):
                    self.send_error(503)
                    return
                body = json.dumps(publisher.requests).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Cache-Control", "max-age=0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Stay silent."""

        return Handler

    @contextmanager
    def serving(self) -> Iterator["Publisher"]:
        """Answer for the length of the block."""
        thread = Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
