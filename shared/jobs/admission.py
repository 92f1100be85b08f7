"""Whether a claimed job may call the outside now: its breaker and its token bucket, both by its rate key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from shared.jobs.breakers import state_of

_TAKE_TOKEN = text("""
UPDATE rate_buckets SET refilled_at = clock_timestamp(),
  tokens = least(capacity, tokens + rate * extract(epoch FROM clock_timestamp() - refilled_at)) - 1
WHERE key = :key
  AND least(capacity, tokens + rate * extract(epoch FROM clock_timestamp() - refilled_at)) >= 1
RETURNING 1
""")

_DEFER = text("""
UPDATE jobs SET state = 'scheduled', attempt = attempt - 1, lease_token = NULL, lease_until = NULL,
  published_at = NULL, worker = NULL, started_at = NULL,
  run_at = coalesce(CAST(:until AS timestamptz), clock_timestamp() + make_interval(secs => coalesce(
    (SELECT (1 + random()) / nullif(rate, 0) FROM rate_buckets WHERE key = :key), 1)))
WHERE id = :id AND lease_token = :token RETURNING 1
""")


def admit(tx: Transaction, key: str, job_id: UUID, token: UUID) -> bool:
    """
    Let a job that was just claimed go on, or put it back, its attempt not counted.

    An open breaker puts it back until one may try, an empty bucket until about the next token.
    """
    if state_of(tx, key).until is not None and (until := state_of(tx, key, settled=True).until) is not None:
        defer(tx, key, job_id, token, until)
        return False
    known = tx.execute(text("SELECT 1 FROM rate_buckets WHERE key = :key"), {"key": key}).first()
    if known is None or tx.execute(_TAKE_TOKEN, {"key": key}).first() is not None:
        return True
    defer(tx, key, job_id, token)
    return False


def defer(tx: Transaction, key: str, job_id: UUID, token: UUID, until: datetime | None = None) -> bool:
    """
    Put a claimed job back until a moment, or until about the next token of its bucket; its attempt is not counted.

    Returns: false when the lease was lost.
    """
    return tx.execute(_DEFER, {"key": key, "id": job_id, "token": token, "until": until}).first() is not None
