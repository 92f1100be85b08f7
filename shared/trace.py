"""One trace from a request to its job to the job's retry: W3C trace context in a context variable."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRACEPARENT = re.compile(r"^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def new_traceparent() -> str:
    """Start a trace (W3C Trace Context level 1, sampled)."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def continue_from(header: str | None) -> str:
    """Return a child of the trace in `header`, or a new trace when there is none that is well formed."""
    if header is None or not _TRACEPARENT.match(header):
        return new_traceparent()
    version, trace_id, _parent, flags = header.split("-")
    return f"{version}-{trace_id}-{secrets.token_hex(8)}-{flags}"


def current_traceparent() -> str | None:
    """Return the trace context of what runs now, or none."""
    return _current.get()


def trace_id(traceparent: str | None) -> str | None:
    """Return the 32-digit trace id."""
    return traceparent.split("-")[1] if traceparent else None


@contextmanager
def tracing(traceparent: str | None) -> Iterator[str]:
    """Run the block as a part of the trace."""
    value = traceparent or new_traceparent()
    token = _current.set(value)
    try:
        yield value
    finally:
        _current.reset(token)
