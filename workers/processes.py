"""The register of live processes: who serves which queues, and who was last seen when."""

import json
from typing import Any

from sqlalchemy import text

from shared.db import Transaction
from shared.jobs.batches import settle_batches

_REPORT = text("""
INSERT INTO processes (name, role, data) VALUES (:name, :role, CAST(:data AS jsonb))
ON CONFLICT (name) DO UPDATE SET role = excluded.role, data = excluded.data, seen_at = clock_timestamp()
""")

_SLOTS = text("""
SELECT q.queue, sum((p.data->>'slots')::int) AS slots
FROM processes p CROSS JOIN LATERAL jsonb_array_elements_text(p.data->'queues') AS q(queue)
WHERE p.role = 'worker' AND p.seen_at > clock_timestamp() - interval '30 seconds'
GROUP BY q.queue
""")

_RELEASE = text("""
WITH ours AS (SELECT id, attempt, worker, started_at FROM jobs WHERE state = 'running'
    AND starts_with(worker, :prefix) FOR UPDATE),
noted AS (INSERT INTO job_attempts (job_id, attempt, outcome, error, worker, started_at)
  SELECT id, attempt, 'released', 'put down at shutdown', worker, started_at FROM ours)
UPDATE jobs j SET state = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'queued' END,
  finished_at = CASE WHEN cancel_requested THEN clock_timestamp() END,
  attempt = j.attempt - 1, lease_token = NULL, lease_until = NULL,
  published_at = NULL, worker = NULL FROM ours WHERE j.id = ours.id RETURNING j.state, j.batch_id
""")


def report(tx: Transaction, name: str, role: str, data: dict[str, Any]) -> None:
    """Say that process `name` is alive and what it does."""
    tx.execute(text("SET LOCAL synchronous_commit = off"))
    tx.execute(_REPORT, {"name": name, "role": role, "data": json.dumps(data)})


def farewell(tx: Transaction, name: str) -> None:
    """Strike a process off that ended in order."""
    tx.execute(text("DELETE FROM processes WHERE name = :name"), {"name": name})


def forget_silent(tx: Transaction) -> None:
    """Strike off processes that have been silent for an hour."""
    tx.execute(text("DELETE FROM processes WHERE seen_at < clock_timestamp() - interval '1 hour'"))


def slots_by_queue(tx: Transaction) -> dict[str, int]:
    """Return queue -> worker slots that serve it now."""
    return {row.queue: row.slots for row in tx.execute(_SLOTS)}


def release_jobs_of(tx: Transaction, node: str) -> int:
    """
    Queue the running jobs of a node that is going away, or cancel them where that was asked for.

    What still moves there is fenced. Returns: how many.
    """
    rows = tx.execute(_RELEASE, {"prefix": f"{node}:"}).all()
    settle_batches(tx, [row.batch_id for row in rows if row.state == "cancelled"], succeeded=False)
    return len(rows)
