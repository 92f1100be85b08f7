"""
Beat, step, finish and fail what `claim` took, each fenced by the lease's token.

Only the holder of the token may write; a worker that slept through its lease finds no row and must
undo everything. All times are the database's clock.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.arrays import array_of
from shared.db import Prepared, Transaction
from shared.events import JobChanged
from shared.jobs.admission import defer
from shared.jobs.batches import settle_batches
from shared.jobs.breakers import state_of
from shared.jobs.pace import lease_seconds
from shared.jobs.points import reach
from shared.messages import UnknownMessage, message_named
from shared.stream.publish import publish


class Fenced(Exception):
    """Say that the lease was lost: another worker has the job, nothing of ours may be committed."""


class Cancelled(Exception):
    """Say that somebody asked for this job to stop."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One claimed job as the worker holds it."""

    job_id: UUID
    token: UUID
    kind: str
    queue: str
    args: dict[str, Any]
    attempt: int
    max_attempts: int
    traceparent: str | None
    batch_id: UUID | None
    tenant: str
    worker: str
    rate_key: str | None = None


_BEAT = text("""
UPDATE jobs SET lease_until = clock_timestamp() + make_interval(secs => :lease)
WHERE id = ANY(CAST(:ids AS uuid[])) AND lease_token = :token AND state = 'running' RETURNING id, cancel_requested
""")

_PROGRESS = text("""
UPDATE jobs SET progress = :progress WHERE id = :id AND lease_token = :token AND state = 'running'
RETURNING cancel_requested
""")

_SUCCEED = Prepared(
    "succeed",
    """
UPDATE jobs SET state = 'succeeded', progress = 100, lease_token = NULL, lease_until = NULL,
  finished_at = clock_timestamp()
WHERE id = ANY($1::uuid[]) AND lease_token = $2 AND state = 'running' RETURNING id, batch_id
""",
    2,
)

# A cancel that was asked for wins over another try: queued again, the job could never be claimed.
_FAIL = text("""
UPDATE jobs SET error = :error, lease_token = NULL, lease_until = NULL, published_at = NULL,
  state = CASE WHEN cancel_requested AND :state IN ('retryable', 'queued') THEN 'cancelled' ELSE :state END,
  attempt = attempt - :give_back,
  run_at = clock_timestamp() + make_interval(secs => :delay),
  finished_at = CASE WHEN cancel_requested OR :state IN ('dead', 'cancelled') THEN clock_timestamp() END
WHERE id = :id AND lease_token = :token AND state = 'running' RETURNING state, batch_id, started_at
""")

_ATTEMPT = text("""
INSERT INTO job_attempts (job_id, attempt, outcome, error, worker, started_at)
VALUES (:job_id, :attempt, :outcome, :error, :worker, :started_at)
""")

_TIMELINE = text("""
INSERT INTO job_events (job_id, seq, name, data)
SELECT :job_id, coalesce(max(seq), 0) + 1, :name, CAST(:data AS jsonb) FROM job_events WHERE job_id = :job_id
""")


def beat(tx: Transaction, token: UUID, job_ids: Sequence[UUID]) -> dict[UUID, bool]:
    """Renew the leases; returns job id -> cancel requested, without those that were lost."""
    ids = [str(job_id) for job_id in job_ids]
    rows = tx.execute(_BEAT, {"ids": ids, "token": token, "lease": lease_seconds()})
    return {row.id: row.cancel_requested for row in rows}


def record_step(tx: Transaction, lease: Lease, progress: int, detail: str) -> None:
    """
    Note progress (0 to 100) in the transaction of the step's own writes.

    Raises: Fenced when the lease is lost, Cancelled when a cancel was asked for.
    """
    row = tx.execute(_PROGRESS, {"progress": progress, "id": lease.job_id, "token": lease.token}).first()
    if row is None:
        raise Fenced(lease.job_id)
    if row.cancel_requested:
        raise Cancelled(lease.job_id)
    tell(tx, lease, "running", progress, detail)


def succeed(tx: Transaction, leases: Sequence[Lease]) -> None:
    """
    End the jobs in the transaction of their domain writes.

    Raises: Fenced when any lease is lost; the transaction must then roll back whole.
    """
    ids = [lease.job_id for lease in leases]
    rows = _SUCCEED.run(tx, array_of(ids), str(leases[0].token)).all()
    if len(rows) != len(leases):
        raise Fenced(ids)
    settle_batches(tx, [row.batch_id for row in rows], succeeded=True)
    for lease in leases:
        tell(tx, lease, "succeeded", 100)
    reach("finishing")


def fail(
    tx: Transaction,
    lease: Lease,
    state: str,
    error: str,
    delay_seconds: float = 0.0,
    *,
    give_back: bool = False,
) -> bool:
    """
    End an attempt without success: `state` is retryable, dead, cancelled or queued.

    A job that somebody cancelled meanwhile is cancelled instead of tried again.

    `give_back` returns the attempt, for work that was put down and not failed. Returns: false when the
    lease was lost, so that there was nothing to say.
    """
    row = tx.execute(
        _FAIL,
        {
            "state": state,
            "error": error[:4000],
            "delay": delay_seconds,
            "id": lease.job_id,
            "token": lease.token,
            "give_back": int(give_back),
        },
    ).first()
    if row is None:
        return False
    state = row.state
    outcome = {"cancelled": "cancelled", "queued": "released"}.get(state, "failed")
    tx.execute(
        _ATTEMPT,
        {
            "job_id": lease.job_id,
            "attempt": lease.attempt,
            "outcome": outcome,
            "error": error[:4000],
            "worker": lease.worker,
            "started_at": row.started_at,
        },
    )
    if state in ("dead", "cancelled"):
        settle_batches(tx, [row.batch_id], succeeded=False)
    tell(tx, lease, state, 0, error[:300])
    reach("failing")
    return True


def put_back(tx: Transaction, lease: Lease) -> bool:
    """
    Let a job wait whose breaker turned it away after its claim, its attempt uncounted.

    Returns: false when the lease was lost.
    """
    key = lease.rate_key or ""
    if not defer(tx, key, lease.job_id, lease.token, state_of(tx, key, settled=True).until):
        return False
    tell(tx, lease, "scheduled", 0, "put back")
    return True


def tell(tx: Transaction, lease: Lease, state: str, progress: int, detail: str | None = None) -> None:
    """Add a step to the job's timeline and tell browsers, unless the kind is quiet."""
    if _is_quiet(lease.kind):
        return
    change = JobChanged(
        job_id=str(lease.job_id),
        kind=lease.kind,
        queue=lease.queue,
        state=state,
        progress=progress,
        attempt=lease.attempt,
        detail=detail,
    )
    note(tx, lease.job_id, state, {"progress": progress, "attempt": lease.attempt, "detail": detail})
    publish(tx, change, to=[f"job:{lease.job_id}", "ops"])


def note(tx: Transaction, job_id: UUID, name: str, data: dict[str, Any]) -> None:
    """Add a step to a job's timeline; the caller's transaction holds the job's row lock."""
    tx.execute(_TIMELINE, {"job_id": job_id, "name": name, "data": json.dumps(data)})


def _is_quiet(kind: str) -> bool:
    try:
        return message_named(kind).route.quiet
    except UnknownMessage:
        return False
