"""From fetched payloads to rows: parse, check, store in steps, and end the run in the last of them."""

import dataclasses
import io
import random
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final

from shared.clock import rfc3339, utcnow
from shared.db import Transaction, transaction
from shared.errors import CityPulseError, Transient
from shared.events import FeedRan
from shared.feeds.archive import record_payloads
from shared.feeds.judging import judge
from shared.feeds.models import Feed
from shared.feeds.option_types import Options
from shared.feeds.runs import Counts, Opened, hold_feed
from shared.feeds.runs_ended import end_run, fail_run
from shared.stream.publish import publish
from tasks.base import Job
from tasks.feeds.ahead import read_ahead
from tasks.feeds.connector import Malformed, Payload, Source
from tasks.feeds.fetching.visitor import Visitor
from tasks.feeds.quality import Context, all_set_aside
from tasks.feeds.registry import Connector
from tasks.feeds.storing.chunks import chunks
from tasks.feeds.storing.filled import drift_of
from tasks.feeds.storing.intake import Chunk
from tasks.feeds.storing.known import known_rows
from tasks.feeds.storing.steps import Steps
from tasks.feeds.storing.store import Store
from tasks.feeds.storing.table import Writing
from tasks.feeds.storing.totals import totals
from tasks.feeds.storing.vanish import mark_missing, withdraw_overdue

_READ_BYTES: Final = 1 << 18


def source_for(opened: Opened) -> Source:
    """Return what a connector knows of a feed."""
    feed = opened.feed
    return Source(
        feed_id=str(feed.id),
        city=feed.city,
        kind=feed.kind,
        url=feed.url,
        timezone=opened.timezone,
        options=feed.options,
        cursor=feed.cursor,
    )


def load(job: Job, visitor: Visitor, found: Connector) -> None:
    """
    Parse and store what was fetched, in steps of bounded size; the last one ends run and job.

    Raises: Malformed, also when not one of many records could be used.
    """
    meter = _Meter(visitor.visit.payloads)
    store = Store(_writing(visitor, found.manifest.parser_version, utcnow()))
    visitor.visit.counts = store.counts
    source = source_for(visitor.opened)
    with transaction() as tx:
        known = known_rows(tx, store.writing)
    taken = chunks(found.blocks(meter.payloads, source), context_for(source, store.writing.now), known)
    with closing(read_ahead(taken, lambda pair: pair[1])) as ahead, Steps(store) as steps:
        for number, (chunk, is_last) in enumerate(steps.chunks(ahead)):
            job.checkpoint()
            if not number:
                _record_payloads(visitor)
            if not is_last:
                steps.put(chunk, job.step(meter.read, meter.total, "records stored"))
                continue
            if why := _why_unusable(store.counts, chunk):
                with job.step(meter.read, meter.total, "records set aside") as tx:
                    store.put(tx, chunk, is_last)
                raise Malformed(f"feed {visitor.opened.feed.slug}: {why}")
            with job.finish() as tx:
                store.put(tx, chunk, is_last)
                _end(tx, visitor, store, found)


def _why_unusable(counts: Counts, last: Chunk) -> str | None:
    """Return why nothing that was sent could be used, or none when something could, or little was sent."""
    if counts.new or counts.changed or counts.same or not last.is_set_aside:
        return None
    return all_set_aside(counts.rejected + last.rejected)


def _record_payloads(visitor: Visitor) -> None:
    """Wait until all that was fetched is kept: nothing of it is stored before."""
    kept = visitor.kept()
    with transaction() as tx:
        hold_feed(tx, visitor.opened.feed.id)
        record_payloads(tx, visitor.opened.run_id, kept)


def context_for(source: Source, now: datetime) -> Context:
    """Return what records are held against; the option `bbox` bounds their places."""
    return Context(now=now, bbox=Options.read(source.options).bbox)


def keep_unchanged(tx: Transaction, visitor: Visitor, now: datetime) -> None:
    """End a run whose payloads are all known: nothing is parsed or stored."""
    opened = visitor.opened
    hold_feed(tx, opened.feed.id)
    withdraw_overdue(tx, _writing(visitor, opened.feed.parser_version or 1, now), opened.feed)
    end_run(tx, opened, "unchanged", visitor.visit.traffic, Counts(), now)
    _tell(tx, visitor, "unchanged", Counts(), now)


