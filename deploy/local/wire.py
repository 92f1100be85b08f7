"""HTTP/1.1 heads as the front door needs them: parse, decide the body's length, write."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
#: Set by us alone: a client must not pretend to come from elsewhere.
_OURS = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip", b"forwarded")
#: About one connection only (RFC 9110, 7.6.1); framing headers stay, because bodies pass through as they are.
_HOP_BY_HOP = (b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade")


class BadMessage(Exception):
    """A head or body that cannot be framed, and so cannot be passed on."""


@dataclass(frozen=True)
class Head:
    """The first lines of a request or a response."""

    first: bytes
    fields: tuple[tuple[bytes, bytes], ...]

    def get(self, name: bytes) -> bytes:
        """Return a field's value in lower case, several joined by commas, or nothing."""
        return b",".join(value for key, value in self.fields if key.lower() == name).lower()

    def without(self, *names: bytes) -> list[tuple[bytes, bytes]]:
        """Return the fields but for some."""
        return [(key, value) for key, value in self.fields if key.lower() not in names]

    @property
    def words(self) -> tuple[bytes, bytes, bytes]:
        """
        Return the three parts of the first line; a reason phrase may hold blanks or be missing.

        Raises: BadMessage when it has fewer.
        """
        words = self.first.split(b" ", 2)
        if len(words) < 2:
            raise BadMessage("malformed first line")
        return words[0], words[1], words[2] if len(words) > 2 else b""

    @property
    def upgrades(self) -> bool:
        """Tell whether the client asks for another protocol on this connection."""
        return b"upgrade" in self.get(b"connection") and bool(self.get(b"upgrade"))

    def bodiless(self, method: bytes) -> bool:
        """Tell whether this answer to a request of that method has no body (RFC 9112, 6.3)."""
        return method == b"HEAD" or self.words[1] in (b"204", b"304")

    def ends(self, method: bytes) -> bool:
        """Tell whether the end of this answer can be seen; otherwise only closing tells it."""
        counted = self.get(b"content-length") or self.get(b"transfer-encoding")
        return bool(counted) or self.bodiless(method)

    @property
    def body(self) -> int | None:
        """
        Return how many bytes follow, or None for a chunked body.

        Raises: BadMessage when two readers could count differently (request smuggling; RFC 9112, 6.3).
        """
        length, coding = self.get(b"content-length"), self.get(b"transfer-encoding")
        if coding:
            if coding.strip() != b"chunked" or length:
                raise BadMessage("unclear body length")
            return None
        if length and not length.isdigit():
            raise BadMessage("unclear body length")
        return int(length or 0)


@dataclass(frozen=True)
class Routes:
    """Where each path is answered: `(host, port)` by prefix; the empty prefix takes the rest."""

    backends: Mapping[str, tuple[str, int]]

    def find(self, target: bytes) -> tuple[str, int]:
        """Return the server of a request target."""
        path = target.split(b"?", 1)[0].decode("latin-1")
        for prefix, backend in self.backends.items():
            if prefix and (path == prefix or path.startswith(f"{prefix}/")):
                return backend
        return self.backends[""]


def parse_head(raw: bytes) -> Head:
    """
    Split a head into its first line and fields.

    Raises: BadMessage for a folded line or a name that is no token.
    """
    first, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _TOKEN.fullmatch(name):
            raise BadMessage("malformed header")
        fields.append((name, value.strip(b" \t")))
    return Head(first, tuple(fields))


def forwarded(request: Head, client: str) -> bytes:
    """Write a request's head as the server behind us gets it."""
    fields = request.without(*_OURS) if request.upgrades else request.without(*_OURS, *_HOP_BY_HOP)
    host = next((value for key, value in request.fields if key.lower() == b"host"), b"")
    fields += [
        (b"X-Forwarded-For", client.encode()),
        (b"X-Forwarded-Proto", b"http"),
        (b"X-Forwarded-Host", host),
    ]
    if not request.upgrades:
        fields.append((b"Connection", b"close"))
    return write_head(request.first, fields)


def returned(answer: Head, *, stays: bool) -> bytes:
    """Write an answer's head as the client gets it."""
    fields = answer.without(*_HOP_BY_HOP)
    fields.append((b"Connection", b"keep-alive" if stays else b"close"))
    return write_head(answer.first, fields)


def write_head(first: bytes, fields: list[tuple[bytes, bytes]]) -> bytes:
    """Write a head."""
    return b"\r\n".join([first, *(name + b": " + value for name, value in fields), b"", b""])


def problem(status: str, detail: str) -> bytes:
    """Write an answer of our own as RFC 9457 problem details, and close."""
    code, _, title = status.partition(" ")
    body = json.dumps({"type": "about:blank", "title": title, "status": int(code), "detail": detail}).encode()
    fields = [
        (b"Content-Type", b"application/problem+json"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Cache-Control", b"no-store"),
        (b"Retry-After", b"1"),
        (b"Connection", b"close"),
    ]
    return write_head(f"HTTP/1.1 {status}".encode(), fields) + body
