"""A local SendGrid: POST /v3/mail/send with the checks, the answers and the faults of the real one."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

PATH = "/v3/mail/send"
KEY = "SG.only-for-the-tests"
#: Headers the real API refuses to take from a customer.
RESERVED = {"x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding"}
RESERVED |= {"to", "from", "subject", "reply-to", "cc", "bcc"}


@dataclass
class LocalSendGrid:
    """What the provider took, and how it shall answer next; by default it takes every good mail."""

    server: HTTPServer
    taken: list[dict[str, Any]] = field(default_factory=list)
    #: When each call came, by the monotonic clock in seconds.
    called_at: list[float] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    #: As long as it is set, every call is answered with this status and nothing is taken.
    outage: int | None = None

    @property
    def calls(self) -> int:
        """Return how many calls came."""
        return len(self.called_at)

    @property
    def url(self) -> str:
        """Return what SENDGRID_API_URL should be."""
        return str(self.server.url_for("")).rstrip("/")

    def next_answers(self, *answers: tuple[int, dict[str, str]]) -> None:
        """Answer the next calls with these (status, headers) and take nothing."""
        self.answers += [_errors(status, "told to fail", headers) for status, headers in answers]

    def answer(self, request: Request) -> Response:
        """Answer one call as the real API does."""
        self.called_at.append(time.monotonic())
        if self.answers:
            return self.answers.pop(0)
        if self.outage is not None:
            return _errors(self.outage, "told to fail")
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _errors(401, "The provided authorization grant is invalid, expired, or revoked")
        body = request.get_json(silent=True)
        problem = problem_of(body)
        if problem:
            return _errors(400, problem)
        self.taken.append(body)
        return Response("", 202, {"X-Message-Id": f"sg-{uuid4().hex[:12]}"})


def problem_of(body: Any) -> str | None:
    """Return the first rule of the Mail Send API that a body breaks."""
    if not isinstance(body, dict):
        return "Bad Request"
    people = body.get("personalizations")
    if not people or not all(
        person.get("to") and all("@" in to["email"] for to in person["to"]) for person in people
    ):
        return "The personalizations field is required and must have at least one personalization."
    if "@" not in body.get("from", {}).get("email", ""):
        return "The from email does not contain a valid address."
    if not body.get("subject"):
        return "The subject is required. You can get around this requirement if you use a template."
    contents = body.get("content") or []
    if not contents or not all(part.get("type") and part.get("value") for part in contents):
        return "Unless a valid template_id is provided, the content parameter is required."
    if [part["type"] for part in contents] != sorted((part["type"] for part in contents), reverse=True):
        return "If present, text/plain must be first, followed by text/html."
    if RESERVED & {name.lower() for name in body.get("headers", {})}:
        return "Headers must not contain reserved keys."
    args = [person.get("custom_args", {}) for person in people]
    if any(not isinstance(value, str) for arg in args for value in arg.values()):
        return "The custom_args values must be strings."
    if sum(len(json.dumps(arg)) for arg in args) > 10_000:
        return "The custom_args exceed 10,000 bytes."
    return None


def serve(server: HTTPServer) -> LocalSendGrid:
    """Put a local SendGrid on a test's HTTP server."""
    provider = LocalSendGrid(server)
    server.expect_request(PATH, method="POST").respond_with_handler(provider.answer)
    return provider


@contextmanager
def silent() -> Iterator[str]:
    """Run a server that takes every connection and never says a word; yields its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@contextmanager
def hanging_up() -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that reads each request and closes without an answer; yields its URL and what it read."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve_forever() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65_536))

    thread = threading.Thread(target=serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _errors(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = json.dumps({"errors": [{"message": message, "field": None, "help": None}]})
    return Response(body, status, headers, content_type="application/json")
