"""The engine's promises, one by one, on a real Postgres."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.clock import utcnow
from shared.db import transaction
from shared.errors import Invalid, Permanent, Transient
from shared.jobs import lease as leases
from shared.jobs import sweep
from shared.jobs.batches import enqueue_batch
from shared.jobs.claim import claim
from shared.jobs.enqueue import enqueue, enqueue_many
from shared.jobs.lease import Fenced
from shared.messages import Heartbeat, Noop, PruneJobs
from tasks.base import Job, Registration
from tasks.execute import execute
from tasks.heart import Heart
from tests.support.jobs import running_job

pytestmark = pytest.mark.usefixtures("db")


def row(job_id: UUID) -> dict[str, object]:
    with transaction() as tx:
        return dict(tx.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id}).mappings().one())


def sql(statement: str, **values: object) -> None:
    with transaction() as tx:
        tx.execute(text(statement), values)


def put(message: Noop | Heartbeat | None = None, **options: object) -> UUID:
    with transaction() as tx:
        return enqueue(tx, message or Noop(), **options).id  # type: ignore[arg-type]  # options are enqueue's own


def take(job_id: UUID) -> list[leases.Lease]:
    with transaction() as tx:
        return claim(tx, "jobs.noop", [job_id], "test:1")


def run(job_id: UUID, handler: object) -> None:
    execute(Registration(Noop, handler, 30), [job_id], "test:1", Heart())  # type: ignore[arg-type]  # any callable


def test_a_rolled_back_transaction_leaves_no_job() -> None:
    """A job exists exactly when its cause does."""
    with pytest.raises(RuntimeError), transaction() as tx:
        job = enqueue(tx, Noop())
        raise RuntimeError("undone")

    with transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM jobs WHERE id = :id"), {"id": job.id}).scalar_one() == 0


def test_a_unique_key_admits_one_live_job_among_a_hundred_askers() -> None:
    """100 parallel enqueues of one key are one row."""
    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(lambda _: put(unique_key="only"), range(100)))

    assert len(ids) == 1


def test_a_unique_key_is_free_again_when_its_job_has_ended() -> None:
    """Uniqueness holds among live jobs only."""
    first = put(unique_key="only")
    run(first, lambda message, job: None)

    assert put(unique_key="only") != first


def test_a_cron_slot_becomes_one_job_for_ever() -> None:
    """A slot already served is not served again, even when its job has ended."""
    first = put(cron_slot="tick@2026-11-22T14:05:00Z")
    run(first, lambda message, job: None)

    assert put(cron_slot="tick@2026-11-22T14:05:00Z") == first


def test_arguments_over_64_kib_are_refused_with_the_rule() -> None:
    """The answer names the field and the limit."""
    big = Heartbeat(queue="x" * 70_000)

    with pytest.raises(Invalid) as refused, transaction() as tx:
        enqueue(tx, big)

    assert refused.value.problems[0].field == "args"
    assert "65536" in refused.value.problems[0].message


def test_a_job_is_claimed_once_however_often_it_is_rung() -> None:
    """Doubled messages change nothing."""
    job_id = put()

    with ThreadPoolExecutor(8) as pool:
        claimed = [held for held in pool.map(lambda _: take(job_id), range(40)) if held]

    assert len(claimed) == 1


def test_a_worker_that_lost_its_lease_commits_nothing() -> None:
    """The zombie's domain writes roll back with its finish."""
    sql("CREATE TABLE IF NOT EXISTS effect_of_test (n int)")
    with running_job(Noop()) as job:
        sql("UPDATE jobs SET lease_token = :other WHERE id = :id", other=uuid4(), id=job.id)

        with pytest.raises(Fenced), job.finish() as tx:
            tx.execute(text("INSERT INTO effect_of_test VALUES (1)"))

    with transaction() as tx:
        assert tx.execute(text("SELECT count(*) FROM effect_of_test")).scalar_one() == 0
    sql("DROP TABLE effect_of_test")


