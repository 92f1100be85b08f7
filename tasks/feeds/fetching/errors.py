"""How a fetch fails: what went wrong, named by its feed and sorted into the families."""

from http.client import HTTPException, IncompleteRead
from typing import Final

import requests
import urllib3

from shared.errors import Permanent, Transient
from tasks.feeds.fetching.addresses import AddressRefused
from tasks.feeds.fetching.decoding import BadEncoding
from tasks.feeds.fetching.pinned import Deadline

#: What a fetch may raise on the way.
EXPECTED: Final = (
    Permanent,
    Transient,
    BadEncoding,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
)


class FetchFailed(Transient):
    """
    Say that a fetch failed in a way that time may mend.

    `status` and `ttfb_ms` are the HTTP status and the milliseconds until it came, if the publisher answered at all.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        ttfb_ms: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, retry_after_seconds=retry_after_seconds)
        self.status = status
        self.ttfb_ms = ttfb_ms


class FetchRefused(Permanent):
    """Say that a fetch failed in a way that only a person can mend; the rest is as above."""

    def __init__(self, message: str, *, status: int | None = None, ttfb_ms: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.ttfb_ms = ttfb_ms


def named(slug: str, error: Exception, deadline: Deadline, seconds: float) -> FetchFailed | FetchRefused:
    """Name the feed and the first cause of an expected error; never a URL, which may hold a key."""
    if isinstance(error, FetchRefused):
        return FetchRefused(f"feed {slug}: {error}", status=error.status)
    if isinstance(error, AddressRefused | requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return FetchRefused(f"feed {slug}: address refused: {error}")
    if deadline.expired:
        return late(slug, deadline)
    after = f"after {seconds:.1f} s"
    if isinstance(error, FetchFailed):
        wish = error.retry_after_seconds
        return FetchFailed(f"feed {slug}: {error} {after}", status=error.status, retry_after_seconds=wish)
    if isinstance(error, requests.exceptions.SSLError):
        return FetchRefused(f"feed {slug}: certificate or TLS refused: {_first_cause(error)}")
    if isinstance(error, requests.exceptions.Timeout | TimeoutError):
        return FetchFailed(f"feed {slug}: no answer {after}")
    return FetchFailed(f"feed {slug}: {_first_cause(error)} {after}")


def late(slug: str, deadline: Deadline) -> FetchFailed:
    """Say that a fetch took longer than it may."""
    return FetchFailed(f"feed {slug}: cut off after {deadline.seconds:g} s")


def _first_cause(error: BaseException) -> str:
    """Tell the innermost error that says something: those around it repeat the URL."""
    cause = error.__cause__ or error.__context__
    if isinstance(error, IncompleteRead) and isinstance(cause, ValueError):
        return "the answer broke off between two chunks"  # There, where the length of the next should be.
    return _first_cause(cause) if cause else f"{error!s:.200}" or type(error).__name__
