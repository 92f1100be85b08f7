"""Those who ask for work: what they were told, kept outside the database."""

import os
import random
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import Transaction, transaction
from shared.jobs.enqueue import enqueue, enqueue_many
from shared.messages import Message
from tests.chaos import variants

_CAUSE = text("INSERT INTO work_asked (job_id) SELECT unnest(CAST(:ids AS uuid[]))")
#: Of a stream of transactions, this share is rolled back on purpose.
UNDONE_SHARE = 0.3


class _Undo(Exception):
    """Roll this transaction back."""


@dataclass
class Ledger:
    """Which jobs were acknowledged, which were undone, and how many steps each must leave."""

    acknowledged: set[str] = field(default_factory=set)
    undone: set[str] = field(default_factory=set)
    steps: dict[str, int] = field(default_factory=dict)
    #: Seconds of each enqueue that was answered.
    latencies: list[float] = field(default_factory=list)
    #: Errors of transactions whose outcome the asker was not told.
    errors: list[str] = field(default_factory=list)

    def put(self, messages: Sequence[Message], tenant: str = "") -> list[UUID]:
        """Ask for many jobs in one transaction with their causes."""
        with transaction() as tx:
            ids = enqueue_many(tx, messages, tenant=tenant)
            tx.execute(_CAUSE, {"ids": [str(i) for i in ids]})
        for job_id, message in zip(ids, messages, strict=True):
            self._acknowledge(job_id, message)
        return ids

    def put_one(self, message: Message, *, undo: bool = False, queue: str | None = None) -> UUID | None:
        """
        Ask for one job with its cause; `undo` rolls the transaction back.

        Returns: the id, or None when undone. Raises: SQLAlchemyError; the outcome is then not known.
        """
        began = time.monotonic()
        job_id: UUID | None = None
        try:
            if os.environ.get(variants.VARIABLE) == "outbox":
                with transaction() as early:
                    job_id = enqueue(early, message, queue=queue).id
            with transaction() as tx:
                job_id = job_id or enqueue(tx, message, queue=queue).id
                self._cause(tx, job_id)
                if undo:
                    raise _Undo
        except _Undo:
            self.undone.add(str(job_id))
            return None
        self.latencies.append(time.monotonic() - began)
        if job_id is not None:
            self._acknowledge(job_id, message)
        return job_id

    def _cause(self, tx: Transaction, job_id: UUID) -> None:
        tx.execute(_CAUSE, {"ids": [str(job_id)]})

    def _acknowledge(self, job_id: UUID, message: Message) -> None:
        self.acknowledged.add(str(job_id))
        steps = getattr(message, "steps", 0)
        if steps:
            self.steps[str(job_id)] = steps


class Load:
    """A thread that keeps asking, some of it undone, at a steady rate, whatever happens to the servers."""

    def __init__(self, ledger: Ledger, messages: Sequence[Message], per_second: float, seed: int) -> None:
        self._ledger = ledger
        self._messages = messages
        self._pause = 1 / per_second
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, name="load", daemon=True)
        self.asked = 0

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def _ask(self) -> None:
        while not self._stop.wait(self._pause):
            self.asked += 1
            try:
                self._ledger.put_one(
                    self._random.choice(self._messages), undo=self._random.random() < UNDONE_SHARE
                )
            except SQLAlchemyError as error:
                # What a caller of the API sees as 503; anything else is a bug and ends this thread loudly.
                self._ledger.errors.append(type(error).__name__)
