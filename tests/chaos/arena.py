"""The arena of one row: the rig at rest before it, the evidence collected after it."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.db import transaction
from shared.messages import Message
from tests.chaos import oracle
from tests.chaos.checker import Effect, Evidence, Row
from tests.chaos.ledger import Ledger
from tests.chaos.oracle import Entry
from tests.chaos.servers import Servers
from tests.chaos.work import ChaosWork
from tests.support.rig import Rig

T = TypeVar("T")
#: What a process needs to start and a busy machine to breathe is not the engine's waiting: it is not scaled.
GRACE_SECONDS = 6.0
PATIENCE_SECONDS = 120.0
LIVE = "('scheduled','queued','running','retryable')"
#: A job's cause is a row written with it, or a slot of a schedule.
_CAUSES = "SELECT job_id FROM work_asked UNION SELECT id FROM jobs WHERE cron_slot IS NOT NULL"
#: Tables a row leaves something in.
TABLES = (
    "jobs, job_batches, work_done, work_asked, effects, queues, schedules, rate_buckets, breakers, events,"
    " deliveries"
)


@dataclass
class Arena:
    """What a row has in its hands."""

    rig: Rig
    servers: Servers
    history_file: Path
    scale: float
    short: bool
    seed: int
    minutes: float | None = None
    #: How long anything may take before the row gives it up.
    patience: float = PATIENCE_SECONDS
    ledger: Ledger = field(default_factory=Ledger)
    random: Random = field(default_factory=Random)
    #: Criteria of a row that did not hold, in words.
    failures: list[str] = field(default_factory=list)
    #: Longest engine waits that the row saw, in seconds of this run (shortened by `scale`).
    recoveries: list[float] = field(default_factory=list)
    figures: dict[str, float | int | str] = field(default_factory=dict)
    received: list[list[int]] = field(default_factory=list)
    published: list[int] = field(default_factory=list)
    crashes: int = 0

    def size(self, short: T, full: T) -> T:
        """Return the short or the full form of a number."""
        return short if self.short else full

    def put(self, number: int, milliseconds: int = 0, steps: int = 1, tenant: str = "") -> list[UUID]:
        """Ask for that many jobs."""
        message: Message = ChaosWork(milliseconds=milliseconds, steps=steps)
        return self.ledger.put([message] * number, tenant=tenant)

    def history(self) -> list[Entry]:
        """Return what the oracle was told so far."""
        return oracle.read(self.history_file)

    def rows(self, statement: str, **values: object) -> Sequence[Any]:
        """Read from the database, patient with one that is on its way back."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with transaction() as tx:
                    return tx.execute(text(statement), values).all()
            except SQLAlchemyError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def number(self, statement: str, **values: object) -> float:
        """Read one number; null is 0."""
        return float(self.rows(statement, **values)[0][0] or 0)

    def count(self, states: str = LIVE) -> int:
        """Count jobs in some states, written as SQL writes a list."""
        return int(self.number(f"SELECT count(*) FROM jobs WHERE state IN {states}"))

    def until(self, reached: Callable[[], bool], what: str, limit: float | None = None) -> float:
        """Wait, supervised; a wait too long is a failure of the row and not an end of the run."""
        began = time.monotonic()
        try:
            return self.rig.until(reached, limit or self.patience, what)
        except AssertionError as error:
            self.failures.append(str(error))
            return time.monotonic() - began

    def under_way(self, number: int = 1) -> None:
        """Wait until that many jobs have ended."""
        self.until(lambda: self.count("('succeeded')") >= number, "work under way")

    def all_ended(self, limit: float | None = None) -> float:
        """Wait until no job is live."""
        return self.until(lambda: self.count() == 0, "every job ended", limit)

    def expect(self, held: bool, what: str) -> None:
        """Note a criterion that did not hold."""
        if not held:
            self.failures.append(what)

    def within(self, seconds: float, limit: float, what: str, *, scaled: bool = True) -> None:
        """
        Note what something took, and hold it against its limit.

        `scaled` limits are the engine's waits and shrink with them; what processes need to start is
        added unscaled.
        """
        self.recoveries.append(seconds)
        allowed = limit * (self.scale if scaled else 1.0) + GRACE_SECONDS
        self.expect(seconds <= allowed, f"{what}: {seconds:.1f} s, allowed {allowed:.1f} s")

    def each_within(self, found: Sequence[float], limit: float, what: str, *, scaled: bool = True) -> None:
        """Hold the longest of several against their limit."""
        if found:
            self.within(max(found), limit, what, scaled=scaled)

    def evidence(self) -> Evidence:
        """Collect everything the checker judges."""
        given_back = self._pairs(
            "SELECT job_id, count(*) FROM job_attempts WHERE outcome = 'released' GROUP BY 1"
        )
        seqs: dict[str, list[int]] = defaultdict(list)
        for job_id, seq in self.rows("SELECT job_id, seq FROM job_events ORDER BY job_id, seq"):
            seqs[str(job_id)].append(seq)
        jobs = self.rows("SELECT id, state, attempt, max_attempts, error FROM jobs WHERE kind LIKE 'chaos.%'")
        rows = {
            str(row.id): Row(
                str(row.id), row.state, row.attempt, row.max_attempts,
                int(given_back.get(str(row.id), 0)), tuple(seqs[str(row.id)]), row.error,
            )
            for row in jobs
        }  # fmt: skip
        return Evidence(
            rows=rows,
            effects=[
                Effect(str(row.job_id), row.step, row.attempt, str(row.token))
                for row in self.rows("SELECT job_id, step, attempt, token FROM work_done")
            ],
            history=self.history(),
            acknowledged=frozenset(self.ledger.acknowledged),
            undone=frozenset(self.ledger.undone),
            causes=frozenset(str(row.job_id) for row in self.rows(_CAUSES)),
            steps=self.ledger.steps,
            received=self.received,
            published=self.published,
            missing=self._missing(),
            crashes=self.crashes,
        )

    def _pairs(self, statement: str) -> Mapping[str, int]:
        return {str(key): int(value) for key, value in self.rows(statement)}

    def _missing(self) -> list[str]:
        """Name the processes that do not run, and prove by one job that the rest still work."""
        self.rig.rest(0.1)
        gone = [name for name, member in self.rig.members.items() if member.process.poll() is not None]
        probe = self.ledger.put_one(ChaosWork())
        try:
            self.rig.until(
                lambda: (
                    self.number("SELECT count(*) FROM jobs WHERE id = :id AND state = 'succeeded'", id=probe)
                    == 1
                ),
                self.patience / 2,
                "a probe",
            )
        except AssertionError:
            gone.append("the platform (a probe job was not done)")
        return gone
