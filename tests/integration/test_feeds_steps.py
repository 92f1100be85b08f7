"""A first load's steps: two at a time, committed in their order, none half done."""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from shared.db import transaction
from shared.feeds.runs import lock_feed, share_feed
from shared.jobs import lease as leases
from tasks.feeds.connector import Feature, Malformed, Record
from tasks.feeds.reading import long_json
from tasks.feeds.storing import intake
from tasks.feeds.storing.straight import Straight
from tests.support.feed_runs import (
    Given,
    Site,
    add_feed,
    add_given,
    count,
    events,
    run_feed,
    run_given,
    snapshot,
)

URL = "https://data.example/requests.csv"


def request(number: int) -> Feature:
    """A service request."""
    return Feature(
        external_id=f"r{number}",
        record=f"given#{number}",
        observed_at=None,
        kind="service_request",
        title="Pothole",
    )


def requests(size: int) -> list[Record]:
    """Service requests, three of which are a chunk."""
    return [request(number) for number in range(1, size + 1)]


@pytest.fixture
def copies(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int, Callable[[], None]], None]], None]:
    """Let a test say what the copy of the nth chunk that is copied straight does; chunks are of three records."""
    monkeypatch.setattr(intake, "CHUNK_RECORDS", 3)
    copy, numbers = Straight.copy, iter(range(1, 100))

    def put(copied: Callable[[int, Callable[[], None]], None]) -> None:
        monkeypatch.setattr(Straight, "copy", lambda of, tx: copied(next(numbers), lambda: copy(of, tx)))

    return put


def stored() -> set[str]:
    """Return the ids that are stored."""
    return {row[0] for row in snapshot("features", "external_id")}


def ids(size: int) -> set[str]:
    """Return the ids of the first requests."""
    return {f"r{number}" for number in range(1, size + 1)}


def told() -> list[set[str]]:
    """Return the ids that each event told of, by the transaction that stored and told them."""
    of_one = (
        "SELECT array_agg(external_id) FROM events JOIN features f ON f.xmin = events.xid::xid"
        " WHERE name = 'FeaturesChanged' GROUP BY events.id ORDER BY events.id"
    )
    with transaction() as tx:
        return [set(found) for found in tx.execute(text(of_one)).scalars()]


def test_two_steps_copy_at_a_time_and_commit_in_their_order(db: Engine, copies: Any) -> None:
    """The second copies while the first does, ends sooner, and is told after it."""
    second_is_done = threading.Event()

    def copied(number: int, copy: Callable[[], None]) -> None:
        if number == 1:
            assert second_is_done.wait(timeout=20)
        copy()
        if number == 2:
            second_is_done.set()

    copies(copied)

    ran = run_given(add_given(), Given(requests(14)))

    assert (14, "succeeded", {}) == (ran.new, ran.state, ran.rejected)
    assert [ids(3), ids(6) - ids(3), ids(9) - ids(6), ids(12) - ids(9), ids(14) - ids(12)] == told()


def test_a_step_that_fails_leaves_those_before_it_and_nothing_behind_it(db: Engine, copies: Any) -> None:
    """The run fails; the next one stores the rest."""

    def copied(number: int, copy: Callable[[], None]) -> None:
        copy()
        if number == 2:
            raise MemoryError

    copies(copied)
    feed, threads = add_given(), threading.active_count()

    with pytest.raises(MemoryError):
        run_given(feed, Given(requests(20)))

    assert (ids(6), threads) == (stored(), threading.active_count())
    again = run_given(feed, Given(requests(20)))
    assert (ids(20), 14, 6) == (stored(), again.new, again.same)


def test_what_was_read_before_a_payload_breaks_off_is_kept(db: Engine, copies: Any) -> None:
    """Steps that have begun are committed before the run fails."""
    ends: Sequence[Any] = [*requests(9), request(10), Malformed("cut off at record 11")]
    copies(lambda _, copy: copy())

    ran = run_given(add_given(), Given(ends))

    assert ("failed", ids(9)) == (ran.state, stored())


