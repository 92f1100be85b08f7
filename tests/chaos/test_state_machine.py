"""The engine on a real Postgres against its model, through whatever order of events Hypothesis thinks of."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Engine, text

from shared.audit import Actor
from shared.db import Transaction, transaction
from shared.errors import Conflict, NotFound
from shared.jobs import admin, sweep
from shared.jobs import lease as leases
from shared.jobs.claim import claim
from shared.jobs.enqueue import enqueue
from shared.jobs.lease import Cancelled, Fenced, Lease
from shared.messages import Message, Queue, message
from tests.chaos.model import ENDED, Model, ModelJob
from workers.processes import release_jobs_of

KIND = "chaos.machine"
ATTEMPTS = 2
OPERATOR = Actor("chaos")
PAST, FUTURE = "2000-01-01", datetime(2100, 1, 1, tzinfo=UTC)
NODES = st.sampled_from(["north", "south"])


@message(KIND, Queue.BULK, max_attempts=ATTEMPTS)
class MachineWork(Message):
    """What the machine asks for."""


class Undo(Exception):
    """Roll back on purpose."""


def do(act: Callable[[Transaction], Any]) -> Any:
    """Do one thing in a transaction of its own."""
    with transaction() as tx:
        return act(tx)


def sql(statement: str, **values: object) -> None:
    """Change the world behind the engine's back: time passes only when the machine says so."""
    do(lambda tx: tx.execute(text(statement), values))


