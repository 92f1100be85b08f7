"""What relays do to the table: promote what is due, rescue what fell silent, pick what to ring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from shared.jobs.batches import settle_batches
from shared.jobs.pace import scaled, stale_seconds
from shared.jobs.points import reach
from shared.jobs.rules import (
    AGEING_SECONDS,
    PRUNE_BATCH,
    RIDE_MEMORY_SECONDS,
    RIDE_SAMPLE,
    UNKNOWN_SECONDS,
)

_PROMOTE = text("""
WITH due AS (SELECT id FROM jobs WHERE state IN ('scheduled', 'retryable') AND run_at <= clock_timestamp()
  ORDER BY run_at LIMIT :limit FOR UPDATE SKIP LOCKED)
UPDATE jobs j SET state = 'queued', published_at = NULL FROM due WHERE j.id = due.id RETURNING j.queue
""")

_RESCUE = text("""
WITH lost AS (SELECT id, worker, started_at, attempt FROM jobs
  WHERE state = 'running' AND lease_until < clock_timestamp()
  ORDER BY lease_until LIMIT :limit FOR UPDATE SKIP LOCKED),
saved AS (
UPDATE jobs j SET
  state = CASE WHEN cancel_requested THEN 'cancelled'
               WHEN j.attempt >= max_attempts THEN 'dead' ELSE 'retryable' END,
  finished_at = CASE WHEN cancel_requested OR j.attempt >= max_attempts THEN clock_timestamp() END,
  rescues = rescues + 1, lease_token = NULL, lease_until = NULL, published_at = NULL,
  run_at = clock_timestamp() + make_interval(secs => :scale * least(3600, power(2, j.attempt)) * (0.5 + random())),
  error = 'the worker fell silent: lease expired'
FROM lost WHERE j.id = lost.id
RETURNING j.id, j.state, j.batch_id, lost.worker, lost.started_at, lost.attempt),
noted AS (
INSERT INTO job_attempts (job_id, attempt, outcome, error, worker, started_at)
SELECT id, attempt, 'rescued', 'the worker fell silent: lease expired', worker, started_at FROM saved)
SELECT id, state, batch_id FROM saved
""")

_PICK = text("""
WITH RECURSIVE tenants AS (
  (SELECT tenant FROM jobs WHERE state = 'queued' AND published_at IS NULL AND queue = :queue
   ORDER BY tenant LIMIT 1)
  UNION ALL
  SELECT (SELECT j.tenant FROM jobs j WHERE j.state = 'queued' AND j.published_at IS NULL
          AND j.queue = :queue AND j.tenant > t.tenant ORDER BY j.tenant LIMIT 1)
  FROM tenants t WHERE t.tenant IS NOT NULL),
turns AS (
  SELECT p.id, p.kind, p.priority, p.seq, row_number() OVER (PARTITION BY t.tenant ORDER BY p.priority, p.seq) AS turn
  FROM tenants t CROSS JOIN LATERAL (
    SELECT id, kind, priority, seq FROM jobs j WHERE j.state = 'queued' AND j.published_at IS NULL
      AND j.queue = :queue AND j.tenant = t.tenant
    ORDER BY priority, seq LIMIT :window) p
  WHERE t.tenant IS NOT NULL),
aged AS (
  SELECT id, kind, -1 AS priority, seq, 0::bigint AS turn FROM jobs
  WHERE state = 'queued' AND published_at IS NULL AND queue = :queue
    AND run_at < clock_timestamp() - make_interval(secs => :ageing)
  ORDER BY run_at LIMIT greatest(1, :window / 4)),
best AS (
  SELECT id, min(kind) AS kind, min(turn) AS turn, min(priority) AS priority, min(seq) AS seq
  FROM (SELECT * FROM turns UNION ALL SELECT * FROM aged) w
  GROUP BY id ORDER BY min(turn), min(priority), min(seq) LIMIT :window),
picked AS (
  SELECT id FROM (
    SELECT id, sum(1.0 / coalesce(size, 1)) OVER (ORDER BY turn, best.priority, best.seq) AS messages
    FROM best LEFT JOIN unnest(CAST(:kinds AS text[]), CAST(:sizes AS int[])) AS batches(kind, size) USING (kind)) m
  WHERE messages <= :room),
stamped AS (
  SELECT id FROM jobs WHERE id IN (SELECT id FROM picked) AND state = 'queued' AND published_at IS NULL
  FOR UPDATE SKIP LOCKED)
UPDATE jobs j SET published_at = clock_timestamp() FROM stamped s WHERE j.id = s.id
RETURNING j.id, j.kind, j.priority, j.seq
""")

_STALE = text("""
WITH stale AS (SELECT id FROM jobs WHERE state = 'queued'
    AND published_at < clock_timestamp() - make_interval(secs => :stale)
  ORDER BY published_at LIMIT 5000 FOR UPDATE SKIP LOCKED)
UPDATE jobs j SET published_at = NULL FROM stale s WHERE j.id = s.id
""")

_SET_ASIDE = text("""
UPDATE jobs SET state = 'retryable', published_at = NULL, error = :error,
  run_at = clock_timestamp() + make_interval(secs => :delay * (0.5 + random()))
WHERE id = ANY(CAST(:ids AS uuid[])) AND kind = :kind AND state = 'queued' RETURNING 1
""")

_WAITING = text("""
WITH RECURSIVE names AS (
  (SELECT queue FROM jobs WHERE state = 'queued' AND published_at IS NULL ORDER BY queue LIMIT 1)
  UNION ALL
  SELECT (SELECT j.queue FROM jobs j WHERE j.state = 'queued' AND j.published_at IS NULL
          AND j.queue > n.queue ORDER BY j.queue LIMIT 1) FROM names n WHERE n.queue IS NOT NULL)
