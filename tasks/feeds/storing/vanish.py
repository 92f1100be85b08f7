"""
What a publisher no longer lists: pending first, withdrawn after a grace, and never all at once by mistake.
"""

# ruff: noqa: S608 - the only names put into statements are those of our tables.

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from shared.feeds import rules
from shared.feeds.items import pace_of
from shared.feeds.models import Feed
from tasks.feeds.connector import NOT_READ
from tasks.feeds.storing.store import Store
from tasks.feeds.storing.table import Writing
from tasks.feeds.storing.tables import Noun
from tasks.feeds.storing.tell import tell_features, tell_vehicles

#: Rows that are looked at together: a feed may have millions.
READ_AT_ONCE: Final = 10_000


def mark_missing(tx: Transaction, store: Store, feed: Feed, replaces: frozenset[str]) -> datetime | None:
    """
    Mark what this run, the publisher's whole truth, did not list; counts it as vanished.

    A list that is suddenly much shorter marks nothing until it has stayed short for a while; one that was not read
    to its end marks nothing.
    Returns: since when the feed's lists are suddenly shorter, or none.
    """
    if store.counts.rejected[NOT_READ]:
        return None
    shrunk = False
    accepted = feed.shrunk_since is not None and rules.is_shrunk_for_good(
        feed.shrunk_since, pace_of(feed), store.writing.now
    )
    for noun, seen in store.seen.items():
        if noun not in replaces or _all_are_listed(tx, store, noun):
            continue
        known, missing = _counted(tx, store, noun)
        # Ids that were set aside unread may be any of the missing.
        if not missing or missing <= store.nameless_rejects:
            continue
        if rules.is_sudden_drop(known, seen.size) and not accepted:
            shrunk = True
            continue
        store.counts.vanished += missing
        for _, ids in _unlisted(tx, store, noun):
            _mark(tx, store.writing, noun, ids)
    return (feed.shrunk_since or store.writing.now) if shrunk else None


def _all_are_listed(tx: Transaction, store: Store, noun: Noun) -> bool:
    """
    Tell whether no more rows count as listed than this run listed, all of which are stored.

    An older record that gave way may be of a row that is still missing: then each has to be looked at.
    """
    if store.counts.rejected["older"]:
        return False
    held = tx.execute(
        text(f"SELECT count(*) FROM {noun} WHERE feed_id = :feed_id AND missing_since IS NULL"),
        {"feed_id": store.writing.feed_id},
    ).scalar_one()
    return int(held) <= store.seen[noun].size


def _mark(tx: Transaction, writing: Writing, noun: Noun, ids: Sequence[UUID]) -> None:
    tx.execute(
        text(f"UPDATE {noun} SET missing_since = :now WHERE id = ANY(:ids)"),
        {"now": writing.now, "ids": ids},
    )
    if noun == "vehicles":
        tell_vehicles(tx, writing, [], list(map(str, ids)))


def _counted(tx: Transaction, store: Store, noun: Noun) -> tuple[int, int]:
    """Return how many of the feed were listed before this run, and how many this run did not list."""
    known = missing = 0
    for count, ids in _unlisted(tx, store, noun):
        known += count
        missing += len(ids)
    return known - store.added[noun], missing


def _unlisted(tx: Transaction, store: Store, noun: Noun) -> Iterator[tuple[int, Sequence[UUID]]]:
    """Yield, some rows at a time, how many count as listed, and which of them this run did not list."""
    rows = tx.execute(
        text(f"SELECT id, external_id FROM {noun} WHERE feed_id = :feed_id AND missing_since IS NULL"),
        {"feed_id": store.writing.feed_id},
        execution_options={"yield_per": READ_AT_ONCE},
    )
    for part in rows.partitions(READ_AT_ONCE):
        external_ids = [row.external_id for row in part]
        listed = store.seen[noun].holds(external_ids) | store.set_aside.holds(external_ids)
        yield len(part), [row.id for row, held in zip(part, listed, strict=True) if not held]


def withdraw_overdue(tx: Transaction, writing: Writing, feed: Feed) -> int:
    """Withdraw features that were missing for longer than the grace, and tell browsers; returns how many."""
    overdue = tx.scalars(
        text(
            "SELECT id FROM features WHERE feed_id = :feed_id AND missing_since <= :before"
            " AND missing_since IS NOT NULL AND withdrawn_at IS NULL"
        ),
        {
            "feed_id": feed.id,
            "before": writing.now - timedelta(seconds=rules.grace_seconds(pace_of(feed))),
        },
        execution_options={"yield_per": READ_AT_ONCE},
    )
    withdrawn = 0
    for ids in overdue.partitions(READ_AT_ONCE):
        gone = tx.execute(
            text(
                "UPDATE features SET withdrawn_at = :now, updated_at = :now WHERE id = ANY(:ids)"
                " AND missing_since IS NOT NULL AND withdrawn_at IS NULL RETURNING id, kind"
            ),
            {"now": writing.now, "ids": ids},
        ).all()
        tell_features(tx, writing, [], [(str(row.id), row.kind) for row in gone])
        withdrawn += len(gone)
    return withdrawn
