"""
A scheduler for celery beat that writes jobs into Postgres and nothing into Redis.

Each slot of each schedule is a row with a unique `cron_slot`, so any number of beats may run.
`celery -A workers.app beat`.
"""

import logging
import os
import socket
from datetime import datetime
from typing import Any

from celery.beat import Scheduler
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.clock import rfc3339
from shared.db import Transaction, transaction
from shared.feeds.service import enqueue_due
from shared.jobs.enqueue import enqueue
from tasks.schedule import SCHEDULE, Periodic, due_slots
from workers.processes import report

log = logging.getLogger(__name__)
TICK_SECONDS = 1.0

_LAST = text("SELECT name, last_slot FROM schedules")
_MARK = text("""
INSERT INTO schedules (name, last_slot) VALUES (:name, :slot)
ON CONFLICT (name) DO UPDATE SET last_slot = greatest(schedules.last_slot, excluded.last_slot)
""")


class PostgresScheduler(Scheduler):
    """Turn due slots into jobs; the schedule itself is `tasks/schedule.py` and the feeds' rows."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "lazy": True})
        self._name = f"beat@{socket.gethostname()}:{os.getpid()}"

    def setup_schedule(self) -> None:
        """Have no schedule of Celery's kind."""
        self.data: dict[str, Any] = {}

    def tick(self, *_: Any, **__: Any) -> float:
        """Enqueue what is due; returns the seconds until the next look."""
        try:
            with transaction() as tx:
                now, last = database_now(tx), _last_slots(tx)
                for entry in SCHEDULE:
                    enqueue_slots(tx, entry, last.get(entry.name), now)
            with transaction() as tx:
                enqueue_due(tx, now)
                report(tx, self._name, "beat", {"pid": os.getpid()})
        except SQLAlchemyError as error:
            log.warning("database unreachable, trying again", extra={"error": str(error).splitlines()[0]})
        return TICK_SECONDS


def enqueue_slots(tx: Transaction, entry: Periodic, last: datetime | None, now: datetime) -> int:
    """Enqueue the due slots of one schedule and remember the newest; returns how many became jobs."""
    made = 0
    for slot in due_slots(entry, last, now):
        job = enqueue(tx, entry.message, queue=entry.queue, cron_slot=f"{entry.name}@{rfc3339(slot)}")
        tx.execute(_MARK, {"name": entry.name, "slot": slot})
        made += job.created
    return made


def database_now(tx: Transaction) -> datetime:
    """Return the database's clock, the one clock that schedules go by."""
    moment: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _last_slots(tx: Transaction) -> dict[str, datetime]:
    return {row.name: row.last_slot for row in tx.execute(_LAST)}
