"""Jobs that end at once share a message, and none waits for a stranger that does not."""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
import redis
from sqlalchemy import text

from shared.db import transaction
from shared.errors import Permanent
from shared.jobs import sweep
from shared.jobs.enqueue import enqueue_many
from shared.jobs.rules import RIDE_LIMIT, RIDE_SAMPLE, riders
from shared.messages import Queue
from tasks.base import Job, Registration
from tasks.execute import execute
from tasks.heart import Heart
from tasks.turns import Turns
from tests.support.work import Work
from workers.bell import PREFIX, Bell
from workers.processes import report
from workers.relay import Relay

pytestmark = pytest.mark.usefixtures("db")


def put(number: int) -> list[UUID]:
    with transaction() as tx:
        return enqueue_many(tx, [Work(milliseconds=n) for n in range(number)])


def column(name: str, ids: Sequence[UUID]) -> list[object]:
    with transaction() as tx:
        rows = tx.execute(text(f"SELECT id, {name} AS value FROM jobs")).all()
    found = {row.id: row.value for row in rows}
    return [found[job_id] for job_id in ids]


def ended(ids: Sequence[UUID], seconds: float) -> None:
    """Make it so that these jobs have just ended, each after so many seconds."""
    with transaction() as tx:
        tx.execute(
            text("""UPDATE jobs SET state = 'succeeded', finished_at = clock_timestamp(),
                    started_at = clock_timestamp() - make_interval(secs => :s) WHERE id = ANY(:ids)"""),
            {"s": seconds, "ids": list(ids)},
        )


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.0, RIDE_LIMIT), (0.001, RIDE_LIMIT), (0.03, 3), (0.2, 1), (60.0, 1)]
)
def test_the_shorter_a_kind_the_more_of_it_share_a_message(seconds: float, expected: int) -> None:
    """A tenth of a second in all, a few at most, and always one."""
    assert riders(seconds) == expected


def test_riders_are_claimed_one_by_one_and_fail_on_their_own() -> None:
    """Each has a lease of its own; the second one's failure is nobody else's."""
    ids = put(3)
    tokens = []

    def work(message: Work, job: Job) -> None:
        tokens.append(job.lease.token)
        if message.milliseconds == 1:
            raise Permanent("not this one")

    assert execute(Registration(Work, work, 30), ids, "test:1", Heart()) == 3

    assert column("state", ids) == ["succeeded", "dead", "succeeded"]
    assert len(set(tokens)) == 3


def test_riders_behind_a_long_job_go_to_another_worker() -> None:
    """What was rung with it is unrung when it takes long, and not run here any more."""
    ids, heart, ran = put(3), Heart(), []
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET published_at = clock_timestamp()"))

    def work(message: Work, job: Job) -> None:
        ran.append(job.id)
        heart.let_go(0.0)

    execute(Registration(Work, work, 30), ids, "test:1", heart)

    assert ran == ids[:1]
    assert column("state", ids) == ["succeeded", "queued", "queued"]
    assert column("published_at", ids[1:]) == [None, None]


def test_riders_of_a_short_job_are_kept() -> None:
    """Nobody is sent away before the patience is over."""
    ids, heart = put(3), Heart()

    execute(Registration(Work, lambda message, job: heart.let_go(60), 30), ids, "test:1", heart)

    assert column("state", ids) == ["succeeded"] * 3


def test_a_kind_is_short_only_when_enough_of_it_showed_it() -> None:
    """Too few say nothing, and of few a long one speaks for all."""
    ids = put(RIDE_SAMPLE)
    ended(ids[1:], 0.01)
    with transaction() as tx:
        assert sweep.long_ones(tx) == {}

    ended(ids[:1], 5)
    with transaction() as tx:
        assert riders(sweep.long_ones(tx)["test.work"]) == 1


def test_one_stall_among_many_does_not_make_a_kind_long() -> None:
    """One in a hundred that waited for the disk says nothing of the others."""
    ids = put(100)
    ended(ids[1:], 0.001)
    ended(ids[:1], 5)
    with transaction() as tx:
        assert riders(sweep.long_ones(tx)["test.work"]) == RIDE_LIMIT


