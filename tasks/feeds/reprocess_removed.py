"""Rows that a past run stored and that its payloads, read again, no longer give."""

# ruff: noqa: S608 - the only names put into statements are those of our tables.

from collections.abc import Callable, Iterator, Sequence
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from tasks.feeds.storing.keys import KeySet
from tasks.feeds.storing.table import Writing
from tasks.feeds.storing.tables import Noun
from tasks.feeds.storing.tell import tell_features
from tasks.feeds.storing.vanish import READ_AT_ONCE


def stored_at(
    tx: Transaction, noun: Noun, writing: Writing, seen: KeySet
) -> Iterator[Sequence[tuple[UUID, str]]]:
    """
    Yield our ids and the external ids of rows as the past run left them that were not seen again, some at a time.

    The moment of fetching tells whose they are: what a later run changed has a later one.
    """
    rows = tx.execute(
        text(
            f"SELECT id, external_id FROM {noun} WHERE feed_id = :feed_id AND fetched_at = :fetched_at"
            " AND missing_since IS NULL"
        ),
        {"feed_id": writing.feed_id, "fetched_at": writing.fetched_at},
        execution_options={"yield_per": READ_AT_ONCE},
    )
    for part in rows.partitions(READ_AT_ONCE):
        held = seen.holds([row.external_id for row in part])
        yield [(row.id, row.external_id) for row, was_seen in zip(part, held, strict=True) if not was_seen]


def remove(
    tx: Transaction, noun: Noun, writing: Writing, seen: KeySet, tell: Callable[[Sequence[str]], None]
) -> int:
    """
    Mark such rows missing; features are withdrawn at once, and browsers told; `tell` is told their external ids.

    Returns: how many.
    """
    withdrawn = ", withdrawn_at = :now, updated_at = :now" if noun == "features" else ""
    kind = "kind" if noun != "trip_updates" else "''"
    removed = 0
    for part in stored_at(tx, noun, writing, seen):
        rows = tx.execute(
            text(
                f"UPDATE {noun} SET missing_since = :now{withdrawn} WHERE id = ANY(:ids) RETURNING id, {kind}"
            ),
            {"now": writing.now, "ids": [id_ for id_, _ in part]},
        ).all()
        if noun == "features":
            tell_features(tx, writing, [], [(str(id_), kind) for id_, kind in rows])
        tell([external_id for _, external_id in part])
        removed += len(rows)
    return removed


def hide(tx: Transaction, noun: Noun, writing: Writing, ids: list[str]) -> None:
    """Mark rows missing that an old payload gave anew: the publisher does not list them today."""
    if ids:
        tx.execute(
            text(f"UPDATE {noun} SET missing_since = :now WHERE id = ANY(CAST(:ids AS uuid[]))"),
            {"now": writing.now, "ids": ids},
        )