def record_failure(tx: Transaction, visitor: Visitor, error: CityPulseError, now: datetime) -> None:
    """End a run that failed: its row says why, and what was fetched until then stays in the archive."""
    opened = visitor.opened
    retry_after = error.retry_after_seconds if isinstance(error, Transient) else None
    jitter = random.random()  # noqa: S311 - spreads retries, keeps no secret
    visit = visitor.visit
    if fail_run(
        tx,
        opened,
        str(error),
        visit.traffic,
        visit.counts,
        now,
        jitter=jitter,
        retry_after_seconds=retry_after,
    ):
        record_payloads(tx, opened.run_id, visitor.reads())
        _tell(tx, visitor, "failed", Counts(), now)


def _writing(visitor: Visitor, parser_version: int, now: datetime) -> Writing:
    opened = visitor.opened
    return Writing(
        feed_id=opened.feed.id,
        city=opened.feed.city,
        run_id=opened.run_id,
        parser_version=parser_version,
        fetched_at=visitor.visit.fetched_at,
        now=now,
    )


def _end(tx: Transaction, visitor: Visitor, store: Store, found: Connector) -> None:
    opened, manifest, now = visitor.opened, found.manifest, utcnow()
    shrunk_since = mark_missing(tx, store, opened.feed, manifest.replaces)
    withdrawn = withdraw_overdue(tx, store.writing, opened.feed)
    end_run(
        tx,
        opened,
        "succeeded",
        visitor.visit.traffic,
        store.counts,
        now,
        cursor=visitor.visit.cursor,
        parser_version=manifest.parser_version,
        newest_at=store.newest_at,
        totals=totals(tx, store, opened.feed, withdrawn),
        shrunk_since=shrunk_since,
        **drift_of(opened.feed, store.filled, now),
        late_seconds=manifest.late_seconds,
        stale_seconds=manifest.stale_seconds,
        dead_seconds=manifest.dead_seconds,
    )
    _tell(tx, visitor, "succeeded", store.counts, now)


def _tell(tx: Transaction, visitor: Visitor, state: str, counts: Counts, now: datetime) -> None:
    """Judge the feed after its run, and tell browsers how the run went."""
    feed = tx.get_one(Feed, visitor.opened.feed.id, populate_existing=True)
    judge(tx, feed, now)
    payloads = visitor.visit.payloads
    publish(
        tx,
        FeedRan(
            feed_id=str(feed.id),
            city=feed.city,
            name_of_feed=feed.name,
            state=state,
            freshness=feed.freshness,
            new=counts.new,
            changed=counts.changed,
            rejected=sum(counts.rejected.values()),
            fetched_at=rfc3339(visitor.visit.fetched_at) if payloads else None,
        ),
        to=f"city:{feed.city}",
    )


class _Meter:
    """Measures how far parsing has come, by the bytes read of all payloads since each was last opened."""

    def __init__(self, payloads: Sequence[Payload]) -> None:
        self.total = sum(payload.size_bytes for payload in payloads)
        self.payloads = [
            dataclasses.replace(payload, open=partial(self._open, number))
            for number, payload in enumerate(payloads)
        ]
        self._metered = payloads
        self._read = [0] * len(payloads)

    @property
    def read(self) -> int:
        return sum(self._read)

    def note(self, number: int, size: int) -> None:
        """Note that so many more bytes of a payload were read."""
        self._read[number] += size

    def _open(self, number: int) -> BinaryIO:
        # Long documents are looked through before their rows are read.
        self._read[number] = 0
        stream = self._metered[number].open()
        return io.BufferedReader(_Metered(stream, partial(self.note, number)), _READ_BYTES)


class _Metered(io.RawIOBase):
    """A stream that notes how much was read of it."""

    def __init__(self, stream: BinaryIO, note: Callable[[int], None]) -> None:
        self._stream = stream
        self._note = note

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # a writable buffer, which has no name before Python 3.12
        """Read into a buffer."""
        size = self._stream.readinto(buffer)  # type: ignore[attr-defined]  # every buffered reader has it
        self._note(size)
        return int(size)

    def close(self) -> None:
        """Close the stream beneath."""
        self._stream.close()
        super().close()
