"""Run claimed jobs and settle what became of them: the one path, for workers and tests alike."""

import logging
import os
import random
import socket
import traceback
from collections.abc import Sequence
from uuid import UUID

from billiard.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import InterfaceError, OperationalError

from shared.db import transaction
from shared.errors import Permanent, Transient
from shared.jobs import lease as leases
from shared.jobs.breakers import PutBack
from shared.jobs.claim import claim
from shared.jobs.lease import Cancelled, Fenced
from shared.jobs.pace import scaled
from shared.jobs.points import reach
from shared.jobs.rules import backoff_seconds
from shared.trace import tracing
from tasks.base import Job, Registration, decode, run_batch
from tasks.heart import Heart
from tasks.turns import Turns

log = logging.getLogger(__name__)


def worker_name(node: str | None = None) -> str:
    """Return `node:pid`, the name jobs remember of who ran them."""
    return f"{node or socket.gethostname()}:{os.getpid()}"


def execute(registration: Registration, job_ids: Sequence[UUID], worker: str, heart: Heart) -> int:
    """
    Claim what a message brought, run what was got and settle each; returns how many were claimed.

    Jobs of a batch kind share one claim. Others that came in one message are claimed one after the
    other; those that would wait too long go back to be rung again.
    """
    kind = registration.message.route.name
    if registration.message.route.batch > 1 and len(job_ids) > 1:
        return _execute_batch(registration, job_ids, worker, heart)
    done = 0
    turns = Turns(kind, job_ids, worker, heart)
    try:
        while (lease := turns.take()) is not None:
            done += 1
            reach("claimed")
            with tracing(lease.traceparent):
                run_one(registration, Job(lease, heart, turns=turns))
    finally:
        turns.put_down()
    return done


def _execute_batch(registration: Registration, job_ids: Sequence[UUID], worker: str, heart: Heart) -> int:
    kind = registration.message.route.name
    with transaction() as tx:
        held = claim(tx, kind, job_ids, worker)
    if not held:
        return 0
    reach("claimed")
    heart.hold(held)
    try:
        run_batch(registration, held, heart, run_one)
    except Fenced:
        log.warning("lease lost, nothing committed", extra={"kind": kind})
    finally:
        heart.release(held)
    return len(held)


def run_one(registration: Registration, job: Job) -> bool:
    """Run one handler and settle its job; returns true when it succeeded."""
    try:
        registration.handler(decode(registration, job.lease.args), job)
        if not job.ended:
            job.finish_with_nothing()
    except Fenced:
        log.warning("job fenced, nothing committed", extra=_fields(job))
        return False
    except Cancelled:
        _settle(job, "cancelled", "cancelled while running")
        return False
    except PutBack:
        with transaction() as tx:
            leases.put_back(tx, job.lease)
        return False
    except Permanent as error:
        _settle(job, "dead", str(error))
        return False
    except Transient as error:
        _retry(job, str(error), error.retry_after_seconds)
        return False
    except SoftTimeLimitExceeded:
        _retry(job, f"took longer than {registration.limit_seconds} s")
        return False
    except (OperationalError, InterfaceError) as error:
        _retry(job, f"database: {_one_line(error)}")
        return False
    except Exception as error:
        log.exception("job failed by a bug", extra=_fields(job))
        _retry(job, _one_line(error))
        return False
    log.log(
        logging.DEBUG if registration.message.route.quiet else logging.INFO,
        "job succeeded",
        extra=_fields(job),
    )
    return True


def _retry(job: Job, error: str, retry_after_seconds: float | None = None) -> None:
    if job.is_last_attempt:
        _settle(job, "dead", error)
        return
    delay = scaled(backoff_seconds(job.attempt, random.random(), retry_after_seconds))  # noqa: S311 - jitter, not a secret
    _settle(job, "retryable", error, delay)


def _settle(job: Job, state: str, error: str, delay_seconds: float = 0.0) -> None:
    kept = job.fail(state, error, delay_seconds)
    log.warning(
        "job attempt ended without success",
        extra={**_fields(job), "state": state if kept else "fenced", "error": error},
    )


def _one_line(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{last.filename.rsplit('/', 1)[-1]}:{last.lineno}"
    return f"{type(error).__name__}: {error} ({place})".replace("\n", " ")


def _fields(job: Job) -> dict[str, object]:
    return {"job_id": str(job.id), "kind": job.kind, "attempt": job.attempt}
