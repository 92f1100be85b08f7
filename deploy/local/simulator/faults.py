"""The ways a public server misbehaves, on request, so that tests and demos can see us cope; pure."""

import gzip
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import repeat

from deploy.local.simulator.site import Answer

STALE_SECONDS = 3 * 3_600
HANG_SECONDS = 120.0
DRIP_SECONDS = 0.5
RETRY_AFTER_SECONDS = 30
LONG_RETRY_AFTER_SECONDS = 150
MEBIBYTE = 1 << 20
HUGE_MEBIBYTES = 512
PRIVATE_ADDRESS = "http://169.254.169.254/latest/meta-data/"


@dataclass(frozen=True)
class Misbehaviour:
    """
    What to send instead of an answer.

    `length` is what Content-Length claims, or nothing; `wait_seconds` passes before the first byte and
    `pause_seconds` between the parts of the body.
    """

    status: int
    media_type: str
    parts: Iterable[bytes]
    length: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    wait_seconds: float = 0.0
    pause_seconds: float = 0.0
    #: Break the connection off instead of any answer.
    resets: bool = False


def whole(spoiled: Misbehaviour) -> bytes | None:
    """Return the body of an answer that goes out whole, at once and as its length says; else nothing."""
    if spoiled.length is None or spoiled.wait_seconds or spoiled.pause_seconds or spoiled.resets:
        return None
    body = b"".join(spoiled.parts)
    return body if len(body) == spoiled.length else None


def fault_in(path: str, query: dict[str, str]) -> tuple[str | None, str]:
    """Split `/fault/<mode>/rest` or `?fault=<mode>` into the mode and the true path."""
    if path.startswith("/fault/"):
        mode, _, rest = path.removeprefix("/fault/").partition("/")
        return mode, f"/{rest}"
    return query.pop("fault", None), path


def misbehave(mode: str, answer: Answer, path: str) -> Misbehaviour | None:
    """Return what a mode makes of a good answer, or nothing when there is no such mode."""
    build = MODES.get(mode)
    return build(answer, path) if build else None


def _status(status: int, text: str, **headers: str) -> Misbehaviour:
    body = f"{text}\n".encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Misbehaviour(status, "text/plain; charset=utf-8", [body], len(body), names)


def _redirect(location: str) -> Misbehaviour:
    return _status(302, "Moved", Location=location)


def _spoiled(
    answer: Answer, parts: Iterable[bytes], *, wait_seconds: float = 0.0, pause_seconds: float = 0.0
) -> Misbehaviour:
    """Keep what the answer claims about itself but change how its body comes."""
    return Misbehaviour(
        answer.status,
        answer.media_type,
        parts,
        len(answer.body),
        wait_seconds=wait_seconds,
        pause_seconds=pause_seconds,
    )


def _drops(body: bytes) -> Iterator[bytes]:
    return (body[index : index + 1] for index in range(len(body)))


def _html(_answer: Answer, _path: str) -> Misbehaviour:
    body = b"<!doctype html><title>Sign in</title><h1>Please sign in to the hotel network</h1>\n"
    return Misbehaviour(200, "text/html; charset=utf-8", [body], len(body))


def _huge(answer: Answer, _path: str) -> Misbehaviour:
    return Misbehaviour(200, answer.media_type, repeat(b" " * MEBIBYTE, HUGE_MEBIBYTES))


def _bomb(answer: Answer, _path: str) -> Misbehaviour:
    member = gzip.compress(b" " * MEBIBYTE, mtime=0)
    headers = {"Content-Encoding": "gzip"}
    return Misbehaviour(200, answer.media_type, repeat(member, HUGE_MEBIBYTES), headers=headers)


MODES: dict[str, Callable[[Answer, str], Misbehaviour]] = {
    "404": lambda _answer, _path: _status(404, "Not found"),
    "500": lambda _answer, _path: _status(500, "Internal server error"),
    "503": lambda _answer, _path: _status(503, "Service unavailable"),
    "429": lambda _answer, _path: _status(429, "Slow down", Retry_After=str(RETRY_AFTER_SECONDS)),
    "429-long": lambda _answer, _path: _status(429, "Slow down", Retry_After=str(LONG_RETRY_AFTER_SECONDS)),
    "reset": lambda answer, _path: Misbehaviour(200, answer.media_type, [], resets=True),
    "timeout": lambda answer, _path: _spoiled(answer, [answer.body], wait_seconds=HANG_SECONDS),
    "drip": lambda answer, _path: _spoiled(answer, _drops(answer.body), pause_seconds=DRIP_SECONDS),
    "truncated": lambda answer, _path: _spoiled(answer, [answer.body[: len(answer.body) // 2]]),
    "empty": lambda answer, _path: Misbehaviour(200, answer.media_type, [], 0),
    "garbage": lambda answer, _path: _spoiled(answer, [bytes(byte ^ 0xA5 for byte in answer.body)]),
    "html": _html,
    "huge": _huge,
    "bomb": _bomb,
    "stale": lambda answer, _path: _spoiled(answer, [answer.body]),
    "redirect-private": lambda _answer, _path: _redirect(PRIVATE_ADDRESS),
    "redirect-loop": lambda _answer, path: _redirect(path),
}
