"""Run jobs in tests through the same code a worker uses, without Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import text

from shared.db import transaction
from shared.jobs.claim import claim
from shared.jobs.enqueue import enqueue
from shared.jobs.sweep import promote
from shared.messages import Message
from tasks.base import Job, registration
from tasks.execute import execute
from tasks.heart import Heart


@contextmanager
def running_job(message: Message) -> Iterator[Job]:
    """Enqueue and claim a job for `message`, and hand it over as its handler would get it."""
    with transaction() as tx:
        job_id = enqueue(tx, message).id
    with transaction() as tx:
        held = claim(tx, message.route.name, [job_id], "test")
    yield Job(held[0])


def run_job(message: Message) -> str:
    """Enqueue `message`, run it as a worker does, and return the state it ended in."""
    with transaction() as tx:
        job_id = enqueue(tx, message).id
    return run_job_id(message.route.name, job_id)


def run_job_id(kind: str, job_id: UUID) -> str:
    """Run one job that is queued already; returns its state."""
    execute(registration(kind), [job_id], "test", Heart())
    with transaction() as tx:
        return str(tx.execute(text("SELECT state FROM jobs WHERE id = :id"), {"id": job_id}).scalar_one())


def drain(kinds: set[str] | None = None, limit: int = 100) -> list[tuple[str, str]]:
    """
    Run what is queued, and what that enqueues, until nothing is left; retries run at once.

    Returns: (kind, state) of each run, in order.
    """
    done: list[tuple[str, str]] = []
    for _ in range(limit):
        with transaction() as tx:
            tx.execute(text("UPDATE jobs SET run_at = clock_timestamp() WHERE state = 'retryable'"))
            promote(tx)
            rows = tx.execute(
                text("SELECT id, kind FROM jobs WHERE state = 'queued' ORDER BY priority, seq")
            ).all()
        ready = [row for row in rows if kinds is None or row.kind in kinds]
        if not ready:
            return done
        done.append((ready[0].kind, run_job_id(ready[0].kind, ready[0].id)))
    raise AssertionError(f"still working after {limit} jobs")
