"""
Fetch one URL of a feed, politely and within limits, into a file.

Needs no database: the validators of the last answer come in, what the answer said goes out.
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import requests

from shared.clock import utcnow
from shared.settings import Settings
from tasks.feeds.fetching import headers as answered
from tasks.feeds.fetching.addresses import Resolve, resolve, vet_url
from tasks.feeds.fetching.body import save
from tasks.feeds.fetching.decoding import ACCEPTED
from tasks.feeds.fetching.errors import EXPECTED, FetchFailed, FetchRefused, late, named
from tasks.feeds.fetching.pinned import Deadline, Dial, Guard, GuardedAdapter, dial

#: How long a server may say nothing at all.
_SILENCE_SECONDS: Final = 30.0
_SUCCESS: Final = frozenset((200, 203, 204))
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_TRANSIENT: Final = frozenset((202, 408, 425, 429))
_NOT_MODIFIED: Final = 304
_MISSING: Final = frozenset((404, 410))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost; sizes count both before and after decompression."""

    max_bytes: int = 64 * 1024 * 1024
    total_seconds: float = 60.0
    max_redirects: int = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """
    One answer. `path` is the decompressed body, the caller's to move or delete; none after 304 and 404.

    `sha256` and `size_bytes` are of the decompressed body, `wire_bytes` of what travelled. `url` is where
    the redirects ended.
    """

    status: int
    url: str
    fetched_at: datetime
    ttfb_ms: int
    path: Path | None = None
    size_bytes: int = 0
    wire_bytes: int = 0
    sha256: str = ""
    media_type: str = ""
    etag: str | None = None
    last_modified: str | None = None
    retry_after_seconds: float | None = None
    max_age_seconds: int | None = None

    @property
    def not_modified(self) -> bool:
        """Tell whether the publisher said that nothing changed (304): read the archived body."""
        return self.status == _NOT_MODIFIED


@dataclass(frozen=True, slots=True)
class Ask:
    """One GET; `secret_headers` and `secret_params` hold values, which do not follow a redirect to another host."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    secret_headers: Mapping[str, str] = field(default_factory=dict)
    secret_params: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    last_modified: str | None = None
    #: Answer 404 and 410 with a `Fetched` without body instead of an error.
    allow_missing: bool = False
    #: Raises once nobody waits for the answer; asked each second by another thread, and when the fetch has failed.
    checkpoint: Callable[[], None] = lambda: None

    def is_wanted(self) -> bool:
        """Tell whether somebody waits for the answer."""
        try:
            self.checkpoint()
        except Exception:
            return False
        return True


@dataclass(slots=True)
class _Seen:
    """How the last of a fetch's requests was answered."""

    status: int | None = None
    ttfb_ms: int | None = None

    def told_by(self, failure: FetchFailed | FetchRefused) -> FetchFailed | FetchRefused:
        """Note it on the error that ends the fetch."""
        failure.status, failure.ttfb_ms = self.status, self.ttfb_ms
        return failure


