"""What a publisher no longer lists: pending, then withdrawn, back when it comes back, never by a broken list."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from shared.clock import utcnow
from shared.db import transaction
from tasks.feeds.connector import Rejected, not_read
from tasks.feeds.storing import vanish
from tests.integration.test_feeds_store import bus, request, station
from tests.support.feed_runs import (
    Given,
    Site,
    add_feed,
    add_given,
    count,
    events,
    feed_row,
    run_feed,
    run_given,
    snapshot,
)


def all_of(*records: object, replaces: tuple[str, ...] = ("features", "vehicles", "things")) -> Given:
    """A connector whose list is the publisher's whole truth."""
    return Given(list(records), replaces=replaces)  # type: ignore[arg-type]  # records of several types


def age_missing(seconds: int) -> None:
    """Let what is missing have been so for longer."""
    with transaction() as tx:
        tx.execute(text(f"UPDATE features SET missing_since = missing_since - interval '{seconds} seconds'"))


def test_what_is_no_longer_listed_is_pending_at_first(db: Engine) -> None:
    """One poll that misses a request does not take it from the map."""
    feed = add_given()
    run_given(feed, all_of(request(1), request(2)))

    ran = run_given(feed, all_of(request(1)))

    assert 1 == ran.vanished
    assert 1 == count("features", "external_id = 'r2' AND missing_since IS NOT NULL AND withdrawn_at IS NULL")


def test_what_stays_missing_is_withdrawn_after_the_grace_and_told(db: Engine) -> None:
    """Browsers get the ids of what is gone."""
    feed = add_given()
    run_given(feed, all_of(request(1), request(2)))
    run_given(feed, all_of(request(1)))
    age_missing(301)

    ran = run_given(feed, all_of(request(1)))

    assert 0 == ran.vanished
    assert 1 == count("features", "external_id = 'r2' AND withdrawn_at IS NOT NULL")
    with transaction() as tx:
        gone = str(tx.execute(text("SELECT id FROM features WHERE external_id = 'r2'")).scalar_one())
    assert [gone] == events("FeaturesChanged")[-1]["withdrawn"]
    assert 1 == ran.totals["features"]


def test_vehicles_that_are_gone_are_told_and_told_again_when_they_are_back(db: Engine) -> None:
    """A map takes a vehicle away by its id, and draws it again although it has not moved."""
    feed = add_given()
    run_given(feed, all_of(bus(1), bus(2)))
    with transaction() as tx:
        gone = str(tx.execute(text("SELECT id FROM vehicles WHERE external_id = 'b2'")).scalar_one())

    run_given(feed, all_of(bus(1)))
    run_given(feed, all_of(bus(1), bus(2)))

    first, second, third = events("VehiclesMoved")
    assert (2, []) == (len(first["items"]), first["gone"])
    assert ([], [gone]) == (second["items"], second["gone"])
    assert ["b2"] == [item["external_id"] for item in third["items"]]


def test_a_run_that_changes_nothing_still_withdraws_what_is_overdue(db: Engine) -> None:
    """The same payload again is the publisher's word that it is still missing."""
    feed, site = add_given(), Site({"https://given.example/feed": b"same"})
    run_given(feed, all_of(request(1), request(2)))
    run_given(feed, all_of(request(1)), site=site)
    age_missing(301)

    ran = run_given(feed, all_of(request(1)), site=site)

    assert "unchanged" == ran.state
    assert 1 == count("features", "withdrawn_at IS NOT NULL")


def test_what_comes_back_is_shown_again(db: Engine) -> None:
    """A pending one comes back silently; a withdrawn one is told as changed."""
    feed = add_given()
    run_given(feed, all_of(request(1), request(2), request(3), bus(1)))
    run_given(feed, all_of(request(1)))
    with transaction() as tx:
        tx.execute(text("UPDATE features SET withdrawn_at = now() WHERE external_id = 'r2'"))

    ran = run_given(feed, all_of(request(1), request(2), request(3), bus(1)))

    assert (1, 3) == (ran.changed, ran.same)
    assert 0 == count("features", "missing_since IS NOT NULL OR withdrawn_at IS NOT NULL")
    assert 0 == count("vehicles", "missing_since IS NOT NULL")
    assert ["r2"] == [item["external_id"] for item in events("FeaturesChanged")[-1]["items"]]


