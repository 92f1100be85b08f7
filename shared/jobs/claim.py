"""Claim queued jobs for a worker, each claim under a token of its own; all times are the database's clock."""

from collections.abc import Sequence
from uuid import UUID, uuid4

from shared.arrays import array_of
from shared.db import Prepared, Transaction
from shared.jobs.admission import admit
from shared.jobs.lease import Lease, tell
from shared.jobs.pace import lease_seconds
from shared.jobs.points import reach

_START = """
SET state = 'running', attempt = attempt + 1, lease_token = $1, worker = $2,
  lease_until = clock_timestamp() + make_interval(secs => $5), started_at = clock_timestamp(),
  error = NULL, progress = 0"""
_MAY_RUN = """state = 'queued' AND NOT cancel_requested AND kind = $4 AND attempt < max_attempts
  AND NOT EXISTS (SELECT 1 FROM queues q WHERE q.name = jobs.queue AND q.paused)"""
_STARTED = "jobs.id, kind, queue, args, attempt, max_attempts, traceparent, batch_id, tenant, rate_key"

_CLAIM = Prepared(
    "claim",
    f"""
WITH careless AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE jobs {_START} FROM careless WHERE id = ANY($3::uuid[]) AND {_MAY_RUN} RETURNING {_STARTED}
""",  # noqa: S608 - parts of a statement, all written here
    5,
)

# Within the end of another job: that commit must reach the disk, and a transaction that holds one job waits
# for no other.
_CLAIM_NEXT = Prepared(
    "claim_next",
    f"""
WITH free AS MATERIALIZED (
  SELECT id AS free_id FROM jobs WHERE id = ANY($3::uuid[]) AND rate_key IS NULL AND {_MAY_RUN}
  FOR UPDATE SKIP LOCKED)
UPDATE jobs {_START} FROM free WHERE id = free_id RETURNING {_STARTED}
""",  # noqa: S608 - as above
    5,
)


def claim(tx: Transaction, kind: str, job_ids: Sequence[UUID], worker: str) -> list[Lease]:
    """
    Take what may run of `job_ids`, under one new token; what may not is simply not returned.

    The commit of a claim need not reach the disk: were it lost in a crash of the database, the job
    would be queued again and our token would fence us.
    """
    return _claim(tx, _CLAIM, kind, job_ids, worker)


def claim_next(tx: Transaction, kind: str, job_id: UUID, worker: str) -> Lease | None:
    """
    Take one more job in the commit that ends the one in hand, or none when it is not free at this moment.

    One that draws from a token bucket is left for `claim`: here it might wait.
    """
    return next(iter(_claim(tx, _CLAIM_NEXT, kind, [job_id], worker)), None)


def _claim(
    tx: Transaction, statement: Prepared, kind: str, job_ids: Sequence[UUID], worker: str
) -> list[Lease]:
    token = uuid4()
    rows = statement.run(tx, str(token), worker, array_of(job_ids), kind, lease_seconds()).all()
    admitted = [row for row in rows if row.rate_key is None or admit(tx, row.rate_key, row.id, token)]
    leases = [
        Lease(
            job_id=row.id,
            token=token,
            kind=row.kind,
            queue=row.queue,
            args=row.args,
            attempt=row.attempt,
            max_attempts=row.max_attempts,
            traceparent=row.traceparent,
            batch_id=row.batch_id,
            tenant=row.tenant,
            worker=worker,
            rate_key=row.rate_key,
        )
        for row in admitted
    ]
    for lease in leases:
        tell(tx, lease, "running", 0)
    reach("claiming")
    return leases
