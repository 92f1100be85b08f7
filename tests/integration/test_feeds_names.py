"""Realtime messages of a city whose timetable is known: what they name has names, places and times."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs
from sqlalchemy import Engine, text
from sqlalchemy import update as update_row

from shared.clock import utcnow
from shared.db import transaction
from shared.errors import Invalid
from shared.feeds.models import Feed
from shared.feeds.service import update_feed
from shared.observations.queries import ThingFilter, list_things, list_vehicles, moved_vehicles
from tests.support.feed_runs import CITY, GIVEN, Site, add_feed, count, newest_run, row_versions, run_feed
from tests.support.timetables import TABLES, timetable

LIVE = "https://given.example/live"
#: 0:10 UTC on 26 October 2026 in London, the night after clocks went back.
NIGHT = 1_792_973_400


def message(*fill: Callable[[gtfs.FeedEntity], None], at: int = NIGHT) -> bytes:
    """Write a message whose entities are filled in."""
    written = gtfs.FeedMessage()
    written.header.gtfs_realtime_version = "2.0"
    written.header.timestamp = at
    for number, one in enumerate(fill):
        entity = written.entity.add(id=f"e{number}")
        one(entity)
    return written.SerializeToString()


def vehicle(entity: gtfs.FeedEntity) -> None:
    """A bus on the night trip, which tells no route."""
    entity.vehicle.vehicle.id = "bus-1"
    entity.vehicle.trip.trip_id = "t-night"
    entity.vehicle.stop_id = "s2"
    entity.vehicle.position.latitude, entity.vehicle.position.longitude = 51.51, -0.11


def update(entity: gtfs.FeedEntity) -> None:
    """The night trip: a delay alone at the first stop, a time alone at the last, which only its sequence names."""
    entity.trip_update.trip.trip_id = "t-night"
    entity.trip_update.trip.start_date = "20261025"
    first = entity.trip_update.stop_time_update.add(stop_id="s1")
    first.departure.delay = 120
    last = entity.trip_update.stop_time_update.add(stop_sequence=3)
    last.arrival.time = 1_792_978_600


def alert(entity: gtfs.FeedEntity) -> None:
    """A closed stop."""
    entity.alert.header_text.translation.add(text="Stop closed")
    entity.alert.informed_entity.add(stop_id="s3")
    entity.alert.informed_entity.add(route_id="r7")


def detour(entity: gtfs.FeedEntity) -> None:
    """A line that takes another way."""
    entity.alert.header_text.translation.add(text="Detour")
    entity.alert.informed_entity.add(route_id="r7")


def unknown(entity: gtfs.FeedEntity) -> None:
    """A trip that no timetable knows."""
    entity.trip_update.trip.trip_id = "added-1"
    entity.trip_update.trip.schedule_relationship = gtfs.TripDescriptor.ADDED
    entity.trip_update.stop_time_update.add(stop_id="s1").arrival.time = NIGHT + 60


@pytest.fixture
def site(db: Engine) -> Site:
    """A publisher of a timetable and of messages that refer to it."""
    return Site({GIVEN: timetable(), LIVE: message(vehicle, update, alert, detour, unknown)})


def add_static() -> UUID:
    """Add the feed of the timetable."""
    return add_feed("gtfs_static", GIVEN, slug="timetable", interval_seconds=86_400)


def add_live(**options: Any) -> UUID:
    """Add the feed of the messages."""
    return add_feed("gtfs_realtime", LIVE, slug="live", options=options)


def rows(sql: str) -> list[Any]:
    """Return the rows of a query."""
    with transaction() as tx:
        return list(tx.execute(text(sql)).all())


def test_a_vehicle_has_the_name_and_colours_of_its_line(site: Site) -> None:
    """The route follows from the trip when the message tells none."""
    run_feed(add_static(), site)

    assert "succeeded" == run_feed(add_live(static="timetable"), site).state

    route, properties = rows("SELECT route, properties FROM vehicles")[0]
    assert "r7" == route
    assert {
        "stop_id": "s2", "stop_name": "Market", "route_name": "7", "route_long_name": "Harbour Line",
        "route_color": "#1A2B3C", "route_text_color": "#FFFFFF", "headsign": "Hill Top",
    } == properties  # fmt: skip


def test_the_api_tells_the_name_and_colours_of_a_vehicles_line(site: Site) -> None:
    """Beside the position; browsers that follow live are told the name with each move."""
    run_feed(add_static(), site)
    run_feed(add_live(static="timetable"), site)

    with transaction() as tx:
        item = list_vehicles(tx, CITY, None, (), utcnow())[0][0]
        moved = moved_vehicles(tx, [UUID(item["id"])])[0]

    assert ("7", "#1A2B3C", "#FFFFFF", "Hill Top") == (
        item["route_name"], item["route_color"], item["route_text_color"], item["headsign"],
    )  # fmt: skip
    assert ("7", "#1A2B3C", "Hill Top") == (moved["route_name"], moved["route_color"], moved["headsign"])


def test_stops_of_a_timetable_are_things_that_nobody_observes(site: Site) -> None:
    """The page asks for what is observed: thousands of stops are not stations with counts."""
    run_feed(add_static(), site)

    with transaction() as tx:
        found = {
            observed: len(list_things(tx, ThingFilter(CITY, is_observed=observed), 10, None, utcnow()).items)
            for observed in (None, False, True)
        }

    assert {None: 3, False: 3, True: 0} == found


def test_a_trip_update_says_when_each_stop_was_to_be_reached(site: Site) -> None:
    """24:50 of the day on which clocks went back is 0:50 UTC; time and delay follow from each other, on to later stops."""
    run_feed(add_static(), site)
    run_feed(add_live(static="timetable"), site)

    route, delay, stops = rows(
        "SELECT route, delay_seconds, stops FROM trip_updates WHERE trip_id = 't-night'"
    )[0]
    assert ("r7", 120) == (route, delay)
    assert [
        {
            "stop_id": "s1", "name": "Old Harbour", "delay_seconds": 120,
            "scheduled_arrival": "2026-10-26T00:50:00Z", "scheduled_departure": "2026-10-26T00:50:00Z",
            "departure": "2026-10-26T00:52:00Z",
        },
        {
            "stop_id": "s2", "stop_sequence": 2, "name": "Market", "delay_seconds": 120,
            "scheduled_arrival": "2026-10-26T01:00:00Z", "arrival": "2026-10-26T01:02:00Z",
            "scheduled_departure": "2026-10-26T01:01:00Z", "departure": "2026-10-26T01:03:00Z",
        },
        {
            "stop_id": "s3", "stop_sequence": 3, "name": "Hill Top", "delay_seconds": 100,
            "scheduled_arrival": "2026-10-26T01:35:00Z", "scheduled_departure": "2026-10-26T01:35:00Z",
            "arrival": "2026-10-26T01:36:40Z",
        },
    ] == stops  # fmt: skip


@pytest.mark.parametrize(
    ("start", "planned"), [("26:10:00", "2026-10-26T02:10:00Z"), ("", None), ("soon", None)]
)
def test_a_trip_at_a_headway_is_planned_from_its_own_start(
    site: Site, start: str, planned: str | None
) -> None:
    """One trip_id runs many times a day: its times in the table are nobody's, and are not told as such."""

    def running(entity: gtfs.FeedEntity) -> None:
        update(entity)
        entity.trip_update.trip.start_time = start

    rows_of_it = "trip_id,start_time,end_time,headway_secs\nt-night,24:00:00,28:00:00,600\n"
    site.pages |= {GIVEN: timetable(frequencies=rows_of_it), LIVE: message(running)}
    run_feed(add_static(), site)
    run_feed(add_live(static="timetable"), site)

    first = rows("SELECT stops FROM trip_updates")[0][0][0]
    assert ("Old Harbour", planned) == (first["name"], first.get("scheduled_departure"))


