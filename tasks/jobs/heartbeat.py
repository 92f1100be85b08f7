"""Proof that a queue works from end to end: schedule, table, relay, Redis, worker, table."""

from sqlalchemy import text

from shared.messages import Heartbeat
from tasks.base import Job, handles

_NOTE = text("""
INSERT INTO queues (name, heartbeat_at) VALUES (:name, clock_timestamp())
ON CONFLICT (name) DO UPDATE SET heartbeat_at = excluded.heartbeat_at
""")


@handles(Heartbeat, limit_seconds=10)
def heartbeat(message: Heartbeat, job: Job) -> None:
    """Note that the queue ran a job just now."""
    with job.finish() as tx:
        tx.execute(_NOTE, {"name": message.queue})
