"""A feed that fails: recorded, backed off, and nobody else's trouble."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, select, text, update

from shared.clock import new_id, utcnow
from shared.db import transaction
from shared.errors import Permanent, Transient
from shared.feeds.archive import Archive
from shared.feeds.models import Feed, FeedRun
from shared.feeds.queries import get_feed
from shared.feeds.removal import remove_feed
from shared.jobs.lease import Cancelled
from shared.messages import RunFeed
from shared.settings import Settings
from tasks.feeds.connector import Malformed, Payload, Plan, Record, Rejected, Source
from tasks.feeds.fetching.errors import FetchFailed, FetchRefused
from tasks.feeds.run import run
from tests.integration.test_feeds_store import request
from tests.support.feed_runs import (
    GIVEN,
    Given,
    Site,
    add_given,
    count,
    events,
    feed_row,
    newest_run,
    run_given,
    snapshot,
)
from tests.support.jobs import running_job
from tests.support.web import Browser


def job_state(feed_id: UUID) -> str:
    """Return the state of the feed's newest job."""
    with transaction() as tx:
        return str(
            tx.execute(
                text("SELECT state FROM jobs WHERE args->>'feed_id' = :id ORDER BY seq DESC LIMIT 1"),
                {"id": str(feed_id)},
            ).scalar_one()
        )


def fail(feed_id: UUID, error: Exception, reason: str = "schedule") -> None:
    """Run a feed whose site raises."""
    run_given(feed_id, Given([]), reason, Site({GIVEN: error}))


def test_a_malformed_payload_fails_the_run_and_keeps_what_is_stored(db: Engine) -> None:
    """The sentence is on the run; the payload is in the archive, for later; the job ended well."""
    feed = add_given()
    run_given(feed, Given([request(1)]))

    ran = run_given(feed, Given(Malformed("given: not JSON at byte 3")))

    assert ("failed", "given: not JSON at byte 3") == (ran.state, ran.error)
    assert "succeeded" == job_state(feed)
    assert {("r1",)} == snapshot("features", "external_id")
    sha256 = next(iter(snapshot(f"feed_run_payloads WHERE run_id = '{ran.id}'", "sha256")))[0]
    assert Archive().holds(sha256)


def test_a_payload_that_fails_half_way_keeps_the_good_records_before_it(db: Engine) -> None:
    """Nothing of the failing step is stored; what was stored before stays."""
    feed = add_given()
    run_given(feed, Given([request(1)]))

    ran = run_given(feed, Given([request(2), Malformed("cut off at record 3")]))

    assert "failed" == ran.state
    assert {("r1",)} == snapshot("features", "external_id")


def bad(number: int, reason: str = "no_identity") -> Rejected:
    """A record that was set aside."""
    return Rejected(record=f"given#{number}", reason=reason, detail="the row has no external_id")


def test_a_feed_of_which_nothing_can_be_used_has_failed(db: Engine) -> None:
    """A column was renamed: what is stored must not be as fresh as a fetch that gave nothing of it."""
    feed = add_given()
    run_given(feed, Given([request(1)]))
    before = feed_row(feed)

    ran = run_given(feed, Given([*map(bad, range(5)), bad(5, "bad_time")]))

    assert (
        "feed given-given-example: all 6 records were set aside: bad_time (1), no_identity (5)" == ran.error
    )
    assert ("failed", 6, {"no_identity": 5, "bad_time": 1}) == (ran.state, ran.records, ran.rejected)
    assert 6 == count("feed_rejects", "run_id = :id", id=ran.id)
    after = feed_row(feed)
    assert (1, before.last_success_at) == (after.failures_in_a_row, after.last_success_at)


@pytest.mark.parametrize(
    "records",
    [
        [bad(number) for number in range(4)],
        [bad(number, "not_actual") for number in range(9)],
        [*map(bad, range(9)), request(1)],
    ],
    ids=["few", "meant", "one of them good"],
)
def test_records_that_are_set_aside_alone_fail_no_run(db: Engine, records: list[Record]) -> None:
    """Each may be bad for a reason of its own, or be sent for others; one that is good says that the form holds."""
    feed = add_given()

    assert "succeeded" == run_given(feed, Given(records)).state


