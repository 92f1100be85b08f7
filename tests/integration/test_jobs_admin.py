"""What an admin does to jobs, and what the lists show."""

from uuid import UUID

import pytest
from sqlalchemy import text

from shared.audit import Actor
from shared.db import transaction
from shared.errors import Conflict, Invalid, NotFound, Permanent, Transient
from shared.jobs import admin, queries
from shared.jobs.admin import JobFilter
from shared.jobs.batches import enqueue_batch
from shared.jobs.claim import claim
from shared.jobs.enqueue import enqueue, enqueue_many
from shared.messages import Heartbeat, Noop
from tasks.base import Job, Registration
from tasks.execute import execute
from tasks.heart import Heart
from tests.support.jobs import run_job_id
from workers.processes import release_jobs_of

pytestmark = pytest.mark.usefixtures("db")
ADMIN = Actor("admin@example.org")


def put(unique_key: str | None = None) -> UUID:
    with transaction() as tx:
        return enqueue(tx, Noop(), unique_key=unique_key).id


def state_of(job_id: UUID) -> str:
    with transaction() as tx:
        return str(queries.get_job(tx, job_id)["state"])


def test_a_job_that_ended_is_reprocessed_as_a_new_job_of_the_same_message() -> None:
    """The new job knows which one it repeats; the old one stays as it was."""
    job_id = put()
    run_job_id("jobs.noop", job_id)

    with transaction() as tx:
        again = admin.retry(tx, job_id, ADMIN, "mapping fixed").id

    with transaction() as tx:
        new = queries.get_job(tx, again)
    assert (new["reprocess_of"], new["state"]) == (str(job_id), "queued")
    assert [kin["id"] for kin in new["lineage"]] == [str(job_id)]
    assert state_of(job_id) == "succeeded"


def test_a_dead_job_is_retried_in_place_with_one_more_attempt() -> None:
    """Retry of the dead gives an attempt and leaves an audit entry with the reason."""
    job_id = put()
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET state = 'dead', attempt = 3, finished_at = now()"))

    with transaction() as tx:
        admin.retry(tx, job_id, ADMIN, "provider is back")

    with transaction() as tx:
        entry = tx.execute(text("SELECT * FROM audit_log")).one()
        job = queries.get_job(tx, job_id)
    assert (job["state"], job["max_attempts"]) == ("queued", 4)
    assert (entry.actor, entry.action, entry.reason) == (
        "admin@example.org",
        "jobs.retry",
        "provider is back",
    )


def test_acts_without_a_reason_are_refused() -> None:
    """The audit log needs to know why."""
    job_id = put()

    with pytest.raises(Invalid), transaction() as tx:
        admin.cancel(tx, job_id, ADMIN, "  ")

    assert state_of(job_id) == "queued"


def test_cancelling_what_has_ended_is_a_conflict_and_an_unknown_job_is_not_found() -> None:
    """Both are said plainly."""
    job_id = put()
    run_job_id("jobs.noop", job_id)

    with pytest.raises(Conflict), transaction() as tx:
        admin.cancel(tx, job_id, ADMIN, "late")
    with pytest.raises(NotFound), transaction() as tx:
        admin.cancel(tx, UUID(int=7), ADMIN, "who")


def test_a_bulk_retry_counts_first_and_is_capped_at_a_thousand() -> None:
    """1,500 match; a call changes 1,000 of them."""
    with transaction() as tx:
        enqueue_many(tx, [Noop(number=n) for n in range(1500)])
        tx.execute(
            text("UPDATE jobs SET state = 'dead', attempt = 3, finished_at = now(), error = 'HTTP 503'")
        )
    chosen = JobFilter(state="dead", text="503")

    with transaction() as tx:
        dry = admin.retry_many(tx, chosen, ADMIN, "back", dry_run=True)
        wet = admin.retry_many(tx, chosen, ADMIN, "back", dry_run=False)

    assert dry == {"matched": 1500, "changed": 0}
    assert wet == {"matched": 1500, "changed": 1000}


def test_cancelling_by_filter_ends_what_waits() -> None:
    """Waiting jobs are cancelled in the same statement."""
    with transaction() as tx:
        enqueue_many(tx, [Noop(number=n) for n in range(10)])

    with transaction() as tx:
        result = admin.cancel_many(tx, JobFilter(kind="jobs.noop"), ADMIN, "wrong file", dry_run=False)

    with transaction() as tx:
        assert queries.count_jobs(tx)["by_state"]["cancelled"] == result["changed"] == 10