@pytest.mark.parametrize("seconds", [9_999_999_999, 1, 1_792_978_600_000])
def test_a_prediction_of_another_century_does_not_cost_the_others(site: Site, seconds: int) -> None:
    """Whatever a publisher's program takes for a time."""

    def beyond(entity: gtfs.FeedEntity) -> None:
        update(entity)
        entity.trip_update.stop_time_update[0].arrival.time = seconds

    site.pages[LIVE] = message(beyond, unknown)
    run_feed(add_static(), site)

    run = run_feed(add_live(static="timetable"), site)

    assert ("succeeded", 2) == (run.state, run.new)


def test_an_alert_lies_at_its_stops_or_else_along_its_route(site: Site) -> None:
    """What was only ids is on the map, and says where in words."""
    run_feed(add_static(), site)
    run_feed(add_live(static="timetable"), site)

    closed, around = rows("SELECT address, geometry, properties, point FROM features ORDER BY title DESC")
    assert ("Hill Top, 7", None, "(-0.12,51.52)") == (closed.address, closed.geometry, closed.point)
    assert (["Hill Top"], ["7"]) == (closed.properties["stop_names"], closed.properties["route_names"])
    assert ("7", "MultiLineString") == (around.address, around.geometry["type"])


@pytest.mark.parametrize(
    ("informed", "applies_to"),
    [
        ({"trip": {"trip_id": "t-night"}}, {"trips": ["t-night"]}),
        (
            {"trip": {"route_id": "r7", "start_time": "24:50:00", "start_date": "20261025"}},
            {"trips": ["t-night"]},
        ),
        ({"trip": {"route_id": "r7", "direction_id": 1}}, {"routes": ["r7"], "directions": {"r7": 1}}),
        ({"route_id": "r7", "direction_id": 0}, {"routes": ["r7"], "directions": {"r7": 0}}),
    ],
    ids=["trip", "start", "descriptor of a route", "direction"],
)
def test_an_alert_about_trips_lies_along_their_route(
    site: Site, informed: dict[str, Any], applies_to: dict[str, Any]
) -> None:
    """However it names them: a rider of the line is to see it."""

    def late(entity: gtfs.FeedEntity) -> None:
        detour(entity)
        entity.alert.informed_entity[0].CopyFrom(gtfs.EntitySelector(**informed))

    site.pages[LIVE] = message(late)
    run_feed(add_static(), site)
    run_feed(add_live(static="timetable"), site)

    (found,) = rows("SELECT address, geometry, properties FROM features")
    assert ("7", "MultiLineString") == (found.address, (found.geometry or {}).get("type"))
    assert applies_to | {"route_names": ["7"]} == found.properties


