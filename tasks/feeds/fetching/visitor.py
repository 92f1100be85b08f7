"""
Fetch what a connector's plan asks for: conditionally, within the publisher's ttl, into the archive.

A payload is read as it was fetched while the archive packs it, in a thread: who stores something of it waits
for that first (`kept`). No transaction is open meanwhile. What a URL said (its validators) is kept only once
its content is stored, so that a payload that failed to parse is never taken for one that is known.
"""

import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import BinaryIO, Final

from shared.clock import utcnow
from shared.feeds.archive import Archive, Read
from shared.feeds.items import pace_of
from shared.feeds.models import FeedResource
from shared.feeds.runs import Opened
from tasks.feeds.connector import Payload, Request, Source
from tasks.feeds.credentials import with_credential
from tasks.feeds.fetching.errors import FetchFailed, FetchRefused
from tasks.feeds.fetching.headers import http_date
from tasks.feeds.fetching.http import Ask, Fetched
from tasks.feeds.fetching.rules import full_url, is_young, resource, went_back
from tasks.feeds.fetching.visit import Gets, Visit, secret_named
from tasks.feeds.registry import Connector

NOT_FOUND: Final = 404


class Visitor:
    """Answers the requests of one run's plan."""

    def __init__(
        self,
        opened: Opened,
        get: Gets,
        archive: Archive,
        *,
        secret: Callable[[str], str] = secret_named,
        clock: Callable[[], datetime] = utcnow,
        checkpoint: Callable[[], None] = lambda: None,
    ) -> None:
        self.visit = Visit()
        self.opened = opened
        self._get = get
        self._archive = archive
        self._secret = secret
        self._clock = clock
        self._checkpoint = checkpoint
        self._folder = TemporaryDirectory(prefix="citypulse-feed-")
        self._packer = ThreadPoolExecutor(1, "archive")
        self._packing: list[Future[None]] = []

    def __enter__(self) -> "Visitor":
        """Return itself: what it fetched is there until it is left."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Wait for the archive, and remove what was fetched."""
        self._packer.shutdown()
        self._folder.cleanup()

    def kept(self) -> list[Read]:
        """
        Return what was fetched, whole up to a request that failed, once it is in the archive.

        Raises: OSError when some of it cannot be kept.
        """
        for packed in self._packing:
            packed.result()
        return self.reads()

    def reads(self) -> list[Read]:
        """Return what is in the archive of what was fetched, once no more of it will be."""
        wait(self._packing)
        return [
            Read(
                self._archive.kept(payload.sha256, payload.size_bytes),
                payload.name,
                payload.url,
                payload.status,
                payload.media_type,
                payload.fetched_at,
            )
            for payload in self.visit.payloads
            if payload.sha256 and self._archive.holds(payload.sha256)
        ]

    def run(self, connector: Connector, source: Source) -> None:
        """
        Follow the connector's plan to its end; what it gave is in `visit`, also when this raises.

        Raises: FetchFailed, FetchRefused, Malformed.
        """
        plan = connector.plan(source)
        try:
            request = next(plan)
            while True:
                self._checkpoint()
                request = plan.send(self._answer(with_credential(request, source)))
        except StopIteration as end:
            self.visit.cursor = end.value or {}

    @property
    def is_unchanged(self) -> bool:
        """Tell whether every payload is the one that was stored last, of the very same URLs."""
        asked = {row["url"] for row in self.visit.resources}
        return asked == self.opened.resources.keys() and all(
            payload.unchanged or payload.status == NOT_FOUND for payload in self.visit.payloads
        )

    def _answer(self, request: Request) -> Payload:
        url = full_url(request)
        known = self._held(url)
        self.visit.ttls.append(request.max_age_seconds)
        if known is not None and is_young(known, request, self._clock()):
            return self._from_archive(request, url, known, known.fetched_at or self.opened.started_at)
        fetched = self._ask(request, known)
        self._count(fetched)
        if fetched.path is None and fetched.status == NOT_FOUND:
            return self._add(
                Payload(request.name, url, io.BytesIO, fetched.fetched_at, status=NOT_FOUND, unchanged=True)
            )
        if known is not None and fetched.not_modified:
            return self._from_archive(request, url, known, fetched.fetched_at, fetched)
        if known is not None and went_back(known, fetched, pace_of(self.opened.feed)):
            return self._from_archive(request, url, known, known.fetched_at or fetched.fetched_at)
        return self._archived(request, url, fetched)

    def _held(self, url: str) -> FeedResource | None:
        """Return what the URL said last, provided that its payload is still in the archive."""
        known = self.opened.resources.get(url)
        return known if known is not None and known.sha256 and self._archive.holds(known.sha256) else None

    def _ask(self, request: Request, known: FeedResource | None) -> Fetched:
        conditional = known if request.conditional else None
        ask = Ask(
            url=request.url,
            params=request.params,
            headers=request.headers,
            secret_headers={header: self._secret(name) for header, name in request.secret_headers.items()},
            secret_params={param: self._secret(name) for param, name in request.secret_params.items()},
            etag=conditional.etag if conditional else None,
            last_modified=conditional.last_modified if conditional else None,
            allow_missing=request.optional,
            checkpoint=self._checkpoint,
        )
        try:
            # Each in a folder of its own: one that is read on must not be written over by the next.
            return self._get.get(self.opened.feed.slug, ask, Path(mkdtemp(dir=self._folder.name)))
        except (FetchFailed, FetchRefused) as error:
            self.visit.http_status = error.status
            self.visit.ttfb_ms = max(self.visit.ttfb_ms or 0, error.ttfb_ms or 0) or None
            raise

    def _count(self, fetched: Fetched) -> None:
        visit = self.visit
        visit.bytes += fetched.wire_bytes
        visit.ttfb_ms = max(visit.ttfb_ms or 0, fetched.ttfb_ms)
        # A run of several requests shows the status of what it got, not of what it did not need.
        if visit.http_status is None or fetched.status not in (304, NOT_FOUND):
            visit.http_status = fetched.status

    def _from_archive(
        self,
        request: Request,
        url: str,
        known: FeedResource,
        fetched_at: datetime,
        fetched: Fetched | None = None,
    ) -> Payload:
        sha256 = known.sha256 or ""
        self.visit.resources.append(
            resource(
                url, sha256, fetched_at, fetched.max_age_seconds if fetched else None,
                etag=known.etag, last_modified=known.last_modified,
                until=None if fetched else known.fresh_until,
            )
        )  # fmt: skip
        return self._add(
            Payload(
                request.name,
                url,
                partial(self._open, sha256),
                fetched_at,
                media_type=self.opened.media_types.get(url, ""),
                sha256=sha256,
                unchanged=True,
                last_modified=http_date(known.last_modified),
            )
        )

    def _archived(self, request: Request, url: str, fetched: Fetched) -> Payload:
        if fetched.path is None:
            raise FetchFailed(
                f"feed {self.opened.feed.slug}: HTTP {fetched.status} without a body", status=fetched.status
            )
        self._packing.append(self._packer.submit(self._pack, fetched.path, fetched))
        before = self.opened.resources.get(url)
        self.visit.resources.append(
            resource(
                url, fetched.sha256, fetched.fetched_at, fetched.max_age_seconds,
                etag=fetched.etag, last_modified=fetched.last_modified,
            )
        )  # fmt: skip
        return self._add(
            Payload(
                request.name,
                url,
                partial(self._open, fetched.sha256, fetched.path),
                fetched.fetched_at,
                media_type=fetched.media_type,
                sha256=fetched.sha256,
                size_bytes=fetched.size_bytes,
                unchanged=before is not None and before.sha256 == fetched.sha256,
                last_modified=http_date(fetched.last_modified),
            )
        )

    def _add(self, payload: Payload) -> Payload:
        self.visit.payloads.append(payload)
        return payload

    def _pack(self, path: Path, fetched: Fetched) -> None:
        self._archive.keep(path, fetched.sha256, fetched.size_bytes)
        path.unlink()

    def _open(self, sha256: str, path: Path | None = None) -> BinaryIO:
        """Open a payload as it was fetched, or from the archive once it is only there."""
        if path is not None:
            with suppress(FileNotFoundError):
                return path.open("rb")
        return self._archive.open(sha256)