class Machine(RuleBasedStateMachine):
    """Every rule does one thing to the table and to the model."""

    jobs = Bundle("jobs")
    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        sql("TRUNCATE jobs, machine_effects, queues, events CASCADE")

    @rule(target=jobs, undo=st.booleans(), key=st.sampled_from([None, None, "k"]), later=st.booleans())
    def insert(self, undo: bool, key: str | None, later: bool) -> Any:
        """Ask for a job; sometimes the asker's transaction is rolled back."""
        try:
            with transaction() as tx:
                made = enqueue(tx, MachineWork(), unique_key=key, run_at=FUTURE if later else None)
                if undo:
                    raise Undo
        except Undo:
            return multiple()
        keeper = self.model.keeper_of(key)
        assert made.created == (keeper is None)
        if keeper is None:
            self.model.jobs[made.id] = ModelJob("scheduled" if later else "queued", ATTEMPTS, key)
        else:
            assert keeper == made.id
        return made.id

    @rule(target=held, some=st.lists(jobs, min_size=1, max_size=3, unique=True), node=NODES)
    def claim(self, some: list[UUID], node: str) -> Any:
        """A message comes, the first or the fifth, for one job or for several."""
        expected = {job_id for job_id in some if self.model.claimable(job_id)}
        got: list[Lease] = do(lambda tx: claim(tx, KIND, some, f"{node}:1"))
        assert expected == {lease.job_id for lease in got}
        for lease in got:
            self.model.claim(lease.job_id, lease.token, node)
        return multiple(*got)

    @rule(lease=held)
    def beat(self, lease: Lease) -> None:
        """A worker's heart beats, maybe too late."""
        alive = do(lambda tx: leases.beat(tx, lease.token, [lease.job_id]))
        job = self.model.jobs.get(lease.job_id)
        if self.model.held(lease.job_id, lease.token) and job is not None:
            job.expired = False
            assert alive == {lease.job_id: job.cancel}
        else:
            assert alive == {}

    @rule(lease=held, undo=st.booleans())
    def finish(self, lease: Lease, undo: bool) -> None:
        """A worker commits its effect with the job's end, or tries to."""
        fenced = False
        try:
            with transaction() as tx:
                tx.execute(text("INSERT INTO machine_effects VALUES (:id)"), {"id": lease.job_id})
                leases.succeed(tx, [lease])
                if undo:
                    raise Undo
        except Undo:
            assert self.model.held(lease.job_id, lease.token)
            return
        except Fenced:
            fenced = True
        assert fenced == (not self.model.held(lease.job_id, lease.token))
        if not fenced:
            job = self.model.jobs[lease.job_id]
            job.effects += 1
            job.put_down("succeeded")

    @rule(lease=held)
    def step(self, lease: Lease) -> None:
        """A worker commits one step and learns whether to go on."""
        said = "on"
        try:
            do(lambda tx: leases.record_step(tx, lease, 50, "half"))
        except Fenced:
            said = "fenced"
        except Cancelled:
            said = "cancelled"
        if not self.model.held(lease.job_id, lease.token):
            assert said == "fenced"
        else:
            assert said == ("cancelled" if self.model.jobs[lease.job_id].cancel else "on")

    @rule(lease=held, how=st.sampled_from(["retryable", "dead", "cancelled"]))
    def fail(self, lease: Lease, how: str) -> None:
        """An attempt ends without success."""
        state = "dead" if how == "retryable" and lease.attempt >= lease.max_attempts else how
        kept = do(lambda tx: leases.fail(tx, lease, state, "told to"))
        assert kept == self.model.held(lease.job_id, lease.token)
        if kept:
            self.model.jobs[lease.job_id].put_down(state)

    @rule(job_id=jobs)
    def expire(self, job_id: UUID) -> None:
        """A lease runs out."""
        job = self.model.jobs.get(job_id)
        if job is not None and job.state == "running":
            sql("UPDATE jobs SET lease_until = :past WHERE id = :id", past=PAST, id=job_id)
            job.expired = True

    @rule(job_id=jobs)
    def wait_is_over(self, job_id: UUID) -> None:
        """A job that waits becomes due."""
        job = self.model.jobs.get(job_id)
        if job is not None and job.state in ("scheduled", "retryable"):
            sql("UPDATE jobs SET run_at = :past WHERE id = :id", past=PAST, id=job_id)
            job.due = True

    @rule(limit=st.sampled_from([500, 500, 1]))
    def rescue(self, limit: int) -> None:
        """A sweeper comes by, once or until nothing is left."""
        while do(lambda tx: sweep.rescue(tx, limit)):
            pass
        self.model.rescue()

    @rule()
    def promote(self) -> None:
        """What is due is queued."""
        do(sweep.promote)
        self.model.promote()

    @rule()
    def ring(self) -> None:
        """A relay stamps what waits; whether the message arrives is another matter."""
        rung = {job.job_id for job in do(lambda tx: sweep.pick(tx, "bulk", 500))}
        waiting = {i for i, job in self.model.jobs.items() if job.state == "queued" and not job.rung}
        assert waiting == rung
        for job_id in rung:
            self.model.jobs[job_id].rung = True

    @rule()
    def lose(self) -> None:
        """Redis forgets everything."""
        do(sweep.unring_everything)
        for job in self.model.jobs.values():
            job.rung = False

    @rule(job_id=jobs)
    def set_aside(self, job_id: UUID) -> None:
        """A worker of another release gets the message."""
        moved = do(lambda tx: sweep.set_aside(tx, KIND, [job_id]))
        job = self.model.jobs.get(job_id)
        assert moved == int(job is not None and job.state == "queued")
        if moved and job is not None:
            job.state, job.due = "retryable", False

    @rule(node=NODES)
    def end_in_order(self, node: str) -> None:
        """A worker is asked to end and puts down what it holds."""
        do(lambda tx: release_jobs_of(tx, node))
        self.model.release(node)

    @rule(job_id=jobs)
    def cancel(self, job_id: UUID) -> None:
        """An operator cancels."""
        job = self.model.jobs.get(job_id)
        try:
            said = do(lambda tx: admin.cancel(tx, job_id, OPERATOR, "chaos"))
        except NotFound:
            assert job is None
        except Conflict:
            assert job is not None
            assert job.state in ENDED
        else:
            assert job is not None
            if job.state == "running":
                job.cancel = True
            else:
                job.state = "cancelled"
            assert said == job.state

    @rule(target=jobs, job_id=jobs)
    def retry(self, job_id: UUID) -> Any:
        """An operator tries again: in place while it makes sense, else as a new job."""
        job = self.model.jobs.get(job_id)
        try:
            made = do(lambda tx: admin.retry(tx, job_id, OPERATOR, "chaos"))
        except NotFound:
            assert job is None
            return multiple()
        except Conflict:
            assert job is not None
            keeper = self.model.keeper_of(job.key)
            assert job.state == "running" or keeper not in (None, job_id)
            return multiple()
        assert job is not None
        if job.state in ("succeeded", "cancelled"):
            assert made.created
            self.model.jobs[made.id] = ModelJob("queued", ATTEMPTS)
            return made.id
        assert job.state != "running"
        job.state, job.due, job.cancel, job.old, job.rung = "queued", False, False, False, False
        job.max_attempts = max(job.max_attempts, job.attempt + 1)
        return multiple()

    @rule(pause=st.booleans())
    def pause_or_resume(self, pause: bool) -> None:
        """An operator holds the queue, or lets it go."""
        act = admin.pause if pause else admin.resume
        do(lambda tx: act(tx, "bulk", OPERATOR, "chaos"))
        self.model.paused = pause
        for job in self.model.jobs.values():
            job.rung = job.rung and pause

    @rule(job_id=jobs)
    def grow_old(self, job_id: UUID) -> None:
        """An ended job's keeping time passes."""
        job = self.model.jobs.get(job_id)
        if job is not None and job.state in ENDED:
            sql("UPDATE jobs SET finished_at = :past WHERE id = :id", past=PAST, id=job_id)
            job.old = True

    @rule()
    def prune(self) -> None:
        """Housekeeping removes what is old, and nothing that lives."""
        do(lambda tx: sweep.prune(tx, 7, 90))
        self.model.prune()

    @invariant()
    def the_table_equals_the_model(self) -> None:
        """After every step, every job is where the model says."""
        self._stop_the_clock()
        rows = do(lambda tx: tx.execute(text(_ROWS)).all())
        seen = {
            row.id: (row.state, row.attempt, row.max_attempts, row.cancel_requested, row.lease_token, row.rescues, row.effects)
            for row in rows
        }  # fmt: skip
        expected = {
            i: (job.state, job.attempt, job.max_attempts, job.cancel, job.holder, job.rescues, job.effects)
            for i, job in self.model.jobs.items()
        }
        assert expected == seen
        assert all(row.seqs == list(range(1, len(row.seqs) + 1)) for row in rows)

    def _stop_the_clock(self) -> None:
        """Put every moment that the engine chose out of reach: only the machine lets time pass."""
        sql(
            "UPDATE jobs SET lease_until = :far WHERE state = 'running' AND lease_until > '2020-01-01'",
            far=FUTURE,
        )
        sql(
            "UPDATE jobs SET run_at = :far WHERE state IN ('scheduled','retryable') AND run_at > '2020-01-01'",
            far=FUTURE,
        )

    def teardown(self) -> None:
        """Whatever happened, a working engine brings every job to its end (I1)."""
        sql("UPDATE queues SET paused = false")
        for _ in range(ATTEMPTS + 3):
            sql("UPDATE jobs SET lease_until = :past WHERE state = 'running'", past=PAST)
            do(sweep.rescue)
            sql("UPDATE jobs SET run_at = :past WHERE state IN ('scheduled','retryable')", past=PAST)
            do(sweep.promote)
            do(_work_off)
            do(sweep.unring_everything)
        left = do(
            lambda tx: tx.execute(
                text("SELECT state, cancel_requested FROM jobs WHERE finished_at IS NULL")
            ).all()
        )
        assert left == []


