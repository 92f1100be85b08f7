"""Forget old events, and remember how far we forgot, so that a late reader is told to start afresh."""

from sqlalchemy import text

from shared.db import Transaction

_PRUNE = text("""
WITH old AS (DELETE FROM events WHERE id IN (
    SELECT id FROM events WHERE at < clock_timestamp() - make_interval(hours => :hours)
    ORDER BY xid, id LIMIT :batch) RETURNING xid::text::bigint AS xid, id),
furthest AS (SELECT xid, id FROM old ORDER BY xid DESC, id DESC LIMIT 1),
marked AS (
  UPDATE stream_state s SET pruned_xid = f.xid, pruned_id = f.id FROM furthest f
  WHERE (s.pruned_xid, s.pruned_id) < (f.xid, f.id))
SELECT count(*) FROM old
""")


def prune_events(tx: Transaction, keep_hours: int, batch: int) -> int:
    """Delete one batch of events older than `keep_hours`; returns how many."""
    return int(tx.execute(_PRUNE, {"hours": keep_hours, "batch": batch}).scalar_one())
