"""The audit rows of runs: begun in a transaction of their own, ended in that of what they stored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.cities.models import City
from shared.clock import new_id
from shared.db import Transaction
from shared.errors import Permanent
from shared.feeds.models import Feed, FeedReject, FeedResource, FeedRun, Payload
from shared.hidden import without_secrets
from shared.jobs.models import JobRow

#: Rejects kept of one run, each with its record; the counts by reason are always exact.
MOST_REJECTS = 1000
EXCERPT_CHARACTERS = 2048
SILENT = "the worker that ran this fell silent"


@dataclass(frozen=True, slots=True)
class Reject:
    """One record set aside, as it is kept."""

    record: str
    reason: str
    detail: str = ""
    external_id: str | None = None
    excerpt: str = ""


@dataclass(slots=True)
class Counts:
    """
    What became of a run's records.

    `records` are those the publisher sent; a record may give two of ours, a thing and its observation, and
    each of ours is counted once by what became of it (`accounted`).
    """

    records: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    vanished: int = 0
    described: int = 0
    rejected: Counter[str] = field(default_factory=Counter)

    @property
    def accounted(self) -> int:
        """Return how many records of ours are accounted for."""
        return self.new + self.changed + self.same + self.described + sum(self.rejected.values())


@dataclass(frozen=True, slots=True)
class Opened:
    """A run that has begun: its id, its feed, and what the feed's URLs said last, and of what media type."""

    run_id: UUID
    feed: Feed
    timezone: str
    resources: Mapping[str, FeedResource]
    media_types: Mapping[str, str]
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a run fetched; `resources` replace those of the feed once its content is stored."""

    http_status: int | None = None
    bytes: int = 0
    ttfb_ms: int | None = None
    ttl_seconds: int | None = None
    resources: Sequence[Mapping[str, Any]] = ()


def open_run(
    tx: Transaction, feed_id: UUID, job_id: UUID, now: datetime, *, heeds_breaker: bool = True
) -> Opened | None:
    """
    Begin a run, or return none when there is nothing to do.

    There is none when the feed is gone, when another job is running it, or when its breaker is open and
    this run heeds it. A row that a silent worker left behind is closed as failed first.
    """
    found = tx.execute(
        select(Feed, City.timezone).join(City, City.slug == Feed.city).where(Feed.id == feed_id)
    ).first()
    if found is None:
        return None
    is_open = found.Feed.open_until is not None and found.Feed.open_until > now
    if heeds_breaker and is_open:
        return None
    if not _close_silent_run(tx, feed_id, job_id, now):
        return None
    run_id = new_id()
    made = tx.execute(
        upsert(FeedRun)
        .values(id=run_id, feed_id=feed_id, job_id=job_id, state="running", started_at=now)
        .on_conflict_do_nothing()
        .returning(FeedRun.id)
    ).first()
    if made is None:
        return None
    known = tx.execute(
        select(FeedResource, Payload.media_type)
        .outerjoin(Payload, Payload.sha256 == FeedResource.sha256)
        .where(FeedResource.feed_id == feed_id)
    ).all()
    resources = {row.FeedResource.url: row.FeedResource for row in known}
    media_types = {row.FeedResource.url: row.media_type or "" for row in known}
    return Opened(run_id, found.Feed, found.timezone, resources, media_types, now)


def _close_silent_run(tx: Transaction, feed_id: UUID, job_id: UUID, now: datetime) -> bool:
    """Return whether the way is free: nobody runs the feed, or who did holds no lease any more."""
    running = tx.execute(
        select(FeedRun.id, FeedRun.job_id, JobRow.state, JobRow.lease_until)
        .outerjoin(JobRow, JobRow.id == FeedRun.job_id)
        .where(FeedRun.feed_id == feed_id, FeedRun.state == "running", FeedRun.reprocess_of.is_(None))
        .with_for_update(of=FeedRun)
    ).first()
    if running is None:
        return True
    is_alive = running.state == "running" and running.lease_until > now
    if running.job_id != job_id and is_alive:
        return False
    tx.execute(
        update(FeedRun).where(FeedRun.id == running.id).values(state="failed", finished_at=now, error=SILENT)
    )
    return True


def keep_rejects(tx: Transaction, run_id: UUID, rejects: Sequence[Reject], kept_before: int) -> int:
    """Keep rejects of a run as long as there is room; returns how many are kept by now."""
    room = max(0, MOST_REJECTS - kept_before)
    rows = [
        {
            "run_id": run_id,
            "record": reject.record,
            "external_id": _clean(reject.external_id),
            "reason": reject.reason,
            "detail": _clean(reject.detail),
            "excerpt": (_clean(reject.excerpt) or "")[:EXCERPT_CHARACTERS],
        }
        for reject in rejects[:room]
    ]
    if rows:
        tx.execute(insert(FeedReject), rows)
    return kept_before + len(rows)


def _clean(value: str | None) -> str | None:
    """Take out what Postgres cannot hold in a text, and keys that a publisher said back."""
    return value and without_secrets(value.replace("\x00", "").encode("utf-8", "replace").decode())


def lock_feed(tx: Transaction, feed_id: UUID) -> None:
    """
    Let one transaction at a time store for a feed: a live run and a reprocess may meet.

    The feed cannot be removed before the transaction ends.
    Raises: Permanent if it is gone.
    """
    _lock(tx, feed_id, "pg_advisory_xact_lock")
    hold_feed(tx, feed_id)


def share_feed(tx: Transaction, feed_id: UUID, *, waits: bool = True) -> bool:
    """
    As `lock_feed`, but beside others that share the feed: the steps of one run.

    Returns: whether it is shared; unless one `waits`, not while another has it alone or waits for that.
    """
    if waits:
        _lock(tx, feed_id, "pg_advisory_xact_lock_shared")
    elif not _lock(tx, feed_id, "pg_try_advisory_xact_lock_shared"):
        return False
    hold_feed(tx, feed_id)
    return True


def _lock(tx: Transaction, feed_id: UUID, how: str) -> Any:  # Any: what the function gives
    asked = text(f"SELECT {how}(hashtextextended(:key, 0))")
    return tx.execute(asked, {"key": f"feeds.store/{feed_id}"}).scalar_one()


def hold_feed(tx: Transaction, feed_id: UUID) -> None:
    """
    Keep a feed from being removed before the transaction ends.

    Raises: Permanent if it is gone.
    """
    if not tx.execute(text("SELECT 1 FROM feeds WHERE id = :id FOR KEY SHARE"), {"id": feed_id}).first():
        raise Permanent(f"feed {feed_id} was removed")
