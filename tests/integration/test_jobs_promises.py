"""Promises that need many workers, many transactions or much time to break: buckets, causes, batches, deaf workers."""

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from shared.clock import utcnow
from shared.db import transaction
from shared.jobs import lease as leases
from shared.jobs import sweep
from shared.jobs.batches import enqueue_batch
from shared.jobs.claim import claim
from shared.jobs.enqueue import enqueue, enqueue_many
from shared.jobs.lease import Fenced
from shared.messages import Heartbeat, Noop, Queue
from tasks.schedule import SCHEDULE
from tests.support.jobs import run_job_id
from workers import lifecycle
from workers.beat import enqueue_slots
from workers.processes import report

pytestmark = pytest.mark.usefixtures("db")
#: Enough to meet every fate often; the promise was shown with 10,000.
TRANSACTIONS = int(os.environ.get("CITYPULSE_TEST_TRANSACTIONS", "2000"))
ASKERS = 4


def sql(statement: str, **values: object) -> list[Any]:
    with transaction() as tx:
        result = tx.execute(text(statement), values)
        return list(result.all()) if result.returns_rows else []


def test_a_bucket_gives_no_more_than_its_limit_and_one_in_any_window() -> None:
    """
    Four workers draw from it as fast as they can; every span between two drawings is looked at.

    A drawing's moment is the bucket's own: a job's start is noted before it waits for its turn at the bucket.
    """
    rate, capacity, wanted = 100.0, 5.0, 40
    drawn: list[datetime] = []
    sql("INSERT INTO rate_buckets VALUES ('host:x', :rate, :capacity, 0)", rate=rate, capacity=capacity)
    with transaction() as tx:
        ids = [enqueue(tx, Noop(number=n), rate_key="host:x").id for n in range(wanted)]

    def work(mine: list[UUID]) -> None:
        while mine:
            with transaction() as tx:
                if claim(tx, "jobs.noop", mine[:1], "test:1"):
                    drawn.append(tx.execute(text("SELECT refilled_at FROM rate_buckets")).scalar_one())
                    mine.pop(0)
                    continue
            sql("UPDATE jobs SET state = 'queued', run_at = clock_timestamp() WHERE id = :id", id=mine[0])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, [ids[n::4] for n in range(4)]))

    moments = sorted(drawn)
    assert wanted == len(moments)
    for first, begun in enumerate(moments):
        for last in range(first, wanted):
            given = last - first + 1
            assert given <= capacity + rate * (moments[last] - begun).total_seconds() + 1


class _Undo(Exception):
    """Roll this transaction back."""


@pytest.fixture
def causes(db: Engine) -> Iterator[None]:
    """A table of causes."""
    sql("CREATE TABLE IF NOT EXISTS cause_of_test (job_id uuid PRIMARY KEY)")
    yield
    sql("DROP TABLE cause_of_test")