def _work_off(tx: Transaction) -> None:
    """Do whatever is rung."""
    rung = [job.job_id for job in sweep.pick(tx, "bulk", 500)]
    if got := claim(tx, KIND, rung, "last:1"):
        leases.succeed(tx, got)


_ROWS = """
SELECT id, state, attempt, max_attempts, cancel_requested, lease_token, rescues,
  (SELECT count(*) FROM machine_effects e WHERE e.job_id = jobs.id) AS effects,
  ARRAY(SELECT seq FROM job_events e WHERE e.job_id = jobs.id ORDER BY seq) AS seqs
FROM jobs
"""

PROFILES = {
    "chaos-short": settings(max_examples=12, stateful_step_count=30),
    "chaos-long": settings(max_examples=300, stateful_step_count=60),
}


@pytest.mark.timeout(0)
def test_no_order_of_events_parts_the_table_from_the_model(db: Engine) -> None:
    """Insert, claim, beat, expire, finish, fail, cancel, pause, prune, redeliver and lose, in any order."""
    profile = PROFILES[os.environ.get("CHAOS_PROFILE", "chaos-short")]
    sql("CREATE TABLE IF NOT EXISTS machine_effects (job_id uuid NOT NULL)")
    try:
        run_state_machine_as_test(
            Machine,
            settings=settings(
                profile,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
                print_blob=False,
            ),
        )
    finally:
        sql("DROP TABLE machine_effects")
