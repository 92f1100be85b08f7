"""Work that leaves a trace: a message whose effect is one committed row, and the application that runs it."""

import time
from pathlib import Path

from sqlalchemy import text

from shared.db import transaction
from shared.messages import Message, Queue, message
from tasks.base import Job, handles

_TABLE = (
    "CREATE TABLE IF NOT EXISTS work_done (job_id uuid NOT NULL, attempt int NOT NULL, token uuid NOT NULL,"
    " step int NOT NULL DEFAULT 1)"
)


@message("test.work", Queue.BULK, max_attempts=20, quiet=True)
class Work(Message):
    """Take a while, or until a file is there, then leave one row."""

    milliseconds: int = 0
    until_there: str = ""


@handles(Work, limit_seconds=60)
def work(message: Work, job: Job) -> None:
    """Wait, and commit the effect together with the job's end."""
    time.sleep(message.milliseconds / 1000)
    while message.until_there and not Path(message.until_there).exists():
        time.sleep(0.02)
    with job.finish() as tx:
        tx.execute(
            text("INSERT INTO work_done (job_id, attempt, token) VALUES (:job, :attempt, :token)"),
            {"job": job.id, "attempt": job.attempt, "token": job.lease.token},
        )


def __getattr__(name: str) -> object:
    """Make the worker's application when Celery asks for it, and its table with it."""
    if name != "app":
        raise AttributeError(name)
    from workers.app import app

    make_table()
    return app


def make_table() -> None:
    """Make the table of effects unless it is there."""
    with transaction() as tx:
        tx.execute(text("SELECT pg_advisory_xact_lock(77)"))
        tx.execute(text(_TABLE))