def test_a_paused_queue_says_so_and_resumes() -> None:
    """Pause is in Postgres, so it survives every restart."""
    with transaction() as tx:
        admin.pause(tx, "bulk", ADMIN, "maintenance")
    with transaction() as tx:
        paused = {queue["name"] for queue in queries.list_queues(tx) if queue["paused"]}
    with transaction() as tx:
        admin.resume(tx, "bulk", ADMIN, "done")
        resumed = {queue["name"] for queue in queries.list_queues(tx) if queue["paused"]}

    assert (paused, resumed) == ({"bulk"}, set())


def test_lists_page_from_newest_to_oldest_without_gaps() -> None:
    """Three pages of two give five jobs, each once."""
    ids = [str(put()) for _ in range(5)]
    seen: list[str] = []
    before: UUID | None = None

    with transaction() as tx:
        for _ in range(3):
            items, before = queries.list_jobs(tx, JobFilter(), 2, before)
            seen += [item["id"] for item in items]

    assert seen == ids[::-1]
    assert before is None


def test_a_search_looks_at_so_many_jobs_at_a_time_and_says_where_to_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is found lies in the oldest part; the parts before it are empty and lead there."""
    monkeypatch.setattr(queries, "SEARCHED", 2)
    with transaction() as tx:
        sought = str(enqueue(tx, Noop(number=77)).id)
    for _ in range(5):
        put()
    pages: list[list[str]] = []
    before: UUID | None = None

    with transaction() as tx:
        for _ in range(3):
            items, before = queries.list_jobs(tx, JobFilter(text="77}"), 10, before)
            pages.append([item["id"] for item in items])
        after_all, end = queries.list_jobs(tx, JobFilter(text="77}"), 10, before)

    assert pages == [[], [], [sought]]
    assert (after_all, end) == ([], None)


def run(job_id: UUID, handler: object) -> None:
    execute(Registration(Noop, handler, 30), [job_id], "test:1", Heart())  # type: ignore[arg-type]  # any callable


def die(message: Noop, job: Job) -> None:
    raise Permanent("told to")


def test_a_cancel_that_comes_while_an_attempt_fails_ends_the_job() -> None:
    """Tried again it could never be claimed, and would wait for ever."""
    job_id = put()

    def fail(message: Noop, job: Job) -> None:
        with transaction() as tx:
            admin.cancel(tx, job_id, ADMIN, "not needed")
        raise Transient("HTTP 503")

    run(job_id, fail)

    assert state_of(job_id) == "cancelled"


def test_a_cancel_that_comes_before_its_worker_is_stopped_ends_the_job() -> None:
    """What a worker gives back is queued again only when nobody cancelled it."""
    job_id = put()
    with transaction() as tx:
        claim(tx, "jobs.noop", [job_id], "node:1")
    with transaction() as tx:
        admin.cancel(tx, job_id, ADMIN, "not needed")

    with transaction() as tx:
        release_jobs_of(tx, "node")

    assert state_of(job_id) == "cancelled"


def test_a_dead_job_whose_unique_key_lives_again_is_not_retried() -> None:
    """One live job a key: a single retry says so, a bulk retry passes over it."""
    first, other = put(unique_key="only"), put()
    run(first, die)
    run(other, die)
    put(unique_key="only")

    with pytest.raises(Conflict, match="unique key"), transaction() as tx:
        admin.retry(tx, first, ADMIN, "provider is back")
    with transaction() as tx:
        done = admin.retry_many(tx, JobFilter(state="dead"), ADMIN, "provider is back", dry_run=False)

    assert done == {"matched": 2, "changed": 1}
    assert (state_of(first), state_of(other)) == ("dead", "queued")


def test_a_batch_stays_exact_and_calls_back_once_when_a_dead_member_is_retried() -> None:
    """The member leaves the count of the failed, and the batch has called back already."""
    with transaction() as tx:
        enqueue_batch(tx, [Noop(), Noop()], callback=Heartbeat(queue="bulk"))
        ids = list(tx.execute(text("SELECT id FROM jobs WHERE kind = 'jobs.noop'")).scalars())
    run(ids[0], die)
    run_job_id("jobs.noop", ids[1])

    with transaction() as tx:
        admin.retry(tx, ids[0], ADMIN, "provider is back")
    run_job_id("jobs.noop", ids[0])

    with transaction() as tx:
        batch = tx.execute(text("SELECT succeeded, failed FROM job_batches")).one()
        callbacks = tx.execute(text("SELECT count(*) FROM jobs WHERE kind = 'jobs.heartbeat'")).scalar_one()
    assert (tuple(batch), callbacks) == ((2, 0), 1)
