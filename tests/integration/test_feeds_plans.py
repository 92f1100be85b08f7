"""How Postgres goes about storing: what is given is looked up by index, whatever it believes of its tables."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, event, text

from shared.clock import utcnow
from shared.db import transaction
from tasks.feeds.connector import (
    Feature,
    Named,
    Observation,
    Record,
    Result,
    Service,
    Start,
    Thing,
    TripUpdate,
    Vehicle,
)
from tasks.feeds.timetables import known_timetable
from tests.support.feed_runs import CITY, GIVEN, Given, add_feed, add_given, reprocess_feed, run_given

NOON: Final = (utcnow() - timedelta(days=40)).replace(hour=12, minute=0, second=0, microsecond=0)
TABLES: Final = (
    "observations", "observation_hours", "datastreams", "things", "feature_versions", "features", "vehicles",
    "trip_updates",
)  # fmt: skip
DAILY: Final = Service("daily", "1111111", "20000101", "20991231")
#: Rows of each table: their pages are many enough that reading all of one looks dear where it is known to be full.
MANY: Final = 400


def things(name: str = "Station") -> list[Record]:
    """Stations."""
    return [
        Thing(external_id=f"s{n}", record="", kind="bike_station", name=name, lon=-0.1, lat=51.5)
        for n in range(MANY)
    ]


def counts(bikes: int, seconds: int = 0) -> list[Record]:
    """What the stations count at a moment."""
    at = NOON + timedelta(seconds=seconds)
    return [
        Observation(
            external_id=f"s{n}",
            record="",
            observed_at=at,
            phenomenon_time=at,
            results=[Result("bikes_available", bikes)],
            properties={"renting": bikes % 2 == 0},
        )
        for n in range(MANY)
    ]


def requests(title: str = "Pothole") -> list[Record]:
    """Requests."""
    return [Feature(external_id=f"r{n}", record="", kind="service_request", title=title) for n in range(MANY)]


def moving(lon: float = -0.1) -> list[Record]:
    """Buses and their trips."""
    buses = [
        Vehicle(external_id=f"b{n}", record="", kind="bus", lon=lon, lat=51.5, observed_at=NOON)
        for n in range(MANY)
    ]
    return [
        *buses,
        *(
            TripUpdate(external_id=f"t{n}", record="", trip_id=f"t{n}", route=str(lon), observed_at=NOON)
            for n in range(MANY)
        ),
    ]


@pytest.mark.parametrize(
    ("told", "joined"),
    [
        (things("Dock"), {"things"}),
        (counts(2, seconds=60), {"datastreams", "things"}),
        (counts(2), {"datastreams", "observations", "observation_hours", "things"}),
        (requests("Piano"), {"features"}),
        (moving(-0.2), {"vehicles", "trip_updates"}),
    ],
    ids=["things", "later results", "corrected results", "features", "vehicles and trips"],
)
def test_what_is_given_is_looked_up_by_index(db: Engine, told: list[Record], joined: set[str]) -> None:
    """Where a table is believed empty, all that is given would be gone through for each of its rows."""
    feed = misled(db)

    with plans(db) as seen:
        run = run_given(feed, Given(told, parser_version=2))

    assert len(told) == run.changed + run.new
    assert dict.fromkeys(joined, True) == looked_up(seen)


def test_what_is_the_same_to_another_release_is_looked_up_by_index(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their hashes are other ones, their content is not."""
    feed = misled(db)
    with db.begin() as connection:
        connection.execute(text("UPDATE features SET content_hash = 'other'"))

    with plans(db) as seen:
        run = run_given(feed, Given(requests(), parser_version=2))

    assert MANY == run.same
    assert {"features": True} == looked_up(seen)


def test_a_dry_run_looks_up_by_index(db: Engine) -> None:
    """It compares what it would write with what is stored."""
    feed = misled(db)

    with plans(db) as seen:
        run = reprocess_feed(feed, Given(requests("Piano"), parser_version=2))

    assert MANY == run.changed
    assert {"features": True} == looked_up(seen)