def test_a_list_that_is_suddenly_short_marks_nothing(db: Engine) -> None:
    """Half of everything gone at once is a broken export until it has stayed so."""
    feed = add_given()
    run_given(feed, all_of(*(request(n) for n in range(30))))

    ran = run_given(feed, all_of(*(request(n) for n in range(10))))

    assert 0 == ran.vanished
    assert feed_row(feed).shrunk_since is not None
    assert 0 == count("features", "missing_since IS NOT NULL")


def test_an_empty_list_is_a_success_and_takes_nothing_away(db: Engine) -> None:
    """A header without entities is a good fetch of no data."""
    feed = add_given()
    run_given(feed, all_of(*(request(n) for n in range(30))))

    ran = run_given(feed, all_of())

    assert ("succeeded", 0, 0) == (ran.state, ran.records, ran.vanished)
    assert 30 == count("features", "missing_since IS NULL")


def test_a_list_that_stays_short_is_believed(db: Engine) -> None:
    """After an hour the guard gives way."""
    feed = add_given()
    run_given(feed, all_of(*(request(n) for n in range(30))))
    run_given(feed, all_of(*(request(n) for n in range(10))))
    with transaction() as tx:
        long_ago = {"then": utcnow() - timedelta(hours=2)}
        tx.execute(text("UPDATE feeds SET shrunk_since = :then"), long_ago)

    ran = run_given(feed, all_of(*(request(n) for n in range(10))))

    assert 20 == ran.vanished
    assert feed_row(feed).shrunk_since is None


def test_a_full_list_lifts_the_guard(db: Engine) -> None:
    """The next short list starts a new wait."""
    feed = add_given()
    run_given(feed, all_of(*(request(n) for n in range(30))))
    run_given(feed, all_of(*(request(n) for n in range(10))))

    run_given(feed, all_of(*(request(n) for n in range(30))))

    assert feed_row(feed).shrunk_since is None


def test_a_record_that_was_set_aside_has_not_vanished(db: Engine) -> None:
    """The publisher lists it, only we cannot read it today."""
    feed = add_given()
    run_given(feed, all_of(request(1), request(2), request(3)))

    bad = Rejected(record="given#1", reason="bad_time", external_id="r2")
    ran = run_given(feed, all_of(request(1), bad))

    assert {("r3",)} == {row for row in snapshot("features", "external_id") if count_missing(row[0])}
    assert 1 == ran.vanished


def count_missing(external_id: str) -> int:
    """Tell whether a feature is marked missing."""
    return count("features", "external_id = :id AND missing_since IS NOT NULL", id=external_id)


def test_records_without_an_id_may_be_the_missing_ones(db: Engine) -> None:
    """As many nameless rejects as there are missing explain them all."""
    feed = add_given()
    run_given(feed, all_of(request(1), request(2)))

    ran = run_given(feed, all_of(request(1), Rejected(record="given#1", reason="no_identity")))

    assert 0 == ran.vanished


def test_nothing_vanishes_from_a_list_that_was_not_read_to_its_end(db: Engine) -> None:
    """What is not among its first pages may be on those behind them, however much that is."""
    feed = add_given()
    run_given(feed, all_of(*map(request, range(1, 6))))

    ran = run_given(feed, all_of(*map(request, range(3, 8)), not_read("page-2", 1)))

    assert 0 == ran.vanished
    assert 7 == count("features", "missing_since IS NULL")


def test_an_incremental_feed_loses_nothing(db: Engine) -> None:
    """A list of what changed says nothing of the rest."""
    feed = add_given()
    run_given(feed, all_of(request(1), request(2), replaces=()))

    ran = run_given(feed, all_of(request(3), replaces=()))

    assert 0 == ran.vanished
    assert 3 == count("features", "missing_since IS NULL")


