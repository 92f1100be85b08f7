"""The Celery application that `-A workers.app` finds."""

from typing import Any
from uuid import UUID

from celery import Celery, Task
from kombu import Queue as KombuQueue

from shared.messages import Queue
from shared.settings import get_settings
from tasks.base import Registration, registrations
from tasks.execute import execute, worker_name
from workers import lifecycle
from workers.settings import CELERY, refuse_untested_versions


def make_app() -> Celery:
    """Build the application: settings, queues, and one task a message, under the message's name."""
    refuse_untested_versions()
    made = Celery("citypulse", broker=get_settings().redis_url.get_secret_value())
    made.conf.update(CELERY)
    made.conf.task_queues = [KombuQueue(queue.value) for queue in Queue]
    for registered in registrations().values():
        _add_task(made, registered)
    lifecycle.connect(made)
    return made


def _add_task(made: Celery, registered: Registration) -> None:
    route = registered.message.route

    def run(self: Task[Any, Any], job_ids: list[str]) -> int:
        worker = worker_name(self.request.hostname)
        return execute(registered, [UUID(job_id) for job_id in job_ids], worker, lifecycle.heart())

    run.__doc__ = registered.message.__doc__
    register = made.task(
        name=route.name,
        bind=True,
        soft_time_limit=registered.limit_seconds,
        time_limit=registered.limit_seconds + 30,
        queue=route.queue.value,
    )
    register(run)


app = make_app()
