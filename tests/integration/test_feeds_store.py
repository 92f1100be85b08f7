"""Storing records: idempotent, in any order, newest wins, nothing lost silently."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from shared.clock import utcnow
from shared.db import transaction
from shared.features.queries import features_by_id
from shared.observations.queries import list_observations
from tasks.feeds.connector import (
    Described,
    Feature,
    Observation,
    Record,
    Rejected,
    Result,
    Thing,
    TripUpdate,
    Vehicle,
)
from tasks.feeds.storing import batch, intake
from tests.support.feed_runs import (
    Given,
    add_given,
    count,
    events,
    feed_row,
    row_versions,
    run_given,
    snapshot,
)

#: A noon in the past that no retention rule has reached.
NOON = (utcnow() - timedelta(days=40)).replace(hour=12, minute=0, second=0, microsecond=0)
TABLES = ("features", "feature_versions", "things", "datastreams", "observations", "vehicles", "trip_updates")


def request(number: int, **values: Any) -> Feature:
    """A service request."""
    made: dict[str, Any] = {
        "external_id": f"r{number}",
        "record": f"given#{number}",
        "observed_at": NOON,
        "kind": "service_request",
        "title": f"Pothole {number}",
        "status": "open",
        "geometry": {"type": "Point", "coordinates": [-0.1 - number / 1000, 51.5]},
        "properties": {"lane": number},
    }
    return Feature(**made | values)


def bus(number: int, **values: Any) -> Vehicle:
    """A bus."""
    made: dict[str, Any] = {
        "external_id": f"b{number}",
        "record": f"given#{number}",
        "observed_at": NOON,
        "kind": "bus",
        "lon": -0.1,
        "lat": 51.5 + number / 1000,
    }
    return Vehicle(**made | values)


def station(number: int, **values: Any) -> Thing:
    """A station."""
    made: dict[str, Any] = {
        "external_id": f"s{number}", "record": f"stations#{number}", "kind": "bike_station",
        "name": f"Station {number}", "lon": -0.1, "lat": 51.5,
    }  # fmt: skip
    return Thing(**made | values)


def status(number: int, bikes: float, at: datetime = NOON, **values: Any) -> Observation:
    """A station's count."""
    made: dict[str, Any] = {
        "external_id": f"s{number}", "record": f"status#{number}", "observed_at": at, "phenomenon_time": at,
        "results": [Result("bikes_available", bikes)],
    }  # fmt: skip
    return Observation(**made | values)


def trip(number: int, **values: Any) -> TripUpdate:
    """A trip's prediction."""
    made: dict[str, Any] = {
        "external_id": f"t{number}@20261122", "record": f"given#{number}", "trip_id": f"t{number}",
        "observed_at": NOON, "delay_seconds": number, "stops": [{"stop_id": "A", "arrival": "2026-11-22T12:00:00Z"}],
    }  # fmt: skip
    return TripUpdate(**made | values)


EVERYTHING: list[Record] = [
    *(station(n) for n in range(5)),
    *(status(n, n) for n in range(5)),
    *(request(n) for n in range(5)),
    *(bus(n) for n in range(5)),
    *(trip(n) for n in range(5)),
]


def test_the_same_records_parsed_again_write_nothing(db: Engine) -> None:
    """Redelivery is harmless: a second run of the same content touches no row."""
    feed = add_given()
    first = run_given(feed, Given(EVERYTHING))
    before = row_versions(*TABLES)
    told = len(events("FeaturesChanged") + events("VehiclesMoved") + events("ObservationsAdded"))

    again = run_given(feed, Given(EVERYTHING))

    assert (25, 0, 0) == (first.new, first.changed, first.same)
    assert (0, 0, 25) == (again.new, again.changed, again.same)
    assert before == row_versions(*TABLES)
    assert told == len(events("FeaturesChanged") + events("VehiclesMoved") + events("ObservationsAdded"))