def test_a_trip_that_the_timetable_does_not_know_is_normal(site: Site) -> None:
    """It is kept as it was told, its stops named; nothing is set aside."""
    run_feed(add_static(), site)
    run = run_feed(add_live(static="timetable"), site)

    assert {} == run.rejected
    stops = rows("SELECT stops FROM trip_updates WHERE trip_id = 'added-1'")[0][0]
    assert [{"stop_id": "s1", "name": "Old Harbour", "arrival": "2026-10-26T00:11:00Z"}] == stops


def test_without_a_timetable_everything_is_as_it_was_told(site: Site) -> None:
    """No option, and an option whose feed has not run yet, give the same."""
    plain = add_live()
    add_static()
    run_feed(plain, site)
    before = row_versions("vehicles", "trip_updates", "features")
    with transaction() as tx:
        update_feed(tx, plain, {"options": {"static": "timetable"}}, utcnow())

    ran = run_feed(plain, site)

    assert ("succeeded", 0, 0) == (ran.state, ran.new, ran.changed)
    assert before == row_versions("vehicles", "trip_updates", "features")
    assert {} == newest_run(plain).rejected


@pytest.mark.parametrize("static", ["nowhere", "live", 7])
def test_an_option_that_names_no_timetable_is_refused(site: Site, static: object) -> None:
    """The answer names the option; nothing is saved."""
    live = add_live()
    with pytest.raises(Invalid) as refused:
        add_feed("gtfs_realtime", LIVE, slug="second", options={"static": static})
    with transaction() as tx, pytest.raises(Invalid):
        update_feed(tx, live, {"options": {"static": static}}, utcnow())

    assert ["options.static"] == [problem.field for problem in refused.value.problems]
    assert 1 == count("feeds")


