"""Retention: what is old goes, what is needed stays, and observations lie in months."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from shared.clock import utcnow
from shared.db import transaction
from shared.feeds.archive import Archive
from shared.messages import TidyFeeds
from shared.observations.partitions import month_of, partition_of
from tests.integration.test_feeds_store import NOON, bus, request, station, status
from tests.support.feed_runs import GIVEN, Given, Site, add_given, count, feed_row, run_given, snapshot
from tests.support.jobs import run_job


def run_sql(sql: str, **values: Any) -> None:
    """Commit one statement."""
    with transaction() as tx:
        tx.execute(text(sql), values)


def partitions() -> set[str]:
    """Name the partitions of observations."""
    return {
        row[0]
        for row in snapshot(
            "pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'observations'::regclass",
            "c.relname",
        )
    }


def drop_months() -> None:
    """Put the table back to what the migrations left."""
    for name in partitions() - {"observations_default"}:
        run_sql(f"DROP TABLE {name}")


def test_months_are_made_ahead_and_strays_move_into_theirs(db: Engine) -> None:
    """An old recording lies in its own month afterwards, row for row."""
    feed = add_given()
    times = [NOON, NOON - timedelta(days=40), NOON - timedelta(days=80)]
    run_given(feed, Given([station(1), *(status(1, n, at) for n, at in enumerate(times))]))
    before = snapshot("observations", "datastream_id, phenomenon_time, result")
    assert 3 == count("observations_default")

    assert "succeeded" == run_job(TidyFeeds())

    try:
        assert 0 == count("observations_default")
        assert before == snapshot("observations", "datastream_id, phenomenon_time, result")
        wanted = {partition_of(month_of(time)) for time in (*times, utcnow())}
        assert wanted <= partitions()
    finally:
        drop_months()


def test_a_run_goes_on_into_a_months_partition(db: Engine) -> None:
    """Idempotence holds across the move."""
    feed, records = add_given(), [station(1), status(1, 5), status(1, 6, NOON - timedelta(minutes=5))]
    run_given(feed, Given(records))
    run_job(TidyFeeds())
    try:
        ran = run_given(feed, Given(records))

        assert (0, 0, 3) == (ran.new, ran.changed, ran.same)
        assert 2 == count("observations")
    finally:
        drop_months()


def test_observations_past_their_time_go_with_their_month(db: Engine) -> None:
    """Retention drops tables and deletes no rows one by one."""
    feed = add_given()
    run_given(feed, Given([station(1), status(1, 5, datetime(2020, 5, 5, tzinfo=UTC)), status(1, 6)]))

    run_job(TidyFeeds())

    try:
        assert {(6.0,)} == snapshot("observations", "result")
        assert "observations_2020_05" not in partitions()
    finally:
        drop_months()


def test_old_payloads_go_but_what_a_url_said_last_stays(db: Engine) -> None:
    """A 304 next year must find what it stands for."""
    feed = add_given()
    run_given(feed, Given([request(1)]), site=Site({GIVEN: b"first"}))
    run_given(feed, Given([request(2)]), site=Site({GIVEN: b"second"}))
    run_sql("UPDATE payloads SET created_at = created_at - interval '31 days'")
    run_sql("UPDATE feed_runs SET started_at = started_at - interval '31 days'")
    (last,) = {row[0] for row in snapshot("feed_resources", "sha256")}
    (first,) = {row[0] for row in snapshot("payloads", "sha256")} - {last}

    run_job(TidyFeeds())
    drop_months()

    assert {(last,)} == snapshot("payloads", "sha256")
    assert (True, False) == (Archive().holds(last), Archive().holds(first))


def test_a_feed_may_keep_its_payloads_longer_or_shorter(db: Engine) -> None:
    """What two feeds sent is kept for the one that keeps it longest."""
    short = add_given(name="short", options={"keep_days": 2})
    for feed, pages in (
        (short, [b"of the short one", b"of both", b"last"]),
        (add_given(name="usual"), [b"of both", b"of the usual one", b"last"]),
        (add_given(name="long", options={"keep_days": 60}), [b"of the long one", b"last"]),
    ):
        for page in pages:
            run_given(feed, Given([request(1)]), site=Site({GIVEN: page}))
    kept = lambda: {Archive().open(sha256).read() for (sha256,) in snapshot("payloads", "sha256")}  # noqa: E731
    for days, left in (
        (3, {b"of both", b"of the usual one", b"of the long one", b"last"}),
        (28, {b"of the long one", b"last"}),
        (30, {b"last"}),
    ):
        for table, column in (("payloads", "created_at"), ("feed_runs", "started_at")):
            run_sql(f"UPDATE {table} SET {column} = {column} - interval '{days} days'")
        run_job(TidyFeeds())
        drop_months()

        assert left == kept()


def test_old_runs_go_sooner_when_they_found_nothing(db: Engine) -> None:
    """The newest run of a feed always stays."""
    feed, site = add_given(), Site({GIVEN: b"same"})
    for _ in range(3):
        run_given(feed, Given([request(1)]), site=site)
    run_sql("UPDATE feed_runs SET started_at = started_at - interval '4 days'")

    run_job(TidyFeeds())
    drop_months()

    assert 2 == count("feed_runs")
    assert 1 == count("feed_runs", "state = 'unchanged'")


def test_vehicles_that_are_no_more_go_after_a_day(db: Engine) -> None:
    """Latest-only means that nothing piles up."""
    feed = add_given()
    run_given(feed, Given([bus(1), bus(2)]))
    run_sql("UPDATE vehicles SET missing_since = now() - interval '25 hours' WHERE external_id = 'b1'")

    run_job(TidyFeeds())
    drop_months()

    assert {("b2",)} == snapshot("vehicles", "external_id")


def test_features_are_counted_anew(db: Engine) -> None:
    """A count that drifted is mended within the hour."""
    feed = add_given()
    run_given(feed, Given([request(1), request(2)]))
    run_sql("UPDATE feeds SET totals = totals || '{\"features\": 7}'")

    run_job(TidyFeeds())
    drop_months()

    assert 2 == feed_row(feed).totals["features"]
