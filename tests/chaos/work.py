"""The work that chaos interrupts: every start and every end is told to the oracle, every effect is one row."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery.signals import task_received
from sqlalchemy import text

from shared.db import transaction
from shared.errors import Transient
from shared.jobs.lease import Fenced
from shared.jobs.points import reach
from shared.messages import Message, Queue, message
from tasks.base import Job, handles
from tests.chaos.oracle import note
from tests.support import work as plain

#: The release a worker plays: `new` knows one message more.
RELEASE_VARIABLE = "CHAOS_RELEASE"
SLICE_SECONDS = 0.05

_EFFECT = text("INSERT INTO work_done (job_id, attempt, token, step) VALUES (:job, :attempt, :token, :step)")


@message("chaos.work", Queue.BULK, max_attempts=20)
class ChaosWork(Message):
    """
    Work a while in steps, each of which leaves one effect.

    The first attempts may fail on purpose; `padding` only makes the row large.
    """

    milliseconds: int = 0
    steps: int = 1
    failures: int = 0
    padding: str = ""


@message("chaos.light", Queue.BULK, max_attempts=20, quiet=True)
class ChaosLight(Message):
    """Leave one effect, and tell browsers nothing."""

    milliseconds: int = 0
    steps: int = 1
    failures: int = 0


@message("chaos.poison", Queue.BULK, max_attempts=3)
class ChaosPoison(Message):
    """Kill the process that runs it, every time."""


@message("chaos.clutch", Queue.BULK, max_attempts=20)
class ChaosClutch(Message):
    """Write to a row that all of its kind share, and fall asleep for good there at the first attempt."""


@handles(ChaosWork, limit_seconds=120)
@handles(ChaosLight, limit_seconds=120)
def work(message: ChaosWork | ChaosLight, job: Job) -> None:
    """Do what is left of the steps and leave their effects."""
    with told(job):
        with transaction() as tx:
            done = tx.execute(
                text("SELECT coalesce(max(step), 0) FROM work_done WHERE job_id = :job"), {"job": job.id}
            ).scalar_one()
        for step in range(done + 1, message.steps):
            _spend(message.milliseconds / message.steps, job)
            with job.step(step, message.steps, f"step {step}") as tx:
                tx.execute(_EFFECT, _effect(job, step))
        _spend(message.milliseconds / message.steps, job)
        reach("working")
        if job.attempt <= message.failures:
            raise Transient("told to fail")
        with job.finish() as tx:
            tx.execute(_EFFECT, _effect(job, message.steps))


@handles(ChaosPoison, limit_seconds=60)
def poison(message: ChaosPoison, job: Job) -> None:
    """Start, and take the process down."""
    note(job, "started")
    os.kill(os.getpid(), signal.SIGKILL)


@handles(ChaosClutch, limit_seconds=60)
def clutch(message: ChaosClutch, job: Job) -> None:
    """Freeze inside the finishing transaction with a lock that the next attempt needs."""
    with told(job), job.finish() as tx:
        tx.execute(text("UPDATE work_shared SET jobs = jobs + 1"))
        tx.execute(_EFFECT, _effect(job, 1))
        if job.attempt == 1:
            os.kill(os.getpid(), signal.SIGSTOP)


@contextmanager
def told(job: Job) -> Iterator[None]:
    """Tell the oracle how a run began and ended."""
    note(job, "started")
    try:
        yield
    except Fenced:
        note(job, "refused")
        raise
    except BaseException:
        note(job, "stopped")
        raise
    note(job, "finished")


def _spend(milliseconds: float, job: Job) -> None:
    """Take that long, looking now and then whether to stop."""
    end = time.monotonic() + milliseconds / 1000
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(left, SLICE_SECONDS))
        job.checkpoint()


def _effect(job: Job, step: int) -> dict[str, object]:
    return {"job": job.id, "attempt": job.attempt, "token": job.lease.token, "step": step}


if os.environ.get(RELEASE_VARIABLE) == "new":

    @message("chaos.newer", Queue.UPLOADS, max_attempts=5)
    class ChaosNewer(Message):
        """A message that only the newer release knows."""

    @handles(ChaosNewer, limit_seconds=60)
    def newer(message: ChaosNewer, job: Job) -> None:
        """Leave one effect."""
        with told(job), job.finish() as tx:
            tx.execute(_EFFECT, _effect(job, 1))


def __getattr__(name: str) -> object:
    """Make the worker's application when Celery asks for it."""
    if name != "app":
        raise AttributeError(name)
    from tests.chaos import variants

    variants.apply()
    task_received.connect(_before_ack, weak=False)
    return plain.app


def _before_ack(**_: object) -> None:
    """Crash a worker that has taken a message out of Redis and has not yet handed it to its pool."""
    reach("received")