def test_a_stored_option_of_another_kind_is_judged_with_the_new_kind(site: Site) -> None:
    """It may be from before options were judged."""
    feed = add_feed("news", LIVE)
    with transaction() as tx:
        tx.execute(update_row(Feed).where(Feed.id == feed).values(options={"static": "nowhere"}))

    with transaction() as tx, pytest.raises(Invalid) as refused:
        update_feed(tx, feed, {"kind": "gtfs_realtime"}, utcnow())

    assert ["options.static"] == [problem.field for problem in refused.value.problems]


def test_a_trip_that_messages_call_by_the_end_of_its_id_is_found(site: Site) -> None:
    """New York's subway: the timetable's id says the service too, and one such trip runs on that day."""
    names = {"t-day": "A-Weekday_048000_7..N01R", "t-night": "A-Sunday_149000_7..N02R"}
    tables = {name: TABLES[name] for name in ("trips", "stop_times")}
    for told, trip_id in names.items():
        tables = {name: table.replace(told, trip_id) for name, table in tables.items()}

    def subway(entity: gtfs.FeedEntity) -> None:
        update(entity)
        entity.trip_update.trip.trip_id = "149000_7..N"

    site.pages = {GIVEN: timetable(**tables), LIVE: message(subway, unknown)}
    run_feed(add_static(), site)

    assert "succeeded" == run_feed(add_live(static="timetable"), site).state

    trip_id, route, stops = rows("SELECT trip_id, route, stops FROM trip_updates WHERE trip_id LIKE '149%'")[
        0
    ]
    assert ("149000_7..N", "r7") == (trip_id, route)
    assert ["Old Harbour", "Market", "Hill Top"] == [stop["name"] for stop in stops]
    assert "2026-10-26T00:50:00Z" == stops[0]["scheduled_departure"]


@pytest.mark.parametrize(
    ("told", "trip_id"),
    [
        ({}, "t-night"),
        ({"start_date": "20261026", "start_time": "00:50:00"}, "t-night"),
        ({"trip_id": "unheard-of"}, "unheard-of"),
        ({"direction_id": 1}, None),
        ({"start_time": "24:51:00"}, None),
        ({"start_date": "21000101"}, None),
        ({"start_date": ""}, None),
        ({"start_time": "soon"}, None),
        ({"schedule_relationship": gtfs.TripDescriptor.ADDED}, None),
    ],
)
def test_a_trip_without_a_known_id_is_the_one_that_starts_then(
    site: Site, told: dict[str, Any], trip_id: str | None
) -> None:
    """Helsinki tells route, direction and start alone; also that of a trip after midnight by the calendar's day."""
    descriptor = {"route_id": "r7", "direction_id": 0, "start_date": "20261025", "start_time": "24:50:00"}

    def started(entity: gtfs.FeedEntity) -> None:
        update(entity)
        entity.trip_update.trip.CopyFrom(gtfs.TripDescriptor(**(descriptor | told)))
        vehicle(entity)
        entity.vehicle.trip.CopyFrom(entity.trip_update.trip)

    site.pages[LIVE] = message(started)
    run_feed(add_static(), site)

    assert {} == run_feed(add_live(static="timetable"), site).rejected

    (found,) = rows("SELECT trip_id, stops FROM trip_updates")
    (running,) = rows("SELECT trip_id, properties ->> 'headsign' AS headsign FROM vehicles")
    assert found.trip_id == running.trip_id
    assert ("Hill Top" if trip_id else None) == running.headsign
    assert ("2026-10-26T00:50:00Z" if trip_id else None) == found.stops[0].get("scheduled_departure")
    if trip_id:
        assert trip_id == found.trip_id
