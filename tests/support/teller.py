"""Careless work: a message with a secret, and a handler that tells it in whatever it raises."""

import logging

from shared.messages import Message, Queue, message, secret
from tasks.base import Job, handles


@message("test.blab", Queue.BULK, max_attempts=1)
class Blab(Message):
    """Carry a secret to a handler that fails with it."""

    word: str = secret()


@handles(Blab, limit_seconds=10)
def blab(message: Blab, job: Job) -> None:
    """Log the secret, then fail with a bug that names it, as careless code would."""
    logging.getLogger("tests.teller").warning("about to use %s", message.word, extra={"given": message.word})
    raise ValueError(f"the provider refused Authorization: Bearer {message.word}")


def __getattr__(name: str) -> object:
    """Make the worker's application when Celery asks for it."""
    if name != "app":
        raise AttributeError(name)
    from workers.app import app

    return app
