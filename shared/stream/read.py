"""
Follow the stream without a gap: by the pair (xid, id), below the horizon of what may still commit.

An event's id is taken when it is written and seen when its transaction commits, and transactions commit in
any order, so a plain `id > last` steps over an event for ever. Transaction ids alone have the same fault.
Every event whose transaction is older than the oldest one still open is there to be read, and none can come
before it any more: among those the pair is a complete order.
Source: PostgreSQL manual, 9.28 "Transaction ID and Snapshot Information Functions" (pg_snapshot_xmin).
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Row, text
from sqlalchemy.orm import Session

from shared.stream.position import Position, Stored, StreamEnds

Reader = Session | Connection

_ENDS = text("""
SELECT s.epoch, s.pruned_xid, s.pruned_id, pg_snapshot_xmin(pg_current_snapshot())::text AS horizon,
  e.xid::text AS xid, e.id
FROM stream_state s LEFT JOIN LATERAL (
  SELECT xid, id FROM events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())
  ORDER BY xid DESC, id DESC LIMIT 1) e ON true
WHERE s.id = 1
""")

_READ = """
SELECT xid::text AS xid, id, topics, name, data::text AS data, at FROM events
WHERE (xid, id) > (CAST(:xid AS text)::xid8, :id)
  AND xid < pg_snapshot_xmin(pg_current_snapshot())
  {more}
ORDER BY xid, id LIMIT :limit
"""
_READ_ALL = text(_READ.format(more=""))
_READ_SOME = text(
    _READ.format(
        more="AND (xid, id) <= (CAST(:until_xid AS text)::xid8, :until_id) AND topics && CAST(:topics AS text[])"
    )
)


def stream_ends(tx: Reader) -> StreamEnds:
    """Return how far the stream reaches now."""
    row = tx.execute(_ENDS).one()
    pruned = Position(row.pruned_xid, row.pruned_id)
    newest = pruned if row.xid is None else max(pruned, Position(int(row.xid), row.id))
    return StreamEnds(row.epoch, pruned, newest, int(row.horizon))


def read_after(tx: Reader, after: Position, limit: int) -> list[Stored]:
    """Return up to `limit` events after a place, in order; what is not complete yet is not read yet."""
    rows = tx.execute(_READ_ALL, {"xid": str(after.xid), "id": after.id, "limit": limit})
    return [_stored(row) for row in rows]


def read_topics(
    tx: Reader, after: Position, until: Position, topics: Iterable[str], limit: int
) -> list[Stored]:
    """Return up to `limit` events of some topics after one place and up to another, in order."""
    values = {
        "xid": str(after.xid),
        "id": after.id,
        "until_xid": str(until.xid),
        "until_id": until.id,
        "topics": list(topics),
        "limit": limit,
    }
    return [_stored(row) for row in tx.execute(_READ_SOME, values)]


def _stored(row: Row[Any]) -> Stored:
    return Stored(Position(int(row.xid), row.id), tuple(row.topics), row.name, row.data, row.at)
