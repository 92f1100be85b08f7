"""Run feeds in tests against answers that are given, through the handler that workers use."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select, text

from shared.cities.models import City
from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.feeds.models import Feed, FeedRun
from shared.feeds.options import kinds
from shared.feeds.service import FeedDraft, create_feed
from shared.messages import ReprocessFeed, RunFeed
from tasks.feeds.connector import Manifest, Payload, Plan, Record, Request, Source
from tasks.feeds.encoding.blocks import Block
from tasks.feeds.fetching.errors import FetchRefused
from tasks.feeds.fetching.http import Ask, Fetched
from tasks.feeds.reprocess import reprocess
from tasks.feeds.run import run
from tests.support.jobs import running_job

CITY = "testville"
GIVEN = "https://given.example/feed"


@dataclass
class Site:
    """A publisher: URLs and what they answer; remembers what was asked."""

    pages: dict[str, bytes | Exception] = field(default_factory=dict)
    #: Whether it answers a matching ETag with 304.
    conditional: bool = True
    last_modified: str | None = None
    max_age_seconds: int | None = None
    asked: list[Ask] = field(default_factory=list)

    def get(self, slug: str, ask: Ask, into: Path) -> Fetched:
        """Answer as `Fetcher.get` does."""
        self.asked.append(ask)
        page = self.pages.get(ask.url)
        if isinstance(page, Exception):
            raise page
        now = utcnow()
        if page is None:
            if ask.allow_missing:
                return Fetched(404, ask.url, now, 1)
            raise FetchRefused(f"feed {slug}: HTTP 404", status=404)
        sha256 = hashlib.sha256(page).hexdigest()
        etag = f'"{sha256[:8]}"' if self.conditional else None
        if etag is not None and ask.etag == etag:
            return Fetched(304, ask.url, now, 1, etag=etag, max_age_seconds=self.max_age_seconds)
        path = into / sha256
        path.write_bytes(page)
        return Fetched(
            200,
            ask.url,
            now,
            1,
            path=path,
            size_bytes=len(page),
            wire_bytes=len(page),
            sha256=sha256,
            etag=etag,
            last_modified=self.last_modified,
            max_age_seconds=self.max_age_seconds,
        )


def add_city(tx: Transaction, slug: str = CITY, timezone: str = "UTC") -> City:
    """Add a city with nothing in it."""
    city = tx.get(City, slug) or City(slug=slug, name=slug.title(), timezone=timezone, config={})
    tx.add(city)
    tx.flush()
    return city


def add_feed(kind: str, url: str = "https://feeds.example/", *, timezone: str = "UTC", **values: Any) -> UUID:
    """Commit a feed of a kind in the test city and return its id."""
    with transaction() as tx:
        add_city(tx, timezone=timezone)
        saved_as = kind if kind in kinds() else "news"
        told = {"name": f"{kind} {urlsplit(url).hostname}", "interval_seconds": 60, **values}
        draft = FeedDraft(**{"city": CITY, "kind": saved_as, "url": url, **told})
        feed = create_feed(tx, draft, utcnow())
        # A connector of the tests is none that could be saved.
        feed.kind = kind
        return feed.id


def run_feed(feed_id: UUID, site: Site, reason: str = "schedule") -> FeedRun:
    """Run a feed once and return its newest run; what the handler raises is raised."""
    message = RunFeed(feed_id=str(feed_id), reason=reason)
    with running_job(message) as job:
        run(message, job, get=site)
    return newest_run(feed_id)


def newest_run(feed_id: UUID) -> FeedRun:
    """Return the run that began last."""
    with transaction() as tx:
        return tx.scalars(
            select(FeedRun).where(FeedRun.feed_id == feed_id).order_by(FeedRun.started_at.desc()).limit(1)
        ).one()


def feed_row(feed_id: UUID) -> Feed:
    """Return a feed as it is committed."""
    with transaction() as tx:
        return tx.get_one(Feed, feed_id)


def snapshot(table: str, columns: str = "external_id, content_hash") -> set[tuple[Any, ...]]:
    """Return the rows of a table as a set."""
    with transaction() as tx:
        rows = tx.execute(text(f"SELECT {columns} FROM {table}"))
        return {tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows}


def count(table: str, where: str = "true", **values: Any) -> int:
    """Count rows."""
    with transaction() as tx:
        return int(tx.execute(text(f"SELECT count(*) FROM {table} WHERE {where}"), values).scalar_one())


def row_versions(*tables: str) -> set[tuple[Any, ...]]:
    """Return where each row lies and which transaction wrote it: equal sets mean that nothing was written."""
    found: set[tuple[Any, ...]] = set()
    with transaction() as tx:
        for table in tables:
            found |= {
                (table, *row) for row in tx.execute(text(f"SELECT ctid::text, xmin::text FROM {table}"))
            }
    return found


def events(name: str) -> list[Mapping[str, Any]]:
    """Return the data of the published events of a name, in their order."""
    with transaction() as tx:
        return list(
            tx.execute(text("SELECT data FROM events WHERE name = :n ORDER BY id"), {"n": name}).scalars()
        )


class Given:
    """A connector whose records are given by the test: one list a run, the same list when one is left."""

    def __init__(
        self, *runs: Sequence[Record] | Exception, replaces: Iterable[str] = (), parser_version: int = 1
    ) -> None:
        self.runs = list(runs)
        self.manifest = Manifest(
            kind="given",
            name="Given",
            parser_version=parser_version,
            standard="",
            replaces=frozenset(replaces),
            late_seconds=60,
            stale_seconds=600,
            dead_seconds=3600,
        )

    def plan(self, source: Source) -> Plan:
        """Fetch one URL."""
        yield Request(name="given", url=source.url)
        return {"run": source.cursor.get("run", 0) + 1}

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Yield the next list; an exception in its place, or at its end, is raised."""
        records = self.runs.pop(0) if len(self.runs) > 1 else self.runs[0]
        if isinstance(records, Exception):
            raise records
        for record in records:
            if isinstance(record, Exception):
                raise record
            yield record

    def blocks(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record | Block]:
        """Yield the same."""
        return self.parse(payloads, source)


def run_given(feed_id: UUID, connector: Given, reason: str = "schedule", site: Site | None = None) -> FeedRun:
    """Run a feed with a given connector, on a payload that differs from the last."""
    message = RunFeed(feed_id=str(feed_id), reason=reason)
    with running_job(message) as job:
        run(message, job, get=site or Site({GIVEN: secrets.token_bytes(8)}), find=lambda _: connector)
    return newest_run(feed_id)


def add_given(**values: Any) -> UUID:
    """Commit a feed for a given connector."""
    return add_feed("given", GIVEN, **values)


def reprocess_feed(feed_id: UUID, connector: Given, *, dry_run: bool = True, hours: float = 24) -> FeedRun:
    """Reprocess what a feed read in the last hours and return the row of it."""
    now = utcnow()
    message = ReprocessFeed(
        feed_id=str(feed_id),
        since=(now - timedelta(hours=hours)).isoformat(),
        until=(now + timedelta(hours=1)).isoformat(),
        dry_run=dry_run,
        reason="test",
    )
    with running_job(message) as job:
        reprocess(message, job, find=lambda _: connector)
    return newest_run(feed_id)


class ByPayload(Given):
    """A connector that gives records by what the payload says, as a real one does."""

    def __init__(self, pages: Mapping[bytes, Sequence[Record] | Exception], **values: Any) -> None:
        super().__init__([], **values)
        self.pages = pages

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Yield the records of the payload's text."""
        self.runs = [self.pages[payloads[0].read()]]
        yield from super().parse(payloads, source)
