"""What charts read: of each datastream and hour in UTC the least, the most, the sum and how many."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text

from shared.arrays import array_of
from shared.db import Transaction

HOUR: Final = timedelta(hours=1)
_ADD: Final = """
INSERT INTO observation_hours AS h (datastream_id, start, least, most, total, count)
SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:least AS float8[]),
  CAST(:most AS float8[]), CAST(:total AS float8[]), CAST(:count AS int[]))
ON CONFLICT (datastream_id, start) DO UPDATE SET least = least(h.least, excluded.least),
  most = greatest(h.most, excluded.most), total = h.total + excluded.total, count = h.count + excluded.count"""
_AGAIN: Final = """
UPDATE observation_hours h SET least = o.least, most = o.most, total = o.total, count = o.count
FROM (SELECT DISTINCT id, date_bin('1 hour', at, 'epoch'::timestamptz) AS start
      FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS s(id, at)) AS k,
  LATERAL (SELECT min(result) AS least, max(result) AS most, sum(result) AS total, count(*) AS count
           FROM observations WHERE datastream_id = k.id
             AND phenomenon_time >= k.start AND phenomenon_time < k.start + interval '1 hour') o
WHERE h.datastream_id = ANY(ARRAY[k.id]) AND h.start = k.start"""
_READ: Final = """
WITH parts AS (
  SELECT start, least, most, total, count FROM observation_hours
  WHERE datastream_id = :id AND start >= :first AND start < :last
  UNION ALL
  SELECT date_bin('1 hour', phenomenon_time, 'epoch'::timestamptz), min(result), max(result), sum(result), count(*)
  FROM observations WHERE datastream_id = :id AND phenomenon_time >= :since AND phenomenon_time < :until
    AND (phenomenon_time < :first OR phenomenon_time >= :last) GROUP BY 1)
SELECT date_bin(make_interval(secs => :seconds), start, 'epoch'::timestamptz), min(least), max(most),
  sum(total) / sum(count), CAST(sum(count) AS int)
FROM parts GROUP BY 1 ORDER BY 1 LIMIT :most"""


def hour_of(moment: datetime) -> datetime:
    """Return the beginning of a moment's hour in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def add_hours(
    tx: Transaction,
    ids: Iterable[str],
    starts: Iterable[str],
    least: Iterable[float],
    most: Iterable[float],
    total: Iterable[float],
    count: Iterable[int],
) -> None:
    """Add results that were stored in this transaction, summed up by datastream and hour, to what their hours were."""
    tx.execute(
        text(_ADD),
        {
            "ids": array_of(ids),
            "starts": array_of(starts),
            "least": array_of(least),
            "most": array_of(most),
            "total": array_of(total),
            "count": array_of(count),
        },
    )


def sum_again(tx: Transaction, ids: str, times: str) -> None:
    """Sum up anew the hours in which results were corrected: arrays of their datastreams and moments."""
    tx.execute(text(_AGAIN), {"ids": ids, "times": times})


def read_hours(tx: Transaction, values: Mapping[str, Any], seconds: int) -> list[Any]:
    """
    Return (start, least, most, mean, count) of buckets of whole hours in [since, until), the first begun first.

    Whole hours are read summed up; the hours that the range cuts are read result by result.
    """
    first = hour_of(values["since"] + HOUR - timedelta(microseconds=1))
    last = max(first, hour_of(values["until"]))
    return list(tx.execute(text(_READ), {**values, "first": first, "last": last, "seconds": seconds}))


def forget_hours(tx: Transaction, before: datetime, most: int) -> int:
    """Remove up to `most` hours that began before a moment; returns how many."""
    removed = tx.execute(
        text(
            "DELETE FROM observation_hours WHERE ctid = ANY(ARRAY("
            " SELECT ctid FROM observation_hours WHERE start < :before LIMIT :most)) RETURNING 1"
        ),
        {"before": before, "most": most},
    ).all()
    return len(removed)
