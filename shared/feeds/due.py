"""Which feeds are due: the schedule is a column of their rows, and each slot fires once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction
from shared.feeds.hours import are_hours, opens_at
from shared.feeds.rules import Ages, Pace
from shared.feeds.slots import own_slot, place
from shared.jobs.enqueue import enqueue
from shared.messages import RunFeed

#: Feeds enqueued by one call; the next call, a second later, takes the next.
_MOST_DUE: Final = 500
_MINUTE: Final = 60
#: A schedule asks for no ages.
_ANY_AGES: Final = Ages(1, 2, 3)


@dataclass(frozen=True, slots=True)
class Due:
    """A feed whose slot has come."""

    feed_id: UUID
    url: str
    slot: datetime

    @property
    def cron_slot(self) -> str:
        """Return the key that makes this slot fire once, whatever the number of schedulers."""
        return f"feeds.run/{self.feed_id}@{rfc3339(self.slot)}"


def due_feeds(tx: Transaction, now: datetime) -> Sequence[Due]:
    """
    Take the feeds whose slot has come, and set each to its next slot in the same statement's transaction.

    One whose slot comes outside its hours is set to their beginning instead. Two schedulers share them: a feed that
    one of them holds is skipped by the other.
    """
    rows = tx.execute(
        text("""
        SELECT f.id, url, interval_seconds, ttl_seconds, next_run_at, options->>'hours' AS hours,
          options->>'timezone' AS told_zone, c.timezone
        FROM feeds f JOIN cities c ON c.slug = f.city
        WHERE NOT paused AND next_run_at <= :now ORDER BY next_run_at LIMIT :most FOR UPDATE OF f SKIP LOCKED"""),
        {"now": now, "most": _MOST_DUE},
    ).all()
    if not rows:
        return []
    opening = [_opening(row, now) for row in rows]
    planned = [
        opens
        or own_slot(row.next_run_at, row.id, Pace(row.interval_seconds, _ANY_AGES, row.ttl_seconds), now)
        for row, opens in zip(rows, opening, strict=True)
    ]
    tx.execute(
        text(
            "UPDATE feeds SET next_run_at = k.at"
            " FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS k(id, at) WHERE feeds.id = k.id"
        ),
        {"ids": [row.id for row in rows], "times": planned},
    )
    return [
        Due(row.id, row.url, row.next_run_at)
        for row, opens in zip(rows, opening, strict=True)
        if opens is None
    ]


def _opening(row: Any, now: datetime) -> datetime | None:  # Any: a row of the statement above
    """Return when a feed may be asked again, at its own second of that minute; none when it may now."""
    opens = opens_at(row.hours, _zone(row), now) if are_hours(row.hours) else None
    return opens and opens + place(row.id, _MINUTE)


def _zone(row: Any) -> ZoneInfo:  # Any: as above
    """Return the zone of a feed's hours; one that is none is its own run's to tell, and stops no other feed's."""
    try:
        return ZoneInfo(row.told_zone or row.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(row.timezone)


def enqueue_due(tx: Transaction, now: datetime) -> int:
    """Enqueue a run for every feed whose slot has come; returns how many jobs that made."""
    made = [
        enqueue(
            tx,
            RunFeed(feed_id=str(due.feed_id)),
            unique_key=run_key(due.feed_id),
            rate_key=host_key(due.url),
            cron_slot=due.cron_slot,
        )
        for due in due_feeds(tx, now)
    ]
    return sum(job.created for job in made)


def run_key(feed_id: UUID) -> str:
    """Return the key under which at most one run of a feed waits or works."""
    return f"feeds.run/{feed_id}"


def host_key(url: str) -> str:
    """Return the token bucket of a publisher's host."""
    return f"host:{urlsplit(url).hostname or ''}"