def test_the_relay_rings_short_jobs_together_and_unknown_ones_alone(redis_url: str) -> None:
    """It learns at its next sweep; before that every job has a message of its own."""
    with transaction() as tx:
        report(tx, "worker@here", "worker", {"queues": [Queue.BULK.value], "slots": 2})
    relay = Relay(Bell(redis_url), "relay@here")
    first = put(RIDE_SAMPLE)
    relay.turn(0.0)
    assert {1} == {len(ids) for ids in rung(redis_url)}

    ended(first, 0.001)
    second = put(RIDE_LIMIT + 4)
    relay.turn(1_000_000.0)

    assert [RIDE_LIMIT, 4] == [len(ids) for ids in rung(redis_url)]
    assert None not in column("published_at", second)


def rung(redis_url: str) -> list[list[str]]:
    """Take what lies in the queue's list and return the job ids of each message, the first rung first."""
    client = redis.Redis.from_url(redis_url)
    taken = client.lrange(PREFIX + Queue.BULK, 0, -1)
    client.delete(PREFIX + Queue.BULK)
    return [json.loads(base64.b64decode(json.loads(raw)["body"]))[0][0] for raw in reversed(taken)]


def test_the_commit_that_ends_a_job_claims_the_next() -> None:
    """Seen from outside in between: the second runs already, under a token of its own."""
    ids, seen = put(2), []
    real = Turns.committed

    def committed(turns: Turns) -> None:
        seen.append(column("state", ids))
        real(turns)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Turns, "committed", committed)
        execute(Registration(Work, lambda message, job: None, 30), ids, "test:1", Heart())

    assert [["succeeded", "running"], ["succeeded", "succeeded"]] == seen


def test_a_fenced_end_claims_nothing_and_the_next_is_claimed_in_its_turn() -> None:
    """What was taken in the transaction that was refused is taken once more, and counted once."""
    ids = put(2)

    def work(message: Work, job: Job) -> None:
        if message.milliseconds == 0:
            with transaction() as tx:
                tx.execute(
                    text("UPDATE jobs SET lease_token = gen_random_uuid() WHERE id = :id"), {"id": job.id}
                )

    execute(Registration(Work, work, 30), ids, "test:1", Heart())

    assert column("state", ids) == ["running", "succeeded"]
    assert column("attempt", ids) == [1, 1]


def test_a_job_in_other_hands_is_not_waited_for() -> None:
    """A transaction that ends a job waits for no other: the two could wait for each other."""
    ids, states = put(2), []

    def work(message: Work, job: Job) -> None:
        if message.milliseconds == 1:
            return
        with transaction() as other:
            other.execute(text("SELECT 1 FROM jobs WHERE id = :id FOR UPDATE"), {"id": ids[1]})
            with job.finish():
                pass
            states.extend(column("state", ids))

    execute(Registration(Work, work, 30), ids, "test:1", Heart())

    assert states == ["succeeded", "queued"]
    assert column("state", ids) == ["succeeded", "succeeded"]


def test_a_rider_that_draws_tokens_waits_for_its_own_turn() -> None:
    """Its bucket is asked outside the transaction that ends the job before."""
    ids = put(2)
    with transaction() as tx:
        tx.execute(
            text("INSERT INTO rate_buckets (key, rate, capacity, tokens) VALUES ('host:a', 0.001, 1, 0)")
        )
        tx.execute(text("UPDATE jobs SET rate_key = 'host:a' WHERE id = :id"), {"id": ids[1]})

    execute(Registration(Work, lambda message, job: None, 30), ids, "test:1", Heart())

    assert column("state", ids) == ["succeeded", "scheduled"]
    assert column("attempt", ids) == [1, 0]


def test_no_lease_is_renewed_when_a_process_is_told_to_end() -> None:
    """The job claimed ahead must run out and be taken over, not be held for ever by nobody."""
    ids, heart = put(2), Heart()

    def work(message: Work, job: Job) -> None:
        with job.finish():
            pass
        raise SystemExit

    with pytest.raises(SystemExit):
        execute(Registration(Work, work, 30), ids, "test:1", heart)
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET lease_until = '2000-01-01' WHERE state = 'running'"))
    heart.beat()

    assert column("state", ids) == ["succeeded", "running"]
    assert [value for value in column("lease_until", ids) if value] == [datetime(2000, 1, 1, tzinfo=UTC)]