def test_an_id_that_a_step_in_the_making_has_comes_once(db: Engine, copies: Any) -> None:
    """The chunk that repeats it waits for the one before."""
    copies(lambda _, copy: copy())
    records = [*requests(6), request(5), *requests(9)[6:]]

    ran = run_given(add_given(), Given(records))

    assert (ids(9), 9, {"duplicate": 1}) == (stored(), ran.new, ran.rejected)
    assert 10 == ran.records


def test_tables_are_copied_straight_too(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read at once and what is read alone, a time that is none, come in one step."""
    monkeypatch.setattr(intake, "CHUNK_BYTES", 20_000)
    lines = [
        f"{number},{'soon' if number % 400 == 7 else '2026-11-01T12:00:00'},Pothole,51.5,-0.1"
        for number in range(2000)
    ]
    page = "\n".join(["unique_key,created_date,complaint_type,latitude,longitude", *lines]).encode()

    ran = run_feed(add_feed("socrata", URL), Site({URL: page}))

    assert ("succeeded", 2000) == (ran.state, ran.new + sum(ran.rejected.values()))
    assert ran.new == count("features") == sum(event["changed"] for event in events("FeaturesChanged"))


def test_a_reprocess_waits_for_both_steps(db: Engine) -> None:
    """Two steps of a run hold a feed at once; who wants it alone waits for both, and is not joined."""
    feed = add_given()

    with transaction() as one, transaction() as two:
        assert share_feed(one, feed)
        assert share_feed(two, feed)
        with pytest.raises(OperationalError, match="lock timeout"), transaction() as other:
            other.execute(text("SET LOCAL lock_timeout = '50ms'"))
            lock_feed(other, feed)
    with transaction() as alone, transaction() as other:
        lock_feed(alone, feed)
        assert not share_feed(other, feed, waits=False)


def test_steps_let_one_that_waits_for_the_feed_go_first(db: Engine, copies: Any) -> None:
    """Who wants the feed alone waits for the steps that have begun, and the next for him: none waits in a circle."""
    feed = add_given()

    def take_alone() -> None:
        with transaction() as tx:
            lock_feed(tx, feed)

    other = threading.Thread(target=take_alone)

    def copied(number: int, copy: Callable[[], None]) -> None:
        copy()
        if number == 1:
            other.start()
            while other.is_alive() and not count("pg_locks", "locktype = 'advisory' AND NOT granted"):
                pass

    copies(copied)

    ran = run_given(feed, Given(requests(20)))

    other.join(timeout=20)
    assert (20, "succeeded", False) == (ran.new, ran.state, other.is_alive())


def test_what_a_run_cut_short_has_stored_is_in_the_next_ones_totals(db: Engine) -> None:
    """Rows that are stored as they were sent are not read again, and are counted all the same."""
    header = "unique_key,created_date,complaint_type,status,latitude,longitude\n"
    rows = [f"{number},2026-11-01T12:00:00,Pothole,Open,51.5,-0.1\n" for number in range(200)]
    site, feed = Site({URL: (header + "".join(rows)).encode()}), add_feed("socrata", URL)
    run_feed(feed, site)
    with transaction() as tx:
        tx.execute(text("UPDATE feeds SET totals = '{}'"))
    site.pages[URL] = (header + "".join(reversed(rows))).encode()

    again = run_feed(feed, site)

    assert (200, 200) == (again.same, again.totals["service_requests_open"])


def test_steps_of_a_long_document_tell_how_far_its_rows_are_stored(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read several times, and only the last counts."""
    monkeypatch.setattr(long_json, "MOST_HELD_BYTES", 1000)
    monkeypatch.setattr(intake, "CHUNK_RECORDS", 300)
    told: list[int] = []
    record = leases.record_step

    def note(tx: Any, lease: Any, progress: int, detail: str) -> None:
        told.append(progress)
        record(tx, lease, progress, detail)

    monkeypatch.setattr(leases, "record_step", note)
    rows = [{"unique_key": str(n), "notes": "words " * 70} for n in range(6000)]
    run_feed(add_feed("socrata", URL), Site({URL: json.dumps(rows).encode()}))

    assert told == sorted(told)
    assert told[0] < 50 < told[-1]