class Fetcher:
    """Fetches for feeds; holds no state between fetches, so one may serve many threads."""

    def __init__(
        self,
        *,
        allowed_private_hosts: Collection[str] = (),
        limits: Limits | None = None,
        user_agent: str = "CityPulse",
        trust_store: str | None = None,
        resolver: Resolve = resolve,
        dialler: Dial = dial,
    ) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_private_hosts)
        self._limits = limits or Limits()
        self._user_agent = user_agent
        self._trust_store = trust_store
        self._resolver = resolver
        self._dialler = dialler

    @classmethod
    def from_settings(cls, settings: Settings) -> "Fetcher":
        """Make the fetcher that this installation allows."""
        return cls(
            allowed_private_hosts=settings.feeds_allowed_private_hosts,
            limits=Limits(settings.feeds_max_bytes, settings.feeds_total_seconds),
            user_agent=f"CityPulse/{settings.app_version} (+{settings.public_url})",
        )

    def get(self, slug: str, ask: Ask, into: Path) -> Fetched:
        """
        Fetch into a new file in the folder `into`; `slug` names the feed in errors.

        Raises: what `ask.checkpoint` does, FetchFailed (timeout, no connection, 408, 429, 5xx, cut off), FetchRefused
        (404, 401, 403, refused address, too big, certificate); no file is left then.
        """
        began = time.perf_counter()
        with Deadline(self._limits.total_seconds, ask.is_wanted) as deadline, requests.Session() as session:
            session.trust_env = False
            guard = Guard(self._allowed, self._resolver, self._dialler, deadline)
            session.mount("http://", GuardedAdapter(guard))
            session.mount("https://", GuardedAdapter(guard))
            seen = _Seen()
            try:
                fetched = self._follow(session, ask, into, seen)
            except EXPECTED as error:
                ask.checkpoint()
                raise seen.told_by(named(slug, error, deadline, time.perf_counter() - began)) from error
            if deadline.expired:
                # A connection that was cut looks like the end of a body without a length.
                if fetched.path:
                    fetched.path.unlink(missing_ok=True)
                ask.checkpoint()
                raise seen.told_by(late(slug, deadline))
            return fetched

    def _follow(self, session: requests.Session, ask: Ask, into: Path, seen: "_Seen") -> Fetched:
        url, params = ask.url, {**ask.params, **ask.secret_params}
        headers = self._headers(ask)
        for _ in range(self._limits.max_redirects + 1):
            began = time.perf_counter()
            with self._send(session, url, params, headers) as response:
                seen.status, seen.ttfb_ms = response.status_code, round((time.perf_counter() - began) * 1000)
                target = _redirect(response)
                if target is None:
                    return self._answer(response, ask, into, seen.ttfb_ms)
            if not answered.same_origin(url, target):
                headers = {name: value for name, value in headers.items() if name not in ask.secret_headers}
            url, params = target, {}
            session.close()  # Not every server closes when asked to.
        raise FetchRefused(f"more than {self._limits.max_redirects} redirects")

    def _headers(self, ask: Ask) -> dict[str, str]:
        conditions = {"If-None-Match": ask.etag, "If-Modified-Since": ask.last_modified}
        return {
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            "Accept-Encoding": ACCEPTED,
            # One connection an answer: each hop of a redirect is resolved and vetted anew.
            "Connection": "close",
            **ask.headers,
            **ask.secret_headers,
            **{name: value for name, value in conditions.items() if value},
        }

    def _send(
        self, session: requests.Session, url: str, params: Mapping[str, str], headers: Mapping[str, str]
    ) -> requests.Response:
        vet_url(url, self._allowed)
        prepared = session.prepare_request(requests.Request("GET", url, params=params, headers=headers))
        # What is sent is what must be vetted: preparing encodes names and quotes paths.
        vet_url(prepared.url or "", self._allowed)
        return session.send(
            prepared,
            stream=True,
            allow_redirects=False,
            timeout=min(self._limits.total_seconds, _SILENCE_SECONDS),
            verify=self._trust_store or True,
        )

    def _answer(self, response: requests.Response, ask: Ask, into: Path, ttfb_ms: int) -> Fetched:
        now, headers, status = utcnow(), response.headers, response.status_code
        retry_after = answered.retry_after_seconds(headers.get("Retry-After"), now)
        fetched = Fetched(
            status=status,
            # Where the redirects ended, without the query when that may hold a key.
            url=response.url.split("?")[0] if ask.secret_params else response.url,
            fetched_at=now,
            ttfb_ms=ttfb_ms,
            media_type=answered.media_type(headers.get("Content-Type")),
            etag=headers.get("ETag"),
            last_modified=answered.last_modified(headers.get("Last-Modified"), now),
            retry_after_seconds=retry_after,
            max_age_seconds=answered.max_age_seconds(headers, now),
        )
        if status == _NOT_MODIFIED and (ask.etag or ask.last_modified):
            return fetched
        if status in _MISSING and ask.allow_missing:
            return fetched
        if status in _TRANSIENT or status >= 500 or status == _NOT_MODIFIED:
            raise FetchFailed(f"HTTP {status}", status=status, retry_after_seconds=retry_after)
        if status not in _SUCCESS:
            raise FetchRefused(f"HTTP {status}", status=status)
        return replace(fetched, **asdict(save(response, into, self._limits.max_bytes)))


def _redirect(response: requests.Response) -> str | None:
    location = response.headers.get("Location")
    if response.status_code not in _REDIRECTS or not location:
        return None
    # Servers write headers in Latin-1 or UTF-8; requests reads the first and quotes what is not ASCII.
    return urljoin(response.url, requests.utils.requote_uri(location))
