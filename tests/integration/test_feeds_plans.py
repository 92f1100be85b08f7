"""How Postgres goes about storing: what is given is looked up by index, whatever it believes of its tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event, text

from shared.clock import utcnow
from tasks.feeds.connector import Feature, Observation, Record, Result, Thing, TripUpdate, Vehicle
from tests.support.feed_runs import Given, add_given, reprocess_feed, run_given

NOON: Final = (utcnow() - timedelta(days=40)).replace(hour=12, minute=0, second=0, microsecond=0)
TABLES: Final = (
    "observations", "observation_hours", "datastreams", "things", "feature_versions", "features", "vehicles",
    "trip_updates",
)  # fmt: skip
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
        if any(source in statement for source in ("stage_", "FROM unnest(", "_to_recordset(")) and (
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