@pytest.mark.usefixtures("causes")
def test_jobs_and_causes_are_the_same_set_whatever_ends_their_transactions() -> None:
    """Some are committed, some rolled back, some lose their connection in the midst: no orphan and no ghost."""
    committed: set[UUID] = set()

    def ask(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(TRANSACTIONS // ASKERS):
            fate = chance.random()
            try:
                with transaction() as tx:
                    job_id = enqueue(tx, Noop()).id
                    tx.execute(text("INSERT INTO cause_of_test VALUES (:id)"), {"id": job_id})
                    if fate < 0.02:
                        tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
                    elif fate < 0.3:
                        raise _Undo
                committed.add(job_id)
            except (_Undo, OperationalError):
                continue

    with ThreadPoolExecutor(ASKERS) as pool:
        list(pool.map(ask, range(ASKERS)))

    jobs = {row.id for row in sql("SELECT id FROM jobs")}
    assert jobs == {row.job_id for row in sql("SELECT job_id FROM cause_of_test")}
    assert jobs == committed
    assert TRANSACTIONS / 2 < len(committed) < TRANSACTIONS


def test_a_batch_is_counted_exactly_when_its_workers_die_and_come_back() -> None:
    """Half of the members are rescued and run again, the dead want to finish theirs late; one callback comes."""
    with transaction() as tx:
        enqueue_batch(tx, [Noop(number=n) for n in range(20)], callback=Heartbeat(queue="bulk"))
    ids = [row.id for row in sql("SELECT id FROM jobs WHERE kind = 'jobs.noop' ORDER BY seq")]
    with transaction() as tx:
        held = claim(tx, "jobs.noop", ids[:10], "killed:1")
    sql("UPDATE jobs SET lease_until = clock_timestamp() - interval '1 s' WHERE state = 'running'")
    with transaction() as tx:
        assert 10 == sweep.rescue(tx)
    sql("UPDATE jobs SET state = 'queued' WHERE state = 'retryable'")

    for job_id in ids:
        run_job_id("jobs.noop", job_id)
    for lease in held:
        with pytest.raises(Fenced), transaction() as tx:
            leases.succeed(tx, [lease])

    (batch,) = sql("SELECT succeeded, failed, finished_at FROM job_batches")
    assert (20, 0) == (batch.succeeded, batch.failed)
    assert batch.finished_at is not None
    assert 1 == len(sql("SELECT 1 FROM jobs WHERE kind = 'jobs.heartbeat'"))


def test_every_queue_proves_itself_by_a_job_that_goes_all_the_way() -> None:
    """One heartbeat a queue, in that queue, every ten seconds, and it notes when it ran."""
    beats = [entry for entry in SCHEDULE if isinstance(entry.message, Heartbeat)]
    with transaction() as tx:
        for entry in beats:
            assert 1 == enqueue_slots(tx, entry, None, utcnow())
    rows = sql("SELECT id, queue, args->>'queue' AS told FROM jobs")
    for row in rows:
        assert "succeeded" == run_job_id("jobs.heartbeat", row.id)

    assert {queue.value for queue in Queue} == {row.queue for row in rows} == {row.told for row in rows}
    assert {10} == {entry.every_seconds for entry in beats}
    assert len(Queue) == len(sql("SELECT 1 FROM queues WHERE heartbeat_at IS NOT NULL"))


def _rung_and_unheard() -> None:
    """Leave a queue as a deaf worker does: rung long ago, nothing begun, no heartbeat, and Redis well."""
    with transaction() as tx:
        enqueue_many(tx, [Noop()])
        report(tx, "relay@here", "relay", {"redis": True})
    sql(
        "UPDATE jobs SET published_at = clock_timestamp(), run_at = clock_timestamp() - make_interval(secs => :s)",
        s=lifecycle.DEAF_SECONDS + 5,
    )
    sql("INSERT INTO queues VALUES ('bulk', false, clock_timestamp() - interval '2 minutes')")


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("SELECT 1", True),
        ("UPDATE jobs SET published_at = NULL", False),
        ("UPDATE jobs SET run_at = clock_timestamp()", False),
        ("UPDATE queues SET paused = true", False),
        ("UPDATE queues SET heartbeat_at = clock_timestamp()", False),
        ("UPDATE processes SET data = '{\"redis\": false}'", False),
        ("DELETE FROM processes", False),
    ],
)
def test_a_worker_that_hears_nothing_ends_to_be_started_afresh(
    changed: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only when jobs are rung, none begins, and neither a pause nor Redis nor the relays explain it."""
    _rung_and_unheard()
    sql(changed)
    ended: list[int] = []
    monkeypatch.setattr(lifecycle.os, "_exit", ended.append)
    monkeypatch.setattr(lifecycle.Report, "_has_listened_long", lambda self: True)
    queues = SimpleNamespace(consume_from={"bulk": SimpleNamespace(name="bulk")})
    worker = SimpleNamespace(
        hostname="deaf@here", concurrency=2, app=SimpleNamespace(amqp=SimpleNamespace(queues=queues))
    )

    lifecycle.Report(worker)._speak(worker)

    assert ([70] if expected else []) == ended
