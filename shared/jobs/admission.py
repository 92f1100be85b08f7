"""Whether a claimed job may call the outside now: its breaker and its token bucket, both by its rate key."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from shared.jobs.breakers import state_of, take_probe

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
WHERE id = :id AND lease_token = :token
""")


def admit(tx: Transaction, key: str, job_id: UUID, token: UUID) -> bool:
    """
    Let a job that was just claimed go on, or put it back, its attempt not counted.

    An open breaker puts it back until one may try, an empty bucket until about the next token. Of a
    half-open breaker's jobs one goes on, the others wait for what it meets.
    """
    breaker = state_of(tx, key)
    if breaker.until is not None:
        _defer(tx, key, job_id, token, breaker.until)
        return False
    known = tx.execute(text("SELECT 1 FROM rate_buckets WHERE key = :key"), {"key": key}).first()
    if known is not None and tx.execute(_TAKE_TOKEN, {"key": key}).first() is None:
        _defer(tx, key, job_id, token)
        return False
    if breaker.state == "half_open" and not take_probe(tx, key):
        _defer(tx, key, job_id, token, state_of(tx, key).until)
        return False
    return True


def _defer(tx: Transaction, key: str, job_id: UUID, token: UUID, until: datetime | None = None) -> None:
    tx.execute(_DEFER, {"key": key, "id": job_id, "token": token, "until": until})
