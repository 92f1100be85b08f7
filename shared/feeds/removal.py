"""
Remove a feed with all it gave.

Millions of rows take longer than a request may: a job removes most of them in steps, and what is left with the feed.
"""

from collections.abc import Sequence, Set
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from shared.events import FeedRemoved
from shared.feeds.runs import lock_feed
from shared.feeds.service import expect, get_feed_row, is_removed, slug_of_removed
from shared.jobs.enqueue import Enqueued, enqueue
from shared.messages import DeleteFeed
from shared.stream.publish import publish

#: What a feed may have most of, and how many go at a time; a run takes up to a thousand rejects with it.
_PARTS: Final = (
    ("features", "feed_id = :feed_id", 10_000),
    ("feed_runs", "feed_id = :feed_id AND state <> 'running'", 100),
)


def request_delete(tx: Transaction, feed_id: UUID, versions: Set[str] | None = None) -> Enqueued:
    """
    Ask to remove a feed and all it gave; until its job has ended the feed is there, paused, its slug free for another.

    Asked for again it stays asked for, whichever version is expected (RFC 9110, 13.1.1).
    Raises: NotFound; Outdated if it is of none of the `versions` that the caller expects.
    """
    feed = get_feed_row(tx, feed_id, lock=True)
    if not is_removed(feed):
        expect(feed, versions)
    feed.paused = True
    feed.slug = slug_of_removed(feed.id)
    return enqueue(tx, DeleteFeed(feed_id=str(feed.id)), unique_key=f"feeds.delete/{feed.id}")


def datastreams_of(tx: Transaction, feed_id: UUID) -> Sequence[UUID]:
    """Return the datastreams of a feed."""
    rows = tx.execute(text("SELECT id FROM datastreams WHERE feed_id = :feed_id"), {"feed_id": feed_id})
    return rows.scalars().all()


def remove_results(tx: Transaction, datastream_ids: Sequence[UUID]) -> None:
    """Remove all that was observed in datastreams; their last results stay on them."""
    for table in ("observations", "observation_hours"):
        tx.execute(
            text(f"DELETE FROM {table} WHERE datastream_id = ANY(:ids)"),  # noqa: S608 - our own names
            {"ids": list(datastream_ids)},
        )


def remove_part(tx: Transaction, feed_id: UUID) -> int:
    """
    Remove some of a feed's features, or else of its runs; returns how many, none when few are left.

    Raises: Permanent if the feed is gone.
    """
    lock_feed(tx, feed_id)
    for table, which, most in _PARTS:
        removed = tx.execute(
            text(
                f"DELETE FROM {table} WHERE id = ANY(ARRAY("  # noqa: S608 - as above
                f" SELECT id FROM {table} WHERE {which} LIMIT :most)) RETURNING 1"
            ),
            {"feed_id": feed_id, "most": most},
        ).all()
        if len(removed) == most:
            return most
    return 0


def remove_feed(tx: Transaction, feed_id: UUID) -> None:
    """
    Remove a feed and what is left of it, and tell browsers; its payloads go with the retention rules.

    Raises: Permanent if it is gone.
    """
    lock_feed(tx, feed_id)
    values = {"feed_id": feed_id}
    city = tx.execute(text("SELECT city FROM feeds WHERE id = :feed_id FOR UPDATE"), values).scalar()
    remove_results(tx, datastreams_of(tx, feed_id))
    tx.execute(text("DELETE FROM features WHERE feed_id = :feed_id"), values)
    tx.execute(text("DELETE FROM feeds WHERE id = :feed_id"), values)
    publish(tx, FeedRemoved(str(feed_id), str(city)), to=f"city:{city}")