def test_a_silent_worker_loses_its_job_to_the_sweeper_which_counts_the_attempt() -> None:
    """Rescue makes the job retryable, keeps the attempt, and notes who fell silent."""
    job_id = put()
    take(job_id)
    sql("UPDATE jobs SET lease_until = clock_timestamp() - interval '1 second'")

    with transaction() as tx:
        assert sweep.rescue(tx) == 1

    rescued = row(job_id)
    assert (rescued["state"], rescued["attempt"], rescued["rescues"]) == ("retryable", 1, 1)


def test_a_poison_job_is_dead_after_its_last_attempt() -> None:
    """A job that kills its worker each time ends, and says why."""
    job_id = put()
    sql("UPDATE jobs SET max_attempts = 1")
    take(job_id)
    sql("UPDATE jobs SET lease_until = clock_timestamp() - interval '1 second'")

    with transaction() as tx:
        sweep.rescue(tx)

    assert row(job_id)["state"] == "dead"


def test_a_transient_fault_is_retried_no_sooner_than_the_other_side_asked() -> None:
    """Retry-After is honoured when it is longer than our own backoff."""
    job_id = put()

    def fail(message: Noop, job: Job) -> None:
        raise Transient("HTTP 429", retry_after_seconds=600)

    run(job_id, fail)

    failed = row(job_id)
    assert failed["state"] == "retryable"
    assert failed["run_at"] > utcnow() + timedelta(seconds=590)


def test_a_permanent_fault_is_dead_at_once_with_its_sentence() -> None:
    """No retry can mend it, so none is made."""
    job_id = put()

    def fail(message: Noop, job: Job) -> None:
        raise Permanent("feed x: HTTP 404")

    run(job_id, fail)

    assert (row(job_id)["state"], row(job_id)["error"]) == ("dead", "feed x: HTTP 404")


def test_a_bug_is_retried_and_its_line_is_kept() -> None:
    """An unexpected exception becomes one line with its place."""
    job_id = put()

    def fail(message: Noop, job: Job) -> None:
        raise KeyError("nothing")

    run(job_id, fail)

    assert row(job_id)["state"] == "retryable"
    assert "KeyError" in str(row(job_id)["error"])


def test_a_cancelled_job_stops_at_its_next_step() -> None:
    """A running job sees the request in its own transaction."""
    job_id = put()

    def work(message: Noop, job: Job) -> None:
        sql("UPDATE jobs SET cancel_requested = true WHERE id = :id", id=job.id)
        with job.step(1, 2):
            pass

    run(job_id, work)

    assert row(job_id)["state"] == "cancelled"


def test_light_jobs_share_a_claim_and_still_fail_on_their_own() -> None:
    """One of ten fails; nine succeed; the failing one keeps its error."""
    with transaction() as tx:
        ids = enqueue_many(tx, [Noop(number=n) for n in range(10)])

    def work(message: Noop, job: Job) -> None:
        if message.number == 3:
            raise Permanent("not this one")

    execute(Registration(Noop, work, 30), ids, "test:1", Heart())

    states = [row(job_id)["state"] for job_id in ids]
    assert states == ["succeeded"] * 3 + ["dead"] + ["succeeded"] * 6


def test_a_batch_counts_exactly_and_calls_back_once() -> None:
    """The callback is enqueued by whoever ends the last member."""
    with transaction() as tx:
        enqueue_batch(tx, [Noop(number=n) for n in range(20)], callback=Heartbeat(queue="bulk"))
        ids = list(tx.execute(text("SELECT id FROM jobs WHERE kind = 'jobs.noop'")).scalars())

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda job_id: run(job_id, lambda message, job: None), ids))

    with transaction() as tx:
        counted = tx.execute(text("SELECT succeeded, failed, finished_at FROM job_batches")).one()
        callbacks = tx.execute(text("SELECT count(*) FROM jobs WHERE kind = 'jobs.heartbeat'")).scalar_one()
    assert (counted.succeeded, counted.failed, callbacks) == (20, 0, 1)


