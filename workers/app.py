"""The Celery application that `-A workers.app` finds."""

from typing import Any
from uuid import UUID

from celery import Celery, Task
from kombu import Queue as KombuQueue

from shared.db import transaction
from shared.jobs.sweep import unring
from shared.messages import Queue
from shared.settings import get_settings
from tasks.base import Registration, registrations
from tasks.execute import execute, worker_name
from workers import drain, lifecycle
from workers.settings import CELERY, refuse_untested_versions


def make_app() -> Celery:
    """Build the application: settings, queues, and one task a message, under the message's name."""
    refuse_untested_versions()
    made = Celery("citypulse", broker=get_settings().redis_url.get_secret_value())
    made.conf.update(CELERY, task_acks_late=get_settings().jobs_acks_late)
    made.conf.task_queues = [KombuQueue(queue.value) for queue in Queue]
    for registered in registrations().values():
        _add_task(made, registered)
    lifecycle.connect(made)
    return made


def _add_task(made: Celery, registered: Registration) -> None:
    route = registered.message.route

    def run(self: Task[Any, Any], job_ids: list[str]) -> int:
        worker, ids = worker_name(self.request.hostname), [UUID(job_id) for job_id in job_ids]
        with drain.in_hand() as may_claim:
            return execute(registered, ids, worker, lifecycle.heart()) if may_claim else _leave(ids)

    run.__doc__ = registered.message.__doc__
    register = made.task(
        name=route.name,
        bind=True,
        soft_time_limit=registered.limit_seconds,
        time_limit=registered.limit_seconds + 30,
        queue=route.queue.value,
    )
    register(run)


def _leave(job_ids: list[UUID]) -> int:
    """Have jobs that reached a worker at its end rung for another; returns how many ran, which is none."""
    with transaction() as tx:
        unring(tx, job_ids)
    return 0


app = make_app()