@pytest.mark.parametrize("believed", ["nothing", "the timetable before", "the timetable"])
def test_a_trip_that_is_named_by_its_start_is_looked_up_by_index(db: Engine, believed: str) -> None:
    """A city has hundreds of thousands of trips, of which each message names some."""
    feed = add_feed("gtfs_static", GIVEN, slug="timetable", interval_seconds=86_400)
    if believed == "the timetable before":
        fill_timetable(feed, uuid4())
        analyze(db, "transit_trips")
    fill_timetable(feed, uuid4())
    if believed == "the timetable":
        analyze(db, "transit_trips")
    told = {Start(f"r{n % 50}", n, NOON.date()) for n in range(0, 20_000, 200)}

    with plans(db) as seen, transaction() as tx:
        known = known_timetable(
            tx, CITY, "timetable", Named(set(), {"unheard-of"}, set(), set(), {"unheard-of": told})
        )

    used = {node.get("Index Name") for plan in seen for node in nodes(plan) if "Relation Name" in node}
    assert known is not None
    assert (told, {"ix_transit_trips_start"}) == (known.starts.keys(), used)


def fill_timetable(feed: UUID, known: UUID) -> None:
    """Give a feed a timetable of 20,000 trips, in the place of the one it has."""
    with transaction() as tx:
        tx.execute(text("DELETE FROM transit_timetables"))
        tx.execute(
            text(
                "INSERT INTO transit_timetables (id, feed_id, run_id, fetched_at, timezone, is_current, services)"
                " VALUES (:id, :feed, :id, now(), 'UTC', true, CAST(:services AS jsonb))"
            ),
            {"id": known, "feed": feed, "services": json.dumps({"daily": asdict(DAILY)})},
        )
        tx.execute(
            text(
                "INSERT INTO transit_trips (timetable_id, trip_id, route_id, service_id, stop_ids, sequences, arrivals,"
                " departures) SELECT :id, 't' || n, 'r' || n % 50, 'daily', '{a}', '{1}', ARRAY[n], ARRAY[n]"
                " FROM generate_series(0, 19999) AS n"
            ),
            {"id": known},
        )


def analyze(db: Engine, table: str) -> None:
    """Let Postgres count a table as it is now."""
    with db.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"ANALYZE {table}"))


def misled(db: Engine) -> Any:
    """Return a feed whose tables are full, and believed empty."""
    feed = add_given()
    everything = [*things(), *counts(1), *requests(), *moving()]
    run_given(feed, Given(everything))
    with db.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in TABLES:
            connection.execute(text(f"DELETE FROM {table}"))
            connection.execute(text(f"ANALYZE {table}"))
    assert 5 * MANY == run_given(feed, Given(everything)).new
    return feed


Plan = dict[str, Any]


@contextmanager
def plans(db: Engine) -> Iterator[list[Plan]]:
    """Note how Postgres plans each statement that joins what is given: from a stage, or from arrays."""
    seen: list[Plan] = []

    def note(_: Any, cursor: Any, statement: str, values: Any, *__: Any) -> None:
        if any(source in statement for source in ("stage_", " unnest(", "_to_recordset(")) and (
            statement.lstrip().startswith(("SELECT", "UPDATE", "INSERT", "WITH"))
        ):
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values)
            seen.append(cursor.fetchone()[0][0]["Plan"])

    event.listen(db, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db, "before_cursor_execute", note)


def looked_up(seen: list[Plan]) -> dict[str, bool]:
    """Return of each table that is joined whether it is always looked up by the keys that are given."""
    found: dict[str, bool] = {}
    for node in (node for plan in seen for node in nodes(plan)):
        table = node.get("Relation Name", "stage_").removesuffix("_default")
        if node["Node Type"] != "ModifyTable" and not table.startswith("stage_"):
            found[table] = found.get(table, True) and "Index Cond" in node
    return found


def nodes(plan: Plan) -> Iterator[Plan]:
    """Yield the steps of a plan."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)
