"""Jobs through real processes: relay, Valkey and a Celery worker, with the faults that lose jobs elsewhere."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from sqlalchemy import text

from shared.db import transaction
from shared.jobs.enqueue import enqueue, enqueue_many
from shared.messages import Noop
from tests.support.rig import Rig, rig
from tests.support.work import Work
from workers.bell import PREFIX
from workers.wire import envelope

LIMIT_SECONDS = 60


#: Which Postgres it is makes no difference to late acknowledgements: one run of them is enough.
MODES = ["ack_early"] if os.environ.get("CITYPULSE_TEST_POSTGRES") else ["ack_early", "ack_late"]


@pytest.fixture(scope="module", params=MODES)
def running(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """
    A relay and a worker on servers of their own, with waits a tenth as long.

    Each test runs twice, with messages acknowledged before their jobs and after: the row is the record, so
    neither may matter.
    """
    with rig("tests.support.work:app") as made:
        made.environment = {**made.environment, "JOBS_ACKS_LATE": str(request.param == "ack_late")}
        made.relay()
        made.worker()
        with transaction() as tx:
            enqueue(tx, Noop())
        made.until(lambda: count("succeeded") == 1, LIMIT_SECONDS, "the first job")
        yield made


@pytest.fixture(autouse=True)
def _clean(running: Rig) -> None:
    with transaction() as tx:
        tx.execute(text("TRUNCATE jobs, work_done CASCADE"))


def count(state: str) -> int:
    with transaction() as tx:
        return int(
            tx.execute(text("SELECT count(*) FROM jobs WHERE state = :state"), {"state": state}).scalar_one()
        )


def effects() -> tuple[int, int]:
    """Return committed effects, and how many jobs they are of."""
    with transaction() as tx:
        row = tx.execute(text("SELECT count(*) AS n, count(DISTINCT job_id) AS jobs FROM work_done")).one()
    return row.n, row.jobs


def put(number: int, milliseconds: int = 0) -> None:
    with transaction() as tx:
        enqueue_many(tx, [Work(milliseconds=milliseconds) for _ in range(number)])


def test_light_jobs_in_a_flood_all_end_once(running: Rig) -> None:
    """A thousand jobs, a thousand effects."""
    put(1000)

    running.until(lambda: count("succeeded") == 1000, LIMIT_SECONDS, "a thousand jobs")

    assert effects() == (1000, 1000)


def test_a_killed_pool_process_loses_no_job_and_doubles_none(running: Rig) -> None:
    """kill -9 in mid-task: the lease runs out, the job runs again, its effect is committed once."""
    put(20, milliseconds=300)
    running.until(lambda: count("running") > 0, LIMIT_SECONDS, "a job in hand")
    for pid in running.members["worker"].children():
        os.kill(pid, signal.SIGKILL)

    running.until(lambda: count("succeeded") == 20, LIMIT_SECONDS, "every job after a kill")

    assert effects() == (20, 20)


def test_a_killed_worker_loses_no_job_and_doubles_none(running: Rig) -> None:
    """kill -9 of the whole worker: it comes back by its supervisor and the jobs by their leases."""
    put(20, milliseconds=300)
    running.until(lambda: count("running") > 0, LIMIT_SECONDS, "a job in hand")
    running.members["worker"].signal(signal.SIGKILL, group=True)

    running.until(lambda: count("succeeded") == 20, LIMIT_SECONDS, "every job after a kill")

    assert effects() == (20, 20)


def test_a_flushed_redis_loses_no_job(running: Rig) -> None:
    """FLUSHALL with a deep queue: the relay notices and rings again."""
    put(500, milliseconds=10)
    running.until(lambda: count("succeeded") > 5, LIMIT_SECONDS, "work under way")
    with redis.Redis.from_url(running.valkey.url) as client:
        client.flushall()

    running.until(lambda: count("succeeded") == 500, LIMIT_SECONDS, "every job after FLUSHALL")

    assert effects() == (500, 500)


def test_doubled_and_forged_messages_change_nothing(running: Rig) -> None:
    """Every message in Redis is copied, and a pickle, a YAML and a forged job id are pushed beside them."""
    put(50, milliseconds=20)
    with redis.Redis.from_url(running.valkey.url) as client:
        for _ in range(20):
            # A few at a time: copies of copies would double without end on a slow machine.
            waiting = client.lrange(PREFIX + "bulk", 0, 9)
            if waiting:
                client.lpush(PREFIX + "bulk", *waiting)
        client.lpush(PREFIX + "bulk", b"\x80\x04\x95not json", b'{"body": 1}')

    running.until(lambda: count("succeeded") == 50, LIMIT_SECONDS, "every job among doubles")

    assert effects() == (50, 50)


def test_a_frozen_worker_cannot_commit_when_it_wakes(running: Rig) -> None:
    """SIGSTOP longer than the lease: the job runs elsewhere, the zombie's finish is refused."""
    running.worker(name="second")
    put(4, milliseconds=500)
    running.until(lambda: count("running") >= 2, LIMIT_SECONDS, "jobs in hand")
    running.members["worker"].signal(signal.SIGSTOP, group=True)

    running.until(lambda: count("succeeded") == 4, LIMIT_SECONDS, "every job without the frozen worker")
    running.members["worker"].signal(signal.SIGCONT, group=True)
    running.rest(2)
    running.retire("second")

    assert effects() == (4, 4)


