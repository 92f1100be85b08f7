"""A no-op that is claimed alone, and the application that runs it."""

from shared.messages import Message, Queue, message
from tasks.base import Job, handles


@message("bench.single", Queue.BULK, max_attempts=3, quiet=True)
class Single(Message):
    """Do nothing, one claim each."""

    number: int = 0


@handles(Single, limit_seconds=30)
def single(message: Single, job: Job) -> None:
    """End well."""


def __getattr__(name: str) -> object:
    """Make the worker's application when Celery asks for it."""
    if name != "app":
        raise AttributeError(name)
    from workers.app import app

    return app
