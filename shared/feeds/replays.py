"""Past runs to read again, and the audit row of a reprocess."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, update

from shared.cities.models import City
from shared.clock import new_id
from shared.db import Transaction
from shared.feeds.models import Feed, FeedRun, RunPayload
from shared.feeds.retention import recount
from shared.feeds.runs import SILENT, Counts


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run whose payloads are in the archive; `is_current` when no later run of the feed has any."""

    id: UUID
    started_at: datetime
    payloads: Sequence[RunPayload]
    is_current: bool


@dataclass(frozen=True, slots=True)
class Replay:
    """A reprocess that has begun."""

    run_id: UUID
    feed: Feed
    timezone: str
    runs: Sequence[PastRun]
    dry_run: bool


def open_replay(
    tx: Transaction,
    feed_id: UUID,
    job_id: UUID,
    since: datetime,
    until: datetime,
    *,
    dry_run: bool,
    now: datetime,
) -> Replay | None:
    """
    Begin a reprocess of the runs of [since, until); none when the feed is gone.

    A row that an earlier attempt of the same job left is closed as failed.
    """
    found = tx.execute(
        select(Feed, City.timezone).join(City, City.slug == Feed.city).where(Feed.id == feed_id)
    ).first()
    if found is None:
        return None
    tx.execute(
        update(FeedRun)
        .where(FeedRun.job_id == job_id, FeedRun.state == "running")
        .values(state="failed", finished_at=now, error=SILENT)
    )
    runs = past_runs(tx, feed_id, since, until)
    run_id = new_id()
    row = FeedRun(
        id=run_id,
        feed_id=feed_id,
        job_id=job_id,
        state="running",
        started_at=now,
        dry_run=dry_run,
        # A reprocess of nothing is its own cause: the column also keeps it apart from live runs.
        reprocess_of=runs[-1].id if runs else run_id,
    )
    tx.add(row)
    tx.flush()
    return Replay(run_id, found.Feed, found.timezone, runs, dry_run)


def past_runs(tx: Transaction, feed_id: UUID, since: datetime, until: datetime) -> list[PastRun]:
    """Return the runs of [since, until) that read payloads, oldest first."""
    newest = tx.execute(_NEWEST, {"feed_id": feed_id}).scalar()
    rows = tx.execute(
        select(FeedRun.id, FeedRun.started_at, RunPayload)
        .join(RunPayload, RunPayload.run_id == FeedRun.id)
        .where(
            FeedRun.feed_id == feed_id,
            FeedRun.reprocess_of.is_(None),
            FeedRun.started_at >= since,
            FeedRun.started_at < until,
        )
        .order_by(FeedRun.started_at, FeedRun.id, RunPayload.position)
    ).all()
    found: dict[UUID, tuple[datetime, list[RunPayload]]] = {}
    for run_id, started_at, payload in rows:
        found.setdefault(run_id, (started_at, []))[1].append(payload)
    return [
        PastRun(run_id, started_at, payloads, run_id == newest)
        for run_id, (started_at, payloads) in found.items()
    ]


_NEWEST = text("""
SELECT r.id FROM feed_runs r
WHERE r.feed_id = :feed_id AND r.reprocess_of IS NULL AND r.state = 'succeeded'
  AND EXISTS (SELECT 1 FROM feed_run_payloads p WHERE p.run_id = r.id)
ORDER BY r.started_at DESC LIMIT 1""")


def close_replay(
    tx: Transaction,
    replay: Replay,
    counts: Counts,
    difference: Mapping[str, Any],
    *,
    parser_version: int,
    now: datetime,
) -> None:
    """
    End a reprocess.

    A feed whose current payload was read by a newer parser need not read it once more.
    """
    tx.execute(
        update(FeedRun)
        .where(FeedRun.id == replay.run_id)
        .values(
            state="succeeded",
            finished_at=now,
            records=counts.records,
            new=counts.new,
            changed=counts.changed,
            same=counts.same,
            vanished=counts.vanished,
            described=counts.described,
            rejected=dict(counts.rejected),
            parser_version=parser_version,
            difference=dict(difference),
        )
    )
    if replay.dry_run:
        return
    recount(tx, replay.feed.id)
    if any(run.is_current for run in replay.runs):
        tx.execute(update(Feed).where(Feed.id == replay.feed.id).values(parser_version=parser_version))


def fail_replay(tx: Transaction, replay: Replay, error: str, now: datetime) -> None:
    """End a reprocess that could not go on; what its steps stored stays."""
    tx.execute(
        update(FeedRun)
        .where(FeedRun.id == replay.run_id, FeedRun.state == "running")
        .values(state="failed", finished_at=now, error=error)
    )