def test_a_stopped_worker_ends_in_order_and_gives_back_what_it_holds(running: Rig) -> None:
    """SIGTERM under load: what runs is finished, nothing is lost and no attempt is counted as failed."""
    put(40, milliseconds=100)
    running.until(lambda: count("succeeded") > 3, LIMIT_SECONDS, "work under way")
    running.retire("worker")
    running.worker()

    running.until(lambda: count("succeeded") == 40, LIMIT_SECONDS, "every job after a restart")

    with transaction() as tx:
        failed = tx.execute(text("SELECT count(*) FROM job_attempts WHERE outcome = 'failed'")).scalar_one()
    assert effects() == (40, 40)
    assert failed == 0


def test_a_stopped_worker_gives_back_what_takes_too_long(running: Rig) -> None:
    """Its time over, the job is queued again under its token, the attempt uncounted, and the worker is gone."""
    running.worker(name="slow")
    running.retire("worker")
    put(1, milliseconds=50_000)
    running.until(lambda: count("running") == 1, LIMIT_SECONDS, "a long job in hand")

    running.retire("slow")

    with transaction() as tx:
        job = tx.execute(text("SELECT state, attempt, lease_token FROM jobs")).one()
        outcomes = tx.scalars(text("SELECT outcome FROM job_attempts")).all()
        workers = tx.execute(text("SELECT count(*) FROM processes WHERE role = 'worker'")).scalar_one()
    assert tuple(job) == ("queued", 0, None)
    assert outcomes == ["released"]
    assert workers == 0


def test_a_worker_acknowledges_as_it_was_told(
    running: Rig, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """
    With a job in hand its message is still noted as not acknowledged, or is not: the two runs differ.

    The job stays in hand until it is seen, however slow the machine is.
    """
    late = "ack_late" in request.node.callspec.id
    if "worker" not in running.members:  # retired by the test before this
        running.worker()
    seen = tmp_path / "seen"
    with redis.Redis.from_url(running.valkey.url) as client:
        client.delete(PREFIX + "unacked")  # what workers killed before this had in hand
        with transaction() as tx:
            enqueue(tx, Work(until_there=str(seen)))
        running.until(lambda: count("running") == 1, LIMIT_SECONDS, "a job in hand")
        running.until(
            lambda: bool(client.hlen(PREFIX + "unacked")) == late, LIMIT_SECONDS, "its message noted so"
        )
    seen.touch()
    running.until(lambda: count("succeeded") == 1, LIMIT_SECONDS, "the job that was waited for")

    assert effects() == (1, 1)


def test_a_worker_that_cannot_go_on_ends_in_order(running: Rig) -> None:
    """
    Redis refuses writes: the worker ends as if it were told to, its job in hand finished, and is started afresh.

    Celery's own stop would wait half a minute for a pool whose results nobody reads any more.
    """
    if "worker" in running.members:
        running.retire("worker")
    member = running.worker(name="doomed")
    put(1, milliseconds=1500)
    running.until(lambda: count("running") == 1, LIMIT_SECONDS, "a job in hand")
    with redis.Redis.from_url(running.valkey.url) as client:
        # A message on its way to the free process, which the worker then cannot note.
        member.signal(signal.SIGSTOP)
        client.lpush(f"{PREFIX}bulk", envelope("test.work", [str(uuid4())], "bulk", "nobody"))
        client.config_set("maxmemory", "1")
        member.signal(signal.SIGCONT)
        code = member.process.wait(LIMIT_SECONDS)
        client.config_set("maxmemory", "0")
    said = member.program.log.read_text()

    assert code == 1
    assert count("succeeded") == 1
    assert effects() == (1, 1)
    assert "ending: nothing in hand any more" in said
    running.members.pop("doomed")
    running.worker()
