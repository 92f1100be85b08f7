"""Batches: exact counters and one callback, counted in the transaction that ends each member."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text

from shared.clock import new_id
from shared.db import Transaction
from shared.jobs.enqueue import enqueue, enqueue_many
from shared.messages import Message, message_named

_COUNT = text("""
WITH before AS (SELECT id, finished_at FROM job_batches WHERE id = :id FOR UPDATE)
UPDATE job_batches b SET succeeded = succeeded + :good, failed = failed + :bad,
  finished_at = CASE WHEN succeeded + failed + :good + :bad >= total
    THEN coalesce(b.finished_at, clock_timestamp()) ELSE b.finished_at END
FROM before WHERE b.id = before.id
RETURNING before.finished_at IS NULL AND b.finished_at IS NOT NULL AS completed, callback_kind, callback_args
""")


def enqueue_batch(tx: Transaction, members: Sequence[Message], callback: Message | None = None) -> UUID:
    """Enqueue `members` as one batch; `callback` is enqueued once, when the last of them has ended."""
    batch_id = new_id()
    tx.execute(
        text(
            "INSERT INTO job_batches (id, total, callback_kind, callback_args, finished_at)"
            " VALUES (:id, :total, :kind, CAST(:args AS jsonb),"
            " CASE WHEN :total = 0 THEN clock_timestamp() END)"
        ),
        {
            "id": batch_id,
            "total": len(members),
            "kind": callback.route.name if callback else None,
            "args": json.dumps(callback.to_args() if callback else {}),
        },
    )
    enqueue_many(tx, members, batch_id=batch_id)
    if callback and not members:
        enqueue(tx, callback)
    return batch_id


def reopen_batches(tx: Transaction, batch_ids: Iterable[UUID | None]) -> None:
    """
    Take dead members that are tried again out of the count, one entry each.

    A batch that was complete called back then, and does not do so a second time.
    """
    counted = Counter(batch_id for batch_id in batch_ids if batch_id is not None)
    for batch_id, count in sorted(counted.items()):
        tx.execute(
            text("UPDATE job_batches SET failed = failed - :count WHERE id = :id"),
            {"id": batch_id, "count": count},
        )


def settle_batches(tx: Transaction, batch_ids: Iterable[UUID | None], *, succeeded: bool) -> None:
    """Count ended members, one entry each; enqueue the callback of a batch that is now complete."""
    counted = Counter(batch_id for batch_id in batch_ids if batch_id is not None)
    for batch_id, count in sorted(counted.items()):
        good, bad = (count, 0) if succeeded else (0, count)
        row = tx.execute(_COUNT, {"id": batch_id, "good": good, "bad": bad}).one()
        if row.completed and row.callback_kind is not None:
            enqueue(tx, message_named(row.callback_kind).from_args(row.callback_args))
