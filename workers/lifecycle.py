"""What happens when worker processes start, speak and stop."""

import logging
import os
import time
from collections.abc import Callable
from functools import cache, partial
from typing import Any
from uuid import UUID

from celery import Celery, bootsteps
from celery.platforms import EX_FAILURE
from celery.signals import setup_logging, task_unknown, worker_init, worker_process_init, worker_shutdown
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import dispose_after_fork, transaction
from shared.jobs.pace import drain_seconds
from shared.jobs.sweep import set_aside
from shared.logging import configure_logging
from tasks.heart import Heart
from workers import drain
from workers.processes import farewell, release_jobs_of, report

log = logging.getLogger(__name__)
REPORT_SECONDS = 5.0
DEAF_SECONDS = 45


@cache
def heart() -> Heart:
    """Return this process's heart."""
    return Heart()


class Report(bootsteps.StartStopStep):
    """Tell the table every few seconds which queues this worker serves, and stop when it hears nothing."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._timer: Any = None
        self._listening_since = time.monotonic()

    def start(self, parent: Any) -> None:
        """Begin to speak."""
        self._listening_since = time.monotonic()
        self._timer = parent.timer.call_repeatedly(REPORT_SECONDS, self._speak, (parent,), priority=10)
        self._speak(parent)

    def stop(self, parent: Any) -> None:
        """Fall silent."""
        if self._timer is not None:
            self._timer.cancel()

    def _speak(self, parent: Any) -> None:
        queues = [queue.name for queue in parent.app.amqp.queues.consume_from.values()]
        data = {"queues": queues, "slots": parent.concurrency, "pid": os.getpid()}
        try:
            with transaction() as tx:
                report(tx, parent.hostname, "worker", data)
                deaf = self._has_listened_long() and _is_deaf(tx, queues)
        except SQLAlchemyError as error:
            log.warning("cannot report to the database", extra={"error": str(error)})
            return
        if deaf:
            log.error("worker hears nothing while jobs are rung: ending, to be started afresh")
            os._exit(70)

    def _has_listened_long(self) -> bool:
        """Tell whether this worker has had time to hear anything: a fresh one is never deaf."""
        return time.monotonic() - self._listening_since > DEAF_SECONDS


def _is_deaf(tx: Any, queues: list[str]) -> bool:
    """Tell whether jobs of all our queues lie rung and unclaimed although nothing is running."""
    row = tx.execute(
        text("""
        SELECT count(*) FILTER (WHERE state = 'queued' AND published_at IS NOT NULL
                 AND run_at < clock_timestamp() - make_interval(secs => :deaf)
                 AND queue NOT IN (SELECT name FROM queues WHERE paused)) AS rung,
               count(*) FILTER (WHERE state = 'running') AS running,
               max(started_at) FILTER (WHERE state <> 'running') AS last_start
        FROM jobs WHERE queue = ANY(:queues) AND (state IN ('queued', 'running')
             OR started_at > clock_timestamp() - make_interval(secs => :deaf))"""),
        {"queues": queues, "deaf": DEAF_SECONDS},
    ).one()
    return bool(row.rung and not row.running and row.last_start is None and _worked_before(tx, queues))


def _worked_before(tx: Any, queues: list[str]) -> bool:
    """Tell whether the queue ever ran a heartbeat and Redis is reachable, so that silence means us."""
    row = tx.execute(
        text("""SELECT 1 FROM queues WHERE name = ANY(:queues)
                AND heartbeat_at < clock_timestamp() - make_interval(secs => :deaf)
                AND EXISTS (SELECT 1 FROM processes WHERE role = 'relay'
                  AND seen_at > clock_timestamp() - interval '5 seconds' AND (data->>'redis')::boolean)"""),
        {"queues": queues, "deaf": DEAF_SECONDS},
    ).first()
    return row is not None


def connect(app: Celery) -> None:
    """Attach the steps and signals to the application."""
    app.steps["worker"].add(Report)
    setup_logging.connect(_configure, weak=False)
    worker_init.connect(_drain_our_way, weak=False)
    worker_process_init.connect(_after_fork, weak=False)
    worker_shutdown.connect(_put_down, weak=False)
    task_unknown.connect(_set_aside, weak=False)


def _configure(**_: Any) -> None:
    configure_logging()


def _drain_our_way(sender: Any, **_: Any) -> None:
    """Take the place of Celery's soft shutdown, which sleeps its whole time, and of its stop after a failure."""
    sender.wait_for_soft_shutdown = partial(drain.end_in_order, sender, drain_seconds(), _put_down)
    sender.stop = partial(_stop, sender, sender.stop)


def _stop(
    worker: Any, stop: Callable[..., None], in_sighandler: bool = False, exitcode: int | None = None
) -> None:
    """
    End a worker: after an error it cannot live with (a Redis that refuses writes) as after a signal.

    Celery would wait half a minute for its pool, whose results nobody reads any more, and be missed as long.
    """
    if exitcode == EX_FAILURE:
        drain.end_in_order(worker, drain_seconds(), _put_down, EX_FAILURE)
    stop(in_sighandler=in_sighandler, exitcode=exitcode)


def _after_fork(**_: Any) -> None:
    drain.put_down_everything()
    dispose_after_fork()
    heart.cache_clear()


def _set_aside(name: str, message: Any, **_: Any) -> None:
    """Put a job of a newer release aside, so that it does not stand in the way of what this one knows."""
    try:
        job_ids = [UUID(job_id) for job_id in message.payload[0][0]]
    except (LookupError, TypeError, ValueError):
        return  # Not a message of ours.
    try:
        with transaction() as tx:
            count = set_aside(tx, name, job_ids)
    except SQLAlchemyError as error:
        log.warning("could not set jobs aside, they will be rung again", extra={"error": str(error)})
        return
    log.warning("unknown kind set aside", extra={"kind": name, "count": count})


def _put_down(sender: Any, **_: Any) -> None:
    """Give back what this worker could not finish in time, its attempt uncounted."""
    try:
        with transaction() as tx:
            released = release_jobs_of(tx, sender.hostname)
            farewell(tx, sender.hostname)
    except SQLAlchemyError as error:
        log.warning("could not give jobs back, their leases will run out", extra={"error": str(error)})
        return
    if released:
        log.warning("jobs given back at shutdown", extra={"count": released})