def test_tenants_take_turns() -> None:
    """One tenant's flood does not keep another's job out of the next window."""
    with transaction() as tx:
        enqueue_many(tx, [Noop(number=n) for n in range(500)], tenant="flood")
    other = put(tenant="quiet")

    with transaction() as tx:
        rung = [job.job_id for job in sweep.pick(tx, "bulk", 8)]

    assert other in rung


def test_what_waited_long_is_served_before_what_is_more_urgent() -> None:
    """Ageing: a quarter of a window goes to the oldest."""
    old = put(priority=9)
    sql("UPDATE jobs SET run_at = clock_timestamp() - interval '10 minutes'")
    with transaction() as tx:
        for _ in range(20):
            enqueue(tx, Noop(), priority=0)

    with transaction() as tx:
        rung = [job.job_id for job in sweep.pick(tx, "bulk", 4)]

    assert old in rung


def test_a_paused_queue_is_neither_rung_nor_claimed() -> None:
    """Even a message already in Redis starts nothing."""
    job_id = put()
    sql("INSERT INTO queues (name, paused) VALUES ('bulk', true)")

    with transaction() as tx:
        waiting = sweep.waiting_queues(tx)

    assert waiting == {}
    assert take(job_id) == []


def test_a_job_without_a_token_waits_and_its_attempt_is_not_counted() -> None:
    """The bucket is drawn from at the claim, in Postgres, for all workers together."""
    sql("INSERT INTO rate_buckets (key, rate, capacity, tokens) VALUES ('host:x', 0.001, 2, 2)")
    ids = [put(rate_key="host:x") for _ in range(5)]

    started = [held for job_id in ids for held in take(job_id)]

    assert len(started) == 2
    assert [row(job_id)["attempt"] for job_id in ids] == [1, 1, 0, 0, 0]


def test_pruning_spares_the_living_and_the_recently_dead() -> None:
    """Succeeded jobs are kept a week, dead ones ninety days, live ones for ever."""
    done, dead, live = put(), put(), put()
    sql(
        "UPDATE jobs SET state = 'succeeded', finished_at = clock_timestamp() - interval '8 days' WHERE id = :id",
        id=done,
    )
    sql(
        "UPDATE jobs SET state = 'dead', finished_at = clock_timestamp() - interval '8 days' WHERE id = :id",
        id=dead,
    )

    with transaction() as tx:
        removed = sweep.prune(tx, 7, 90)

    with transaction() as tx:
        left = set(tx.execute(text("SELECT id FROM jobs")).scalars())
    assert (removed, left) == (1, {dead, live})


def test_a_kind_of_a_newer_release_waits_aside_and_lets_others_pass() -> None:
    """It is neither dead nor in the way, its attempt is not counted, and a forged name moves nothing else."""
    job_id, other = put(), put()
    sql(
        "UPDATE jobs SET kind = 'feeds.from_the_future', published_at = clock_timestamp() WHERE id = :id",
        id=job_id,
    )

    with transaction() as tx:
        moved = sweep.set_aside(tx, "feeds.from_the_future", [job_id, other])

    aside = row(job_id)
    assert (moved, aside["state"], aside["attempt"], row(other)["state"]) == (1, "retryable", 0, "queued")


def test_no_more_is_rung_than_fits_the_room_in_messages() -> None:
    """Sixty-four light jobs share one message of the room, a heavy one takes one of its own."""
    with transaction() as tx:
        enqueue_many(tx, [Noop(number=n) for n in range(100)])
        enqueue_many(tx, [PruneJobs() for _ in range(10)])

    with transaction() as tx:
        light = sweep.pick(tx, "bulk", 500, 1, {"jobs.noop": 64})
    with transaction() as tx:
        mixed = sweep.pick(tx, "bulk", 500, 3, {"jobs.noop": 64})

    kinds = [job.kind for job in mixed]
    assert len(light) == 64
    assert (kinds.count("jobs.noop"), kinds.count("jobs.prune")) == (36, 2)