SELECT n.queue, (SELECT count(*) FROM jobs o WHERE o.state = 'queued' AND o.queue = n.queue
                 AND o.published_at IS NOT NULL) AS outstanding
FROM names n LEFT JOIN queues q ON q.name = n.queue
WHERE n.queue IS NOT NULL AND NOT coalesce(q.paused, false)
""")


# Of the longest alone one stall of the disk would tell for a minute; who rides behind such a job is rung again.
_LONG = text("""
SELECT kind, percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at)) AS seconds
FROM (
  SELECT kind, started_at, finished_at FROM jobs
  WHERE finished_at > clock_timestamp() - make_interval(secs => :memory) AND started_at IS NOT NULL
  ORDER BY finished_at DESC LIMIT 1000) lately
GROUP BY kind HAVING count(*) >= :sample
""")


@dataclass(frozen=True, slots=True)
class Rung:
    """A job stamped as rung, to be pushed to Redis after the commit."""

    job_id: UUID
    kind: str


def promote(tx: Transaction, limit: int = 1000) -> int:
    """Queue what is due; returns how many."""
    promoted = len(tx.execute(_PROMOTE, {"limit": limit}).all())
    if promoted:
        reach("promoting")
    return promoted


def rescue(tx: Transaction, limit: int = 500) -> int:
    """Take jobs from workers whose lease ran out; returns how many."""
    rows = tx.execute(_RESCUE, {"limit": limit, "scale": scaled(1)}).all()
    ended = [row.batch_id for row in rows if row.state in ("dead", "cancelled")]
    settle_batches(tx, ended, succeeded=False)
    if rows:
        reach("rescuing")
    return len(rows)


def waiting_queues(tx: Transaction) -> dict[str, int]:
    """Return the unpaused queues that have jobs to ring -> how many are rung and not yet claimed."""
    return {row.queue: row.outstanding for row in tx.execute(_WAITING)}


def pick(
    tx: Transaction,
    queue: str,
    window: int,
    room: int | None = None,
    batches: Mapping[str, int] | None = None,
) -> list[Rung]:
    """
    Stamp up to `window` waiting jobs of a queue as rung, in the order they should start.

    No more than fill `room` messages, given how many jobs of a kind share one (`batches`).

    Tenants take turns; within a tenant priority decides, then age; a quarter of the window goes to
    whatever has waited longest, so that nothing starves.
    """
    sizes = batches or {}
    rows = tx.execute(
        _PICK,
        {
            "queue": queue,
            "window": window,
            "room": window if room is None else room,
            "kinds": list(sizes.keys()),
            "sizes": list(sizes.values()),
            "ageing": AGEING_SECONDS,
        },
    ).all()
    ordered = sorted(rows, key=lambda row: (row.priority, row.seq))
    return [Rung(row.id, row.kind) for row in ordered]


def long_ones(tx: Transaction) -> dict[str, float]:
    """Return kind -> seconds that 19 of 20 of its jobs took at most, where enough ended in the last minute."""
    rows = tx.execute(_LONG, {"memory": RIDE_MEMORY_SECONDS, "sample": RIDE_SAMPLE})
    return {row.kind: float(row.seconds) for row in rows}


def unring(tx: Transaction, job_ids: Sequence[UUID]) -> None:
    """Take the stamp back from jobs that Redis did not take, or whose message is held up."""
    tx.execute(
        text("UPDATE jobs SET published_at = NULL WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'queued'"),
        {"ids": [str(i) for i in job_ids]},
    )


def set_aside(tx: Transaction, kind: str, job_ids: Sequence[UUID]) -> int:
    """
    Let jobs of a kind that this release does not know wait for a worker that does; returns how many.

    Left queued, they would be rung for ever and keep everything behind them out of the window.
    """
    rows = tx.execute(
        _SET_ASIDE,
        {
            "ids": [str(i) for i in job_ids],
            "kind": kind,
            "delay": scaled(UNKNOWN_SECONDS),
            "error": f"no worker here knows {kind!r}: waiting for a release that does",
        },
    )
    return len(rows.all())


def unring_stale(tx: Transaction) -> None:
    """Ring again what was rung long ago and never claimed: its message was lost."""
    tx.execute(_STALE, {"stale": stale_seconds()})


def unring_everything(tx: Transaction) -> int:
    """Ring every queued job again, because Redis forgot; returns how many."""
    result = tx.execute(
        text(
            "UPDATE jobs SET published_at = NULL WHERE state = 'queued' AND published_at IS NOT NULL RETURNING 1"
        )
    )
    return len(result.all())


def prune(tx: Transaction, succeeded_days: int, dead_days: int) -> int:
    """Delete one batch of jobs that ended long ago, and never a live one; returns how many."""
    result = tx.execute(
        text("""
        WITH old AS MATERIALIZED (
          SELECT id FROM jobs WHERE finished_at IS NOT NULL
            AND finished_at < clock_timestamp() - make_interval(days =>
                CASE WHEN state = 'dead' THEN :dead ELSE :done END)
          ORDER BY finished_at LIMIT :batch FOR UPDATE SKIP LOCKED)
        DELETE FROM jobs USING old WHERE jobs.id = old.id RETURNING 1"""),
        {"dead": dead_days, "done": succeeded_days, "batch": PRUNE_BATCH},
    )
    return len(result.all())