def test_records_in_any_order_end_as_the_same_rows(db: Engine) -> None:
    """Repeated ids are settled by time and content, not by who came first."""
    records = [
        *EVERYTHING,
        request(1, title="Later", observed_at=NOON + timedelta(minutes=1)),
        request(1, title="Earlier", observed_at=NOON - timedelta(minutes=1)),
        request(2, title="Same time, other words"),
        bus(3, lat=51.9),
        status(4, 99),
    ]
    straight, shuffled = add_given(name="straight"), add_given(name="shuffled")
    run_given(straight, Given(records))
    random.Random(7).shuffle(records)

    ran = run_given(shuffled, Given(records))

    assert 5 == ran.rejected["duplicate"]
    for table in ("features", "things", "vehicles", "trip_updates"):
        columns = "feed_id::text, external_id, encode(content_hash, 'hex')"
        rows = snapshot(table, columns)
        assert {row[1:] for row in rows if row[0] == str(straight)} == {
            row[1:] for row in rows if row[0] == str(shuffled)
        }


def test_repeated_ids_in_different_chunks_end_as_in_one(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of many steps keeps the newest of an id wherever its copies are."""
    monkeypatch.setattr(intake, "CHUNK_RECORDS", 3)
    records = [
        request(1, title="New", observed_at=NOON + timedelta(hours=1)),
        *(request(n) for n in range(2, 6)),
        request(1, title="Old"),
        *(request(n) for n in range(6, 9)),
        request(2, title="Newer", observed_at=NOON + timedelta(hours=1)),
    ]
    feed = add_given()

    ran = run_given(feed, Given(records))

    assert (8, 2) == (ran.new, ran.rejected["duplicate"])
    assert len(records) == ran.records
    assert {("r1", "New"), ("r2", "Newer")} <= snapshot("features", "external_id, title")


def test_an_older_observation_never_overwrites_a_newer_one(db: Engine) -> None:
    """A stale copy from a cache leaves the vehicle where it was seen last."""
    feed = add_given()
    run_given(feed, Given([bus(1, lat=51.6, observed_at=NOON), trip(1)]))

    ran = run_given(feed, Given([bus(1, lat=51.5, observed_at=NOON - timedelta(seconds=30)), trip(1)]))

    assert {"older": 1} == ran.rejected
    assert {("(-0.1,51.6)",)} == snapshot("vehicles", "point::text")
    assert 1 == count("feed_rejects", "reason = 'older' AND external_id = 'b1'")


def test_a_request_that_is_reopened_is_changed_although_its_last_date_is_gone(db: Engine) -> None:
    """Its observed time goes back to the day it was filed; that is news all the same."""
    feed = add_given()
    run_given(feed, Given([request(1, status="closed", observed_at=NOON + timedelta(days=1))]))

    ran = run_given(feed, Given([request(1, status="open")]))

    assert (1, {}) == (ran.changed, ran.rejected)
    assert {("open",)} == snapshot("features", "status")


def test_an_alert_that_was_published_earlier_does_not_come_back(db: Engine) -> None:
    """A cache that serves yesterday's list loses to today's."""
    feed = add_given()
    run_given(feed, Given([request(1, title="Now", published_at=NOON)]))

    ran = run_given(feed, Given([request(1, title="Then", published_at=NOON - timedelta(hours=1))]))

    assert {"older": 1} == ran.rejected
    assert {("Now",)} == snapshot("features", "title")


def test_a_late_observation_fills_its_place_and_the_newest_result_stays(db: Engine) -> None:
    """History is completed; what is shown as latest does not go back."""
    feed = add_given()
    run_given(feed, Given([station(1), status(1, 5, NOON)]))

    ran = run_given(feed, Given([status(1, 3, NOON - timedelta(minutes=5))]))

    assert (1, 0) == (ran.new, ran.changed)
    assert {(5.0, NOON)} == snapshot("datastreams", "result, phenomenon_time")
    assert {(5.0,), (3.0,)} == snapshot("observations", "result")


def test_a_corrected_result_replaces_the_one_of_its_moment(db: Engine) -> None:
    """A publisher that corrects a value changes one row and the latest result."""
    feed = add_given()
    run_given(feed, Given([station(1), status(1, 5), status(1, 1, NOON - timedelta(minutes=5))]))

    ran = run_given(feed, Given([status(1, 6), status(1, 2, NOON - timedelta(minutes=5))]))

    assert (0, 2) == (ran.new, ran.changed)
    assert {(6.0,), (2.0,)} == snapshot("observations", "result")
    assert {(6.0,)} == snapshot("datastreams", "result")


def test_an_observation_of_an_undescribed_thing_is_set_aside(db: Engine) -> None:
    """There is no place to put it, and that is said."""
    feed = add_given()

    ran = run_given(feed, Given([status(9, 1), status(1, 1), station(1)]))

    assert ({"unknown_thing": 1}, 2) == (ran.rejected, ran.new)
    assert 1 == count("observations")


def test_an_observation_waits_for_a_thing_of_a_later_chunk(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Payloads come in any order."""
    monkeypatch.setattr(batch, "STEP_RESULTS", 2)
    monkeypatch.setattr(batch, "TOGETHER", 1)
    feed = add_given()

    ran = run_given(feed, Given([status(1, 1), status(2, 2), station(1), station(2), station(3)]))

    assert (5, {}) == (ran.new, ran.rejected)


def test_of_one_that_waits_and_one_that_comes_later_the_larger_is_stored(
    db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They tell of one moment of a thing that comes last."""
    monkeypatch.setattr(batch, "STEP_RESULTS", 1)
    monkeypatch.setattr(batch, "TOGETHER", 1)
    feed = add_given()

    ran = run_given(feed, Given([status(1, 7), status(1, 6), station(1)]))

    assert (2, {"duplicate": 1}) == (ran.new, ran.rejected)
    assert {(7.0,)} == snapshot("observations", "result")


def test_an_observation_may_hold_what_no_text_can(db: Engine) -> None:
    """It is stored with its thing, whose id lost the same characters, and one bad text stops no feed."""
    feed = add_given()
    named = replace(station(1), external_id="s\x001")
    read = replace(
        status(1, 5, properties={"note": "a\x00b"}),
        external_id="s\x001",
        results=[Result("bikes\x00", 5.0, "1\x00")],
    )

    ran = run_given(feed, Given([named, read, replace(status(2, 1), external_id="\ud800")]))

    assert (2, {"unknown_thing": 1}) == (ran.new, ran.rejected)
    assert {("s1",)} == snapshot("things", "external_id")
    assert {("bikes", "1", 5.0)} == snapshot("datastreams", "observed_property, unit, result")
    with transaction() as tx:
        assert {"note": "ab"} == tx.execute(text("SELECT state FROM things")).scalar_one()


def test_what_an_observation_says_besides_results_is_kept_with_its_thing(db: Engine) -> None:
    """Whether a station rents is a state of the station, and of no other."""
    feed = add_given()
    renting = {"is_renting": True}
    run_given(
        feed,
        Given([station(1), station(2), status(1, 5, properties=renting), status(2, 5, properties=renting)]),
    )

    run_given(
        feed, Given([station(1), status(1, 5, NOON + timedelta(minutes=1), properties={"is_renting": False})])
    )

    with transaction() as tx:
        states = tx.execute(text("SELECT state FROM things ORDER BY external_id")).scalars().all()
    assert [{"is_renting": False}, renting] == states


def test_a_changed_feature_keeps_what_it_was(db: Engine) -> None:
    """The version tells each field, old and new; properties one by one."""
    feed = add_given()
    run_given(feed, Given([request(1, address="1 High St"), request(2)]))

    ran = run_given(
        feed,
        Given(
            [
                request(
                    1,
                    status="closed",
                    properties={"lane": 1, "crew": "B"},
                    observed_at=NOON + timedelta(hours=1),
                ),
                request(2),
            ]
        ),
    )

    assert (1, 1) == (ran.changed, ran.same)
    with transaction() as tx:
        version = tx.execute(text("SELECT version, changes FROM feature_versions")).one()
        assert 2 == tx.execute(text("SELECT version FROM features WHERE external_id = 'r1'")).scalar_one()
    assert 2 == version.version
    assert ["open", "closed"] == version.changes["status"]
    assert [None, "B"] == version.changes["properties.crew"]
    assert ["1 High St", None] == version.changes["address"]
    assert {"status", "address", "observed_at", "properties.crew"} == version.changes.keys()


PLAIN = {"type": "Point", "coordinates": [-0.101, 51.5]}


def versions() -> list[tuple[int, dict[str, Any]]]:
    """Every version kept, with what changed."""
    with transaction() as tx:
        rows = tx.execute(text("SELECT version, changes FROM feature_versions ORDER BY version"))
        return [(row.version, row.changes) for row in rows]


@pytest.mark.parametrize(
    ("geometry", "is_kept"),
    [
        (PLAIN, False),
        ({"type": "Point", "coordinates": [5, 52]}, False),
        ({**PLAIN, "coordinates": [-0.101, 51.5, 9.0]}, True),
        ({**PLAIN, "bbox": [-0.101, 51.5, -0.101, 51.5]}, True),
        ({**PLAIN, "coordinates": [0.0, 0.0]}, True),
        ({**PLAIN, "coordinates": [181.0, 0.0]}, True),
        ({"type": "LineString", "coordinates": [[5, 52], [5, 53]]}, True),
    ],
)
def test_a_geometry_is_told_as_it_was_sent(db: Engine, geometry: dict[str, Any], is_kept: bool) -> None:
    """A plain point is stored once, as `point`; what says more keeps its document."""
    feed = add_given()

    run_given(feed, Given([request(1, geometry=geometry)]))

    with transaction() as tx:
        (id_,) = tx.execute(text("SELECT id FROM features")).scalars()
        assert geometry == features_by_id(tx, [id_], utcnow())[0]["geometry"]
    assert int(is_kept) == count("features", "geometry IS NOT NULL")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (PLAIN, {**PLAIN, "coordinates": [-0.1010001, 51.5]}),
        (PLAIN, None),
        (None, PLAIN),
        (PLAIN, {"type": "LineString", "coordinates": [[5, 52], [5, 53]]}),
        (PLAIN, {**PLAIN, "coordinates": [-0.101, 51.5, 9.0]}),
    ],
)
def test_a_version_tells_from_where_to_where_a_feature_moved(
    db: Engine, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    """Plain points are written out, however near."""
    feed = add_given()
    run_given(feed, Given([request(1, geometry=before)]))

    ran = run_given(feed, Given([request(1, geometry=after)]))

    assert 1 == ran.changed
    assert [(2, {"geometry": [before, after]})] == versions()


def as_of_the_release_before(where: str = "true") -> None:
    """Store features as was done when hashes were made otherwise and plain points had documents."""
    with transaction() as tx:
        tx.execute(
            text(
                "UPDATE features SET content_hash = 'other', geometry = coalesce(geometry, jsonb_build_object("
                "'type', 'Point', 'coordinates', jsonb_build_array(point[0], point[1])))"
                f" WHERE point IS NOT NULL AND {where}"
            )
        )


def test_features_that_are_only_hashed_otherwise_did_not_change(db: Engine) -> None:
    """After a release nobody is told that everything changed; the next run finds the hashes it makes."""
    ring = [[0.0, 51.0], [0.2, 51.0], [0.2, 51.2], [0.0, 51.2], [0.0, 51.0]]
    records = [
        request(1),
        request(2, geometry={"type": "Polygon", "coordinates": [ring]}),
        request(3, withdrawn=True),
        request(4),
    ]
    feed = add_given()
    run_given(feed, Given(records))
    before = snapshot("features")
    told = len(events("FeaturesChanged"))
    as_of_the_release_before()

    ran = run_given(feed, Given([*records[:3], request(4, title="New words")]))

    assert (0, 1, 3) == (ran.new, ran.changed, ran.same)
    assert [(2, {"title": ["Pothole 4", "New words"]})] == versions()
    assert 3 == len(before & snapshot("features"))
    assert told + 1 == len(events("FeaturesChanged"))


def test_a_feature_that_is_hashed_otherwise_comes_back(db: Engine) -> None:
    """One that was withdrawn while it was missing is shown again, but not one that the publisher withdrew."""
    feed = add_given()
    records = [request(1), request(2), request(3, withdrawn=True)]
    run_given(feed, Given(records))
    as_of_the_release_before()
    with transaction() as tx:
        tx.execute(text("UPDATE features SET missing_since = now()"))
        tx.execute(text("UPDATE features SET withdrawn_at = now() WHERE external_id = 'r1'"))

    ran = run_given(feed, Given(records))

    assert (2, 1) == (ran.changed, ran.same)
    assert {("r1",), ("r2",)} == snapshot("features WHERE withdrawn_at IS NULL", "external_id")
    assert 0 == count("features", "missing_since IS NOT NULL")


def test_points_as_far_apart_as_the_database_can_tell_are_all_placed(db: Engine) -> None:
    """Postgres takes numbers that differ by 1e-6 for equal, or not, as they are rounded: six digits of a degree."""
    places = [(round(7 + number * 1e-6, 6), 49.0) for number in range(600)]
    records = [
        request(number, geometry={"type": "Point", "coordinates": place})
        for number, place in enumerate(places)
    ]

    run_given(add_given(), Given(records))

    assert set(places) == snapshot("features", "point[0], point[1]")


def test_features_are_placed_by_point_and_cells(db: Engine) -> None:
    """A polygon is placed by a point inside it; without geometry there is no place."""
    ring = [[0.0, 51.0], [0.2, 51.0], [0.2, 51.2], [0.0, 51.2], [0.0, 51.0]]
    feed = add_given()

    run_given(
        feed,
        Given(
            [
                request(1),
                request(2, geometry={"type": "Polygon", "coordinates": [ring]}),
                request(3, geometry=None),
            ]
        ),
    )

    assert 1 == count("features", "point <@ box(point(0,51),point(0.2,51.2))")
    assert 1 == count("features", "point IS NULL AND geometry IS NULL")


HOSTILE = [
    request(1, title='Quote " backslash \\ tab \t newline \n end'),
    request(
        2, title="NUL \x00 and bell \x07 go", properties={"a\x00": "b\x00c", "n": [1, None, {"x": "\x1f"}]}
    ),
    request(3, title="\\N", description="\\.", address=None),
    request(4, title="größe 路 🚲 \u2028", status=""),
    request(5, title='ends with quote comma ",', description='",\n  "', properties={"k": 'v",\n  null'}),
    request(6, title="\\u0007 literal", properties={"nan": float("nan"), "deep": {"a": [True, 1.5]}}),
]


@pytest.mark.parametrize("record", HOSTILE, ids=lambda record: record.external_id)
def test_hostile_text_arrives_as_it_was_sent(db: Engine, record: Feature) -> None:
    """Everything but control characters is kept, character for character."""
    feed = add_given()

    ran = run_given(feed, Given([record]))

    def clean(value: str | None) -> str | None:
        return value and "".join(c for c in value if c >= " " or c in "\t\n\r")

    assert {} == ran.rejected
    expected = (clean(record.title), clean(record.description), record.address, record.status)
    assert {expected} == snapshot("features", "title, description, address, status")


def test_text_that_cannot_be_stored_is_set_aside_alone(db: Engine) -> None:
    """Half a surrogate pair costs one record, not the run."""
    feed = add_given()

    ran = run_given(
        feed, Given([request(1, title="\ud800"), request(2), request(3, properties={"big": 2**80})])
    )

    assert (1, {"unstorable": 2}) == (ran.new, ran.rejected)


def test_rejects_are_kept_up_to_a_limit_and_counted_to_the_last(db: Engine) -> None:
    """A thousand examples are enough to see why; the counts are exact."""
    records = [
        Rejected(record=f"given#{n}", reason="bad_time", detail="no", excerpt="x" * 5000) for n in range(1500)
    ]
    feed = add_given()

    ran = run_given(feed, Given([*records, request(1), Described(record="given#d")]))

    assert ({"bad_time": 1500}, 1502, 1) == (ran.rejected, ran.records, ran.described)
    assert 1000 == count("feed_rejects", "length(excerpt) = 2048")


def test_events_tell_what_changed_and_nothing_else(db: Engine) -> None:
    """Items have the shape of the API; an event shows at most fifty of them and counts all."""
    feed = add_given()
    run_given(feed, Given([*(request(n) for n in range(60)), bus(1), station(1), status(1, 4)]))

    run_given(feed, Given([request(1, title="Fixed?", observed_at=NOON + timedelta(hours=1)), bus(1)]))

    first, second = events("FeaturesChanged")
    assert (60, 50) == (first["changed"], len(first["items"]))
    assert ["Fixed?"] == [item["title"] for item in second["items"]]
    assert "service_request" == second["kind"]
    assert [("bus", -0.1)] == [(item["kind"], item["lon"]) for item in events("VehiclesMoved")[0]["items"]]
    assert [("bikes_available", 4.0)] == [
        (item["observed_property"], item["result"]) for item in events("ObservationsAdded")[0]["items"]
    ]
    assert ["succeeded", "succeeded"] == [event["state"] for event in events("FeedRan")]


def test_a_run_keeps_what_the_feed_amounts_to(db: Engine) -> None:
    """The totals feed the tiles without counting anew."""
    feed = add_given()

    ran = run_given(feed, Given([*EVERYTHING, request(9, status="closed")]))

    assert {
        "features": 6,
        "service_requests_open": 5,
        "vehicles": 5,
        "vehicles_live": 5,
        "things": 5,
        "bikes_available": 10,
    } == ran.totals
    assert ran.totals == feed_row(feed).totals


def test_what_a_feed_listed_once_is_told_as_none_and_what_it_never_did_not_at_all(db: Engine) -> None:
    """A city's news add nothing to its requests, not even a nought; a list that ran empty does."""
    feed = add_given()
    bicycle = bus(1, kind="bicycle")
    first = run_given(feed, Given([request(1, kind="news_item", status=None), bicycle]))

    second = run_given(feed, Given([request(2), bus(1)]))
    third = run_given(feed, Given([request(2, status="closed"), bus(1)]))

    assert {"features": 1, "vehicles": 1, "bicycles": 1} == first.totals
    assert (1, 0) == (second.totals["service_requests_open"], second.totals["bicycles"])
    assert {
        "features": 2,
        "service_requests_open": 0,
        "vehicles": 1,
        "bicycles": 0,
        "vehicles_live": 1,
    } == third.totals


def test_a_newer_parser_may_correct_a_time_backwards(db: Engine) -> None:
    """A zone that was read wrong is mended although the new time is earlier."""
    feed = add_given()
    run_given(feed, Given([request(1)]))
    mended = replace(request(1), observed_at=NOON - timedelta(hours=5))

    ran = run_given(feed, Given([mended], parser_version=2))

    assert (1, {}) == (ran.changed, ran.rejected)
    assert {(NOON - timedelta(hours=5),)} == snapshot("features", "observed_at")


def test_hours_summed_up_are_what_their_results_are(db: Engine) -> None:
    """Appended, late, repeated or corrected: an hour tells what reading its results would."""
    feed = add_given()
    chance = random.Random(12)
    polls = [(NOON - timedelta(minutes=chance.randrange(600)), chance.randrange(50)) for _ in range(80)]
    for part in range(0, 80, 20):
        seen = dict(polls[part : part + 20])
        run_given(feed, Given([station(1), *(status(1, bikes, at) for at, bikes in seen.items())]))

    raw = snapshot(
        "observations GROUP BY datastream_id, date_bin('1 hour', phenomenon_time, 'epoch'::timestamptz)",
        "date_bin('1 hour', phenomenon_time, 'epoch'::timestamptz), min(result), max(result), sum(result), count(*)",
    )
    assert raw == snapshot("observation_hours", "start, least, most, total, count")


def test_a_range_that_cuts_hours_is_told_exactly(db: Engine) -> None:
    """Buckets of an hour and of a day hold the results of the range and no others."""
    feed = add_given()
    times = [NOON + timedelta(minutes=7 * n) for n in range(300)]
    run_given(feed, Given([station(1), *(status(1, n, at) for n, at in enumerate(times))]))
    since, until = NOON + timedelta(minutes=33), NOON + timedelta(hours=30, minutes=11)
    with transaction() as tx:
        stream = tx.execute(text("SELECT id FROM datastreams")).scalar_one()
        for bucket in ("1h", "1d"):
            items = list_observations(tx, stream, since, until, bucket, utcnow())["items"]

            assert sum(since <= at < until for at in times) == sum(item["count"] for item in items)
            assert min(n for n, at in enumerate(times) if at >= since) == items[0]["min"]
            assert max(n for n, at in enumerate(times) if at < until) == items[-1]["max"]
        within = list_observations(tx, stream, since, since + timedelta(minutes=14), "1h", utcnow())["items"]
    assert [2] == [item["count"] for item in within]


def test_a_record_that_tells_of_a_vehicle_and_of_its_trip_is_one(db: Engine) -> None:
    """An entity of a realtime message may hold both."""
    both = [replace(bus(1), record="given#0"), replace(trip(1), record="given#0")]

    ran = run_given(add_given(), Given([*both, replace(bus(2), record="given#1")]))

    assert (2, 3, 0) == (ran.records, ran.new, sum(ran.rejected.values()))