def test_a_station_that_is_taken_down_keeps_its_history(db: Engine) -> None:
    """Things are marked and kept."""
    feed = add_given()
    run_given(feed, all_of(station(1), station(2)))

    run_given(feed, all_of(station(1)))

    assert {("s2",)} == snapshot("things WHERE missing_since IS NOT NULL", "external_id")


def test_a_cancelled_alert_is_withdrawn_at_once(db: Engine) -> None:
    """The publisher's own word needs no grace."""
    feed = add_given()
    run_given(feed, all_of(request(1, kind="alert")))

    ran = run_given(feed, all_of(request(1, kind="alert", withdrawn=True)))

    assert 1 == ran.changed
    assert 1 == count("features", "withdrawn_at IS NOT NULL")
    assert events("FeaturesChanged")[-1]["items"][0]["withdrawn"]


URL = "https://feeds.example/"
CAP = (
    "<alert><identifier>W{hour}</identifier><sender>s</sender><sent>2026-11-20T0{hour}:00:00+00:00</sent>"
    "<status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>{rest}</alert>"
)


def test_a_cancelled_warning_is_withdrawn_with_all_its_parts(db: Engine) -> None:
    """Though the message that held them is still listed beside the cancellation, which has but one."""
    wind, rain = ("<info><event>Wind</event></info>", "<info><event>Rain</event></info>")
    warning = CAP.format(hour=1, kind="Alert", rest=wind + rain)
    reference = "<references>s,W1,2026-11-20T01:00:00+00:00</references>"
    cancelled = CAP.format(hour=2, kind="Cancel", rest=reference + wind)
    feed, site = add_feed("cap"), Site({URL: f"<alerts>{warning}</alerts>".encode()})
    run_feed(feed, site)
    before = count("features", "withdrawn_at IS NULL")
    site.pages[URL] = f"<alerts>{warning}{cancelled}</alerts>".encode()
    ran = run_feed(feed, site)

    assert (2, "succeeded") == (before, ran.state)
    assert 2 == count("features", "withdrawn_at IS NOT NULL")


@contextmanager
def statements(db: Engine) -> Iterator[list[tuple[str, bool, int]]]:
    """Note of each statement whether its rows are handed out as they are asked for, and how many ids it is given."""
    seen: list[tuple[str, bool, int]] = []

    def note(_: Any, cursor: Any, statement: str, values: Any, *__: Any) -> None:
        given = values.get("ids", ()) if isinstance(values, dict) else ()
        seen.append((statement, cursor.name is not None, len(given)))

    event.listen(db, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db, "before_cursor_execute", note)


def test_the_rows_of_a_feed_are_looked_at_some_at_a_time(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed of millions takes no more memory than a small one: to find what vanished, and to withdraw it."""
    monkeypatch.setattr(vanish, "READ_AT_ONCE", 2)
    feed = add_given()
    everything = [request(n) for n in range(12)] + [bus(n) for n in range(12)]
    run_given(feed, all_of(*everything))

    with statements(db) as seen:
        ran = run_given(feed, all_of(*everything[:7], *everything[12:19]))
        assert 10 == ran.vanished
        age_missing(301)
        run_given(feed, all_of(*everything[:7], *everything[12:19]))

    read = [
        is_handed_out
        for sql, is_handed_out, _ in seen
        if "missing_since" in sql and sql.startswith("SELECT id")
    ]
    written = [
        ids for sql, _, ids in seen if sql.startswith(("UPDATE features SET", "UPDATE vehicles SET missing"))
    ]
    assert {True} == set(read)
    assert 2 == max(written)
    assert 5 == count("features", "withdrawn_at IS NOT NULL")
    assert 5 == count("vehicles", "missing_since IS NOT NULL")
    assert 5 == sum(len(told["withdrawn"]) for told in events("FeaturesChanged"))
    assert 5 == sum(len(told["gone"]) for told in events("VehiclesMoved"))