def test_a_run_that_fails_half_way_tells_what_it_stored(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first steps are there, and counted."""
    monkeypatch.setattr("tasks.feeds.storing.intake.CHUNK_RECORDS", 2)
    feed = add_given()

    ran = run_given(feed, Given([*map(request, range(4)), bad(4), Malformed("cut off at record 5")]))

    assert ("failed", 4) == (ran.state, count("features"))
    assert (4, 4) == (ran.records, ran.new)


def test_a_bug_of_ours_fails_the_run_and_the_job(db: Engine) -> None:
    """The run says so at once, counts towards the breaker, and the job goes on to whoever mends it."""
    feed = add_given()

    with pytest.raises(ZeroDivisionError):
        run_given(feed, Given(ZeroDivisionError("secret value")))

    ran = newest_run(feed)
    assert ("failed", "a fault of ours: ZeroDivisionError") == (ran.state, ran.error)
    assert 1 == feed_row(feed).failures_in_a_row


def test_a_malformed_payload_is_read_again_although_it_is_the_same(db: Engine) -> None:
    """A payload counts as known only once its content is stored."""
    feed, site = add_given(), Site({GIVEN: b"payload"})
    run_given(feed, Given(Malformed("no")), site=site)

    ran = run_given(feed, Given([request(1)]), site=site)

    assert ("succeeded", 1) == (ran.state, ran.new)
    assert site.asked[1].etag is None


def test_a_transient_failure_is_tried_again_and_recorded_each_time(db: Engine) -> None:
    """The job's own retry comes before the next slot."""
    feed = add_given()

    with pytest.raises(Transient):
        fail(feed, FetchFailed("feed given: HTTP 503", status=503))

    ran = newest_run(feed)
    assert ("failed", 503, "feed given: HTTP 503") == (ran.state, ran.http_status, ran.error)
    assert 1 == feed_row(feed).failures_in_a_row


def test_the_last_attempt_of_a_scheduled_run_leaves_no_dead_job(db: Engine) -> None:
    """The next slot tries again; a day without the publisher is one feed to look at, not 1,440 jobs."""
    feed = add_given()
    message = RunFeed(feed_id=str(feed))
    with running_job(message) as job:
        object.__setattr__(job, "lease", job.lease.__class__(**{**_fields(job.lease), "attempt": 3}))
        run(message, job, get=Site({GIVEN: FetchFailed("feed given: timeout")}), find=lambda _: Given([]))

    assert "succeeded" == job_state(feed)
    assert "failed" == newest_run(feed).state


def _fields(lease: object) -> dict[str, object]:
    return {name: getattr(lease, name) for name in lease.__slots__}  # type: ignore[attr-defined]  # a dataclass


def test_a_run_that_somebody_asked_for_fails_with_its_job(db: Engine) -> None:
    """Who asked sees why."""
    feed = add_given()

    with pytest.raises(Permanent, match="HTTP 403"):
        fail(feed, FetchRefused("feed given: HTTP 403", status=403), reason="asked for")

    assert "failed" == newest_run(feed).state


def test_retry_after_is_honoured(db: Engine) -> None:
    """The publisher's wish is longer than our backoff."""
    feed = add_given()

    with pytest.raises(Transient) as caught:
        fail(feed, FetchFailed("feed given: HTTP 429", status=429, retry_after_seconds=900))

    assert 900 == caught.value.retry_after_seconds
    assert feed_row(feed).next_run_at > utcnow() + timedelta(seconds=890)


def fail_times(feed_id: UUID, times: int) -> None:
    """Let a feed fail several times."""
    for _ in range(times):
        fail(feed_id, FetchRefused("feed given: HTTP 403", status=403))


def test_five_failures_open_the_breaker_for_a_minute_at_most(db: Engine) -> None:
    """While it is open a scheduled run asks nothing; who asks by hand is let through."""
    feed = add_given()
    fail_times(feed, 5)
    row = feed_row(feed)
    quiet, asked = Site({GIVEN: b"x"}), Site({GIVEN: b"x"})

    run_given(feed, Given([request(1)]), site=quiet)
    ran = run_given(feed, Given([request(1)]), "asked for", asked)

    assert utcnow() < row.open_until <= utcnow() + timedelta(seconds=60)
    assert ([], 1) == (quiet.asked, len(asked.asked))
    assert "succeeded" == ran.state
    assert (0, None) == (feed_row(feed).failures_in_a_row, feed_row(feed).open_until)


def test_a_refusal_tells_how_soon_it_came(db: Engine) -> None:
    """A slow 503 is another trouble than a quick one."""
    feed = add_given()

    with pytest.raises(FetchFailed):
        fail(feed, FetchFailed("feed given: HTTP 503 after 9.1 s", status=503, ttfb_ms=9_100))

    assert (503, 9_100) == (newest_run(feed).http_status, newest_run(feed).ttfb_ms)


def test_an_admin_is_told_that_a_publisher_is_left_alone(db: Engine) -> None:
    """How often in a row it failed, and until when nobody asks it."""
    feed = add_given()
    fail_times(feed, 5)

    with transaction() as tx:
        told = get_feed(tx, feed, utcnow())

    assert (5, "failed") == (told["failures_in_a_row"], told["last_run"]["state"])
    assert feed_row(feed).open_until == datetime.fromisoformat(told["open_until"])
    assert (None, None) == (told["shrunk_since"], told["ttl_seconds"])


def test_operators_are_told_of_feeds_in_trouble(db: Engine, settings: Settings) -> None:
    """How many fail, are left alone, or list much less than before; a paused feed troubles nobody."""
    fail_times(add_given(name="left alone"), 5)
    fail_times(add_given(name="failing"), 1)
    fail_times(paused := add_given(name="paused"), 1)
    shrunk = add_given(name="shrunk")
    with transaction() as tx:
        tx.execute(update(Feed).where(Feed.id == paused).values(paused=True))
        tx.execute(update(Feed).where(Feed.id == shrunk).values(shrunk_since=utcnow()))
    assert settings.metrics_token is not None
    token = settings.metrics_token.get_secret_value()

    told = Browser().get("/metrics", headers={"Authorization": f"Bearer {token}"}).text

    for trouble, number in (("failing", 2), ("left_alone", 1), ("shrunk", 1)):
        named = f'citypulse_feeds_in_trouble{{city="testville",trouble="{trouble}"}} {number}.0'
        assert named in told


def test_a_breaker_lets_one_run_try_after_its_minute(db: Engine) -> None:
    """Half open: one success closes it, one failure opens it again."""
    feed = add_given()
    fail_times(feed, 5)
    with transaction() as tx:
        tx.execute(update(Feed).values(open_until=utcnow() - timedelta(seconds=1)))

    fail(feed, FetchRefused("feed given: HTTP 403", status=403))

    assert 6 == feed_row(feed).failures_in_a_row
    assert feed_row(feed).open_until > utcnow()


def test_a_failing_feed_leaves_the_others_alone(db: Engine) -> None:
    """Isolation is by feed."""
    broken, whole = add_given(name="broken"), add_given(name="whole")
    fail(broken, FetchRefused("feed broken: HTTP 403", status=403))

    ran = run_given(whole, Given([request(1)]))

    assert "succeeded" == ran.state
    assert ["failed", "succeeded"] == [event["state"] for event in events("FeedRan")]


def test_a_row_of_a_silent_worker_is_closed_and_the_run_goes_on(db: Engine) -> None:
    """A worker that was killed left its run running."""
    feed = add_given()
    with transaction() as tx:
        silent = FeedRun(
            feed_id=feed, job_id=new_id(), state="running", started_at=utcnow() - timedelta(minutes=5)
        )
        tx.add(silent)

    ran = run_given(feed, Given([request(1)]))

    assert "succeeded" == ran.state
    with transaction() as tx:
        closed = tx.get_one(FeedRun, silent.id)
    assert ("failed", "the worker that ran this fell silent") == (closed.state, closed.error)


def test_a_feed_that_another_job_is_running_is_left_to_it(db: Engine) -> None:
    """One run a feed; the second job ends with nothing done."""
    feed, site = add_given(), Site({GIVEN: b"x"})
    with running_job(RunFeed(feed_id=str(feed))) as other:
        with transaction() as tx:
            tx.add(FeedRun(feed_id=feed, job_id=other.id, state="running", started_at=utcnow()))

        run_given(feed, Given([request(1)]), site=site)

    assert [] == site.asked
    assert 1 == count("feed_runs")


def test_a_feed_that_was_deleted_meanwhile_is_no_error(db: Engine) -> None:
    """Its job finds nothing to do."""
    message = RunFeed(feed_id=str(new_id()))
    with running_job(message) as job:
        run(message, job, get=Site(), find=lambda _: Given([]))

    assert 0 == count("feed_runs")


class Cancelling(Given):
    """A connector during whose run somebody cancels the job."""

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Stop."""
        raise Cancelled
        yield


def test_a_run_that_is_cancelled_says_so_and_is_no_failure_of_the_feed(db: Engine) -> None:
    """Nobody fell silent, and its publisher did nothing wrong."""
    feed = add_given()

    with pytest.raises(Cancelled):
        run_given(feed, Cancelling([]), "asked for")

    ran = newest_run(feed)
    assert ("failed", "cancelled", True) == (ran.state, ran.error, ran.finished_at is not None)
    assert 0 == feed_row(feed).failures_in_a_row


class Removing(Given):
    """A connector during whose run an admin removes the feed."""

    def plan(self, source: Source) -> Plan:
        """Fetch, then remove."""
        cursor = yield from super().plan(source)
        with transaction() as tx:
            remove_feed(tx, UUID(source.feed_id))
        return cursor


@pytest.mark.parametrize("pages", [(b"one", b"two"), (b"one", b"one")], ids=["news", "no news"])
def test_a_feed_that_is_deleted_while_it_runs_is_no_fault_of_ours(
    db: Engine, pages: tuple[bytes, bytes]
) -> None:
    """Nothing of it comes back; a scheduled job ends well, and who asked for the run reads why it came to nothing."""
    for reason in ("schedule", "asked for"):
        feed = add_given()
        run_given(feed, Given([request(1)]), site=Site({GIVEN: pages[0]}, conditional=False))
        with running_job(RunFeed(feed_id=str(feed), reason=reason)) as job:
            site = Site({GIVEN: pages[1]}, conditional=False)
            if reason == "schedule":
                run(RunFeed(str(feed), reason), job, get=site, find=lambda _: Removing([request(2)]))
            else:
                with pytest.raises(Permanent, match="was removed"):
                    run(RunFeed(str(feed), reason), job, get=site, find=lambda _: Removing([request(2)]))

    assert [0, 0, 0] == [count(table) for table in ("features", "feed_runs", "feed_resources")]


def test_a_fenced_run_commits_nothing(db: Engine) -> None:
    """A worker that slept through its lease must not store what it fetched."""
    feed = add_given()
    message = RunFeed(feed_id=str(feed))
    with running_job(message) as job:
        with transaction() as tx:
            tx.execute(text("UPDATE jobs SET lease_token = gen_random_uuid() WHERE id = :id"), {"id": job.id})

        with pytest.raises(Exception, match=str(job.id)):
            run(message, job, get=Site({GIVEN: b"x"}), find=lambda _: Given([request(1)]))

    assert 0 == count("features")
    with transaction() as tx:
        assert "running" == tx.scalars(select(FeedRun.state)).one()
