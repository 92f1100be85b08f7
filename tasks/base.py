"""
What every handler stands on: `@handles`, and the `Job` it is given.

A handler reads and calls the outside first, then commits its writes, its events, its follow-up jobs and
the job's own end together by `with job.finish() as tx:`, or, when the lease was lost, nothing at all.
"""

import importlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

import shared.models  # noqa: F401 - a table may point at any other: a worker must know them all
from shared.db import Transaction, transaction
from shared.hidden import hide, without_secrets
from shared.jobs import lease as leases
from shared.jobs.lease import Cancelled, Fenced, Lease
from shared.jobs.points import reach
from shared.jobs.secrets import unseal
from shared.messages import Message, all_messages
from tasks.heart import Heart
from tasks.turns import Turns

log = logging.getLogger(__name__)
M = TypeVar("M", bound=Message)
Handler = Callable[..., None]


@dataclass(frozen=True, slots=True)
class Registration:
    """A handler and its time limit; a handler that needs longer is stopped and its job tried again."""

    message: type[Message]
    handler: Handler
    limit_seconds: int


_handlers: dict[str, Registration] = {}


def handles(message: type[M], *, limit_seconds: int = 300) -> Callable[[Handler], Handler]:
    """Register a function `(message, job)` as the handler of a message; there is exactly one."""

    def register(handler: Handler) -> Handler:
        name = message.route.name
        if name in _handlers and _handlers[name].handler.__module__ != handler.__module__:
            raise ValueError(f"message {name} has two handlers")
        _handlers[name] = Registration(message, handler, limit_seconds)
        return handler

    return register


def registration(name: str) -> Registration:
    """
    Import the module a message's name points at and return its handler.

    Raises: ModuleNotFoundError or LookupError when there is none.
    """
    if name not in _handlers:
        importlib.import_module(f"tasks.{name}")
    if name not in _handlers:
        raise LookupError(f"tasks/{name.replace('.', '/')}.py registers no handler for {name}")
    return _handlers[name]


def registrations() -> dict[str, Registration]:
    """Return the handler of every message by name."""
    return {name: registration(name) for name in all_messages()}


class Job:
    """A claimed job in the hands of its handler."""

    def __init__(
        self,
        lease: Lease,
        heart: Heart | None = None,
        *,
        shared_tx: Transaction | None = None,
        turns: Turns | None = None,
    ) -> None:
        self.lease = lease
        self.ended = False
        self._heart = heart
        self._shared_tx = shared_tx
        self._turns = turns

    @property
    def id(self) -> UUID:
        """Return the job's id: also the Celery task id, the log field and the URL."""
        return self.lease.job_id

    @property
    def kind(self) -> str:
        """Return the message's name."""
        return self.lease.kind

    @property
    def attempt(self) -> int:
        """Return which attempt this is, from 1."""
        return self.lease.attempt

    @property
    def max_attempts(self) -> int:
        """Return after how many attempts the job is dead."""
        return self.lease.max_attempts

    @property
    def is_last_attempt(self) -> bool:
        """Tell whether a transient failure now would be the end."""
        return self.lease.attempt >= self.lease.max_attempts

    def checkpoint(self) -> None:
        """
        Stop here when this job should not go on.

        Raises: Fenced when the lease was lost, Cancelled when a cancel was asked for. Knows what the
        last heartbeat knew, so it costs nothing in a loop.
        """
        if self._heart is None:
            return
        if self._heart.lost(self.id):
            raise Fenced(self.id)
        if self._heart.cancelled(self.id):
            raise Cancelled(self.id)

    @contextmanager
    def step(self, done: int, total: int, detail: str = "") -> Iterator[Transaction]:
        """
        Commit one step of long work with its progress; safe to repeat from any step.

        Raises: Fenced or Cancelled, and then nothing of the step is committed.
        """
        with transaction() as tx:
            yield tx
            progress = min(99, int(100 * done / total)) if total else 0
            leases.record_step(tx, self.lease, progress, detail)

    @contextmanager
    def finish(self) -> Iterator[Transaction]:
        """
        Commit the job's writes together with its end.

        Raises: Fenced when the lease was lost; nothing is committed then.
        """
        if self._shared_tx is not None:
            with self._shared_tx.begin_nested():
                yield self._shared_tx
            self.ended = True
            return
        with transaction() as tx:
            yield tx
            leases.succeed(tx, [self.lease])
            if self._turns is not None:
                self._turns.claim_next(tx)
        if self._turns is not None:
            self._turns.committed()
        reach("finished")
        self.ended = True

    def finish_with_nothing(self) -> None:
        """End the job of a handler that had nothing to write."""
        if self._shared_tx is None:
            with self.finish():
                pass
        self.ended = True

    def fail(self, state: str, error: str, delay_seconds: float = 0.0) -> bool:
        """End this attempt without success; returns false when the lease was lost."""
        error = without_secrets(error)
        if self._shared_tx is not None:
            return leases.fail(self._shared_tx, self.lease, state, error, delay_seconds)
        with transaction() as tx:
            return leases.fail(tx, self.lease, state, error, delay_seconds)


def run_batch(
    registered: Registration,
    held: Sequence[Lease],
    heart: Heart,
    run_one: Callable[[Registration, Job], bool],
) -> None:
    """
    Run light jobs of one kind that share a claim: one lock, one end statement, one commit.

    Each still finishes or fails on its own: a failing one rolls back to its savepoint. The leases run
    out together, so they are lost together: then the end is refused and all is rolled back.
    """
    with transaction() as tx:
        jobs = [Job(lease, heart, shared_tx=tx) for lease in held]
        done = [job.lease for job in jobs if run_one(registered, job)]
        if done:
            leases.succeed(tx, done)


def decode(registered: Registration, args: dict[str, Any]) -> Message:
    """Build a handler's message from a row's arguments, secret fields decrypted, and kept out of what is written."""
    opened = unseal(registered.message, args)
    hide(opened.get(name) for name in registered.message.route.secrets)
    return registered.message.from_args(opened)
