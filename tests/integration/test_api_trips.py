"""The trip that a vehicle is on, and the departures at a stop: as predicted, and never as new when they are old."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs
from sqlalchemy import Engine, text

from shared.clock import rfc3339, utcnow
from shared.db import transaction
from shared.errors import NotFound
from shared.observations.departures import list_departures
from shared.observations.trips import trip_of_vehicle
from tests.support.feed_runs import GIVEN, Site, add_feed, run_feed
from tests.support.timetables import timetable
from tests.support.web import Browser, assert_problem

POSITIONS, UPDATES, OTHERS = (
    "https://given.example/positions",
    "https://given.example/updates",
    "https://other.example/updates",
)
NOBODY = "0190a1b2-0000-7000-8000-000000000000"
STOPS = (
    "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    "st,Central,51.50,-0.10,1,\np1,Central platform 1,51.50,-0.10,0,st\np2,Central platform 2,51.50,-0.10,0,st\n"
    "m,Market,51.51,-0.11,0,\ne,Hill Top,51.52,-0.12,0,\n"
)
#: Trip -> its first stop, and minutes from now at which it is there; ten minutes later at Market, then at Hill Top.
PLANNED = {"t1": ("p1", 10), "t2": ("p2", 5), "t3": ("p1", 15), "gone": ("p1", -40), "later": ("p1", 130)}

Fill = Callable[[gtfs.FeedEntity], None]


@pytest.fixture
def now() -> datetime:
    """The moment that the timetable is written around."""
    return utcnow().replace(microsecond=0)


@pytest.fixture
def site(db: Engine, now: datetime) -> Site:
    """A publisher of a timetable, positions and updates; nothing is under way yet."""
    return Site({GIVEN: planned(now), POSITIONS: message(), UPDATES: message(), OTHERS: message()})


def planned(now: datetime, **tables: str) -> bytes:
    """Write the timetable of today, some of its tables replaced."""
    trips = "route_id,service_id,trip_id,trip_headsign\n"
    times = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    for trip, (first, minutes) in PLANNED.items():
        trips += f"r7,daily,{trip},Hill Top\n"
        for number, stop in enumerate((first, "m", "e")):
            at = clock(now, minutes + 10 * number)
            times += f"{trip},{at},{at},{stop},{number + 1}\n"
    return timetable("UTC", **{"stops": STOPS, "trips": trips, "stop_times": times, "shapes": None} | tables)


def clock(now: datetime, minutes: int) -> str:
    """Write a time of yesterday's service day: a day later, and so never before it began."""
    seconds = int((now + timedelta(minutes=minutes) - day_of(now)).total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def day_of(now: datetime) -> datetime:
    """Return the beginning of the service day."""
    return datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=1)


def message(*fill: Fill) -> bytes:
    """Write a message of now whose entities are filled in."""
    written = gtfs.FeedMessage()
    written.header.gtfs_realtime_version = "2.0"
    written.header.timestamp = int(utcnow().timestamp())
    for number, one in enumerate(fill):
        one(written.entity.add(id=f"e{number}"))
    return written.SerializeToString()


def bus(trip_id: str | None = "t1", name: str = "bus-1", **trip: Any) -> Fill:
    """A bus on a trip."""

    def fill(entity: gtfs.FeedEntity) -> None:
        entity.vehicle.vehicle.id = name
        entity.vehicle.position.latitude, entity.vehicle.position.longitude = 51.5, -0.1
        entity.vehicle.timestamp = int(utcnow().timestamp())
        if trip_id:
            entity.vehicle.trip.CopyFrom(gtfs.TripDescriptor(trip_id=trip_id, **trip))

    return fill


def update(now: datetime, trip_id: str, delay: int = 0, **trip: Any) -> Fill:
    """An update that tells how late a trip leaves its first stop."""

    def fill(entity: gtfs.FeedEntity) -> None:
        trip.setdefault("start_date", f"{day_of(now):%Y%m%d}")
        entity.trip_update.trip.CopyFrom(gtfs.TripDescriptor(trip_id=trip_id, **trip))
        entity.trip_update.timestamp = int(utcnow().timestamp())
        entity.trip_update.stop_time_update.add(stop_sequence=1).departure.delay = delay

    return fill


def canceled(now: datetime, trip_id: str) -> Fill:
    """An update that cancels a trip, and tells no stop."""

    def fill(entity: gtfs.FeedEntity) -> None:
        update(now, trip_id)(entity)
        entity.trip_update.ClearField("stop_time_update")
        entity.trip_update.trip.schedule_relationship = gtfs.TripDescriptor.CANCELED

    return fill


def skipping(now: datetime, trip_id: str) -> Fill:
    """An update of a trip that passes its first stop."""

    def fill(entity: gtfs.FeedEntity) -> None:
        update(now, trip_id)(entity)
        stop = entity.trip_update.stop_time_update[0]
        stop.ClearField("departure")
        stop.schedule_relationship = gtfs.TripUpdate.StopTimeUpdate.SKIPPED

    return fill


def add_static(slug: str = "timetable", url: str = GIVEN) -> UUID:
    """Add and name the feed of a timetable."""
    return add_feed("gtfs_static", url, slug=slug, interval_seconds=86_400)


def run_live(site: Site, url: str, slug: str, *fill: Fill, **options: Any) -> UUID:
    """Add a feed of messages and run it once."""
    site.pages[url] = message(*fill)
    feed = add_feed("gtfs_realtime", url, slug=slug, name=slug, interval_seconds=30, options=options)
    assert "succeeded" == run_feed(feed, site).state
    return feed


def id_of(table: str, external_id: str = "bus-1", feed: UUID | None = None) -> UUID:
    """Return our id of a row."""
    where = "external_id = :id AND feed_id = coalesce(:feed, feed_id)"
    with transaction() as tx:
        found = tx.execute(text(f"SELECT id FROM {table} WHERE {where}"), {"id": external_id, "feed": feed})
        return UUID(str(found.scalar_one()))


def trip(now: datetime) -> dict[str, Any]:
    """Ask for the trip of the bus."""
    vehicle = id_of("vehicles")
    with transaction() as tx:
        return trip_of_vehicle(tx, vehicle, now)


def departures(stop: str, now: datetime, feed: UUID | None = None) -> dict[str, Any]:
    """Ask for the departures at a stop."""
    stop_id = id_of("things", stop, feed)
    with transaction() as tx:
        return list_departures(tx, stop_id, now)


def told(items: Iterable[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Return some fields of items."""
    return [tuple(item[name] for name in names) for item in items]


def test_a_vehicle_tells_the_trip_it_is_on(site: Site, now: datetime) -> None:
    """Positions and updates are two feeds; the trip has its line, and its calls in order with plan and prediction."""
    run_feed(add_static(), site)
    run_live(site, POSITIONS, "positions", bus(), static="timetable")
    run_live(site, UPDATES, "updates", update(now, "t1", 180), static="timetable")

    item = Browser().get(f"/api/v1/vehicles/{id_of('vehicles')}/trip").json

    assert ("t1", "7", "#1A2B3C", "Hill Top", 180, "scheduled") == (
        item["trip_id"], item["route_name"], item["route_color"], item["headsign"], item["delay_seconds"],
        item["relationship"],
    )  # fmt: skip
    assert ("updates", "fresh", str(id_of("vehicles"))) == (
        item["source"]["name"], item["freshness"], item["vehicle_id"],
    )  # fmt: skip
    assert [("p1", 1), ("m", 2), ("e", 3)] == told(item["calls"], "stop_id", "stop_sequence")
    late = now + timedelta(minutes=23)
    assert {
        "stop_id": "m", "thing_id": str(id_of("things", "m")), "name": "Market", "stop_sequence": 2,
        "scheduled_arrival": rfc3339(now + timedelta(minutes=20)), "predicted_arrival": rfc3339(late),
        "scheduled_departure": rfc3339(now + timedelta(minutes=20)), "predicted_departure": rfc3339(late),
        "is_approximate": False, "delay_seconds": 180, "relationship": "scheduled",
    } == item["calls"][1]  # fmt: skip


def test_a_planned_time_that_nobody_published_is_told_as_approximate(site: Site, now: datetime) -> None:
    """The timetable times only the first and the last call: the one between is evenly between them."""
    texts = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    for number, (stop, at) in enumerate((("p1", clock(now, 10)), ("m", ""), ("e", clock(now, 30)))):
        texts += f"t1,{at},{at},{stop},{number + 1}\n"
    site.pages[GIVEN] = planned(now, stop_times=texts)
    run_feed(add_static(), site)
    run_live(site, POSITIONS, "positions", bus(), static="timetable")
    run_live(site, UPDATES, "updates", update(now, "t1", 60), static="timetable")
    browser = Browser()

    calls = browser.get(f"/api/v1/vehicles/{id_of('vehicles')}/trip").json["calls"]
    leaving = {
        stop: browser.get(f"/api/v1/things/{id_of('things', stop)}/departures").json["items"]
        for stop in ("p1", "m")
    }

    planned_at = rfc3339(now + timedelta(minutes=20))
    assert [("p1", False), ("m", True), ("e", False)] == told(calls, "stop_id", "is_approximate")
    assert [(rfc3339(now + timedelta(minutes=10)), False)] == told(
        leaving["p1"], "scheduled", "is_approximate"
    )
    assert [(planned_at, True)] == told(leaving["m"], "scheduled", "is_approximate")


def test_one_message_of_positions_and_updates_needs_no_timetable(site: Site, now: datetime) -> None:
    """What it tells is told; the stops are nobody's things."""
    run_live(site, POSITIONS, "both", bus(), update(now, "t1", 60))

    calls = trip(now)["calls"]

    assert [(None, None, 1, 60)] == told(calls, "stop_id", "thing_id", "stop_sequence", "delay_seconds")


def test_on_one_host_the_route_confirms_the_trip(site: Site, now: datetime) -> None:
    """Feeds that name no timetable are one agency's if more than the trip's id agrees."""
    run_live(site, POSITIONS, "positions", bus(route_id="r7"))
    run_live(site, UPDATES, "updates", update(now, "t1", 60, route_id="r7"))

    assert ("t1", 60) == (trip(now)["trip_id"], trip(now)["delay_seconds"])


@pytest.mark.parametrize(
    ("url", "static"), [(OTHERS, None), (OTHERS, "other"), (UPDATES, "other"), (UPDATES, None)]
)
def test_another_agencys_trip_of_the_same_id_is_never_told(
    site: Site, now: datetime, url: str, static: str | None
) -> None:
    """Of another host, of another timetable, or on the same host with nothing that confirms it."""
    site.pages["https://other.example/gtfs"] = planned(now)
    run_feed(add_static(), site)
    add_static("other", "https://other.example/gtfs")
    run_live(site, POSITIONS, "positions", bus(), static="timetable")
    run_live(site, url, "updates", update(now, "t1"), **({"static": static} if static else {}))

    with pytest.raises(NotFound, match="no trip update speaks of its trip t1"):
        trip(now)


def test_an_update_of_the_same_timetable_goes_before_one_of_the_same_host(site: Site, now: datetime) -> None:
    """Both fit; one is sure."""
    run_feed(add_static(), site)
    run_live(site, POSITIONS, "positions", bus(), static="timetable")
    run_live(site, UPDATES, "a", update(now, "t1", 60, route_id="r7"))
    run_live(site, OTHERS, "b", update(now, "t1", 120), static="timetable")

    assert 120 == trip(now)["delay_seconds"]


def test_a_vehicles_trip_is_that_of_its_own_day(site: Site, now: datetime) -> None:
    """One that tells no day is on the trip that is under way."""
    run_feed(add_static(), site)
    tomorrow = f"{day_of(now) + timedelta(days=1):%Y%m%d}"
    run_live(
        site,
        UPDATES,
        "u",
        update(now, "t1", 1, start_date=tomorrow),
        update(now, "t1", 2),
        static="timetable",
    )
    run_live(site, POSITIONS, "p", bus(), bus("t1", "bus-2", start_date=tomorrow), static="timetable")

    assert 2 == trip(now)["delay_seconds"]
    with transaction() as tx:
        assert 1 == trip_of_vehicle(tx, id_of("vehicles", "bus-2"), now)["delay_seconds"]


def test_a_vehicle_that_tells_no_trip_is_found_by_its_id(site: Site, now: datetime) -> None:
    """By an update that names it; the trip it is on goes before the one it makes next."""

    def of_the_bus(fill: Fill) -> Fill:
        def filled(entity: gtfs.FeedEntity) -> None:
            fill(entity)
            entity.trip_update.vehicle.id = "bus-1"

        return filled

    run_feed(add_static(), site)
    run_live(site, POSITIONS, "positions", bus(None), static="timetable")
    named = [of_the_bus(update(now, one)) for one in ("later", "t1", "gone")]
    run_live(site, UPDATES, "updates", *named, static="timetable")

    assert "t1" == trip(now)["trip_id"]
    assert "later" == trip(now + timedelta(minutes=60))["trip_id"]


def test_what_is_not_known_of_a_vehicle_is_said(site: Site, now: datetime) -> None:
    """Which of them: the vehicle, its trip, what becomes of it."""
    positions = run_live(site, POSITIONS, "positions", bus(None))
    path = f"/api/v1/vehicles/{id_of('vehicles')}/trip"
    no_vehicle = assert_problem(Browser().get(f"/api/v1/vehicles/{NOBODY}/trip"), 404)
    no_trip = assert_problem(Browser().get(path), 404)
    site.pages[POSITIONS] = message(bus("t1"))
    run_feed(positions, site)
    no_update = assert_problem(Browser().get(path), 404)
    site.pages[POSITIONS] = message(bus("t1", "bus-2"))
    run_feed(positions, site)
    no_longer = assert_problem(Browser().get(path), 404)

    assert [
        f"no vehicle {NOBODY}",
        "vehicle bus-1: no trip update speaks of it, and it tells no trip",
        "vehicle bus-1: no trip update speaks of its trip t1",
        "vehicle bus-1 is no longer listed by its publisher",
    ] == [each["detail"] for each in (no_vehicle, no_trip, no_update, no_longer)]


def test_a_trip_that_is_no_longer_listed_is_no_longer_told(site: Site, now: datetime) -> None:
    """Neither to its passengers nor to those who wait."""
    run_feed(add_static(), site)
    run_live(site, POSITIONS, "positions", bus(), static="timetable")
    updates = run_live(site, UPDATES, "updates", update(now, "t1"), static="timetable")
    assert ["t1"] == [item["trip_id"] for item in departures("m", now)["items"]]

    site.pages[UPDATES] = message(update(now, "t2"))
    run_feed(updates, site)

    assert ["t2"] == [item["trip_id"] for item in departures("m", now)["items"]]
    with pytest.raises(NotFound):
        trip(now)


@pytest.fixture
def busy(site: Site, now: datetime) -> Site:
    """Trips that are late, canceled, that skip a stop, that are gone, and that come too late to be told."""
    run_feed(add_static(), site)
    run_live(
        site, UPDATES, "updates", update(now, "t1", 600), canceled(now, "t2"), skipping(now, "t3"),
        update(now, "gone"), update(now, "later"), static="timetable",
    )  # fmt: skip
    return site


def test_a_station_has_the_departures_of_its_platforms(busy: Site, now: datetime) -> None:
    """By the time predicted, else planned; what is canceled or passes by is told as such, what is past is not told."""
    answer = Browser().get(f"/api/v1/things/{id_of('things', 'st')}/departures").json

    assert ("Central", "transit_stop") == (answer["thing"]["name"], answer["thing"]["kind"])
    assert [("t2", "p2", "canceled"), ("t3", "p1", "skipped"), ("t1", "p1", "scheduled")] == told(
        answer["items"], "trip_id", "stop_id", "relationship"
    )
    minutes = [
        [item[name] and (datetime.fromisoformat(item[name]) - now).total_seconds() / 60 for name in ("scheduled", "predicted")]
        for item in answer["items"]
    ]  # fmt: skip
    assert [[5, None], [15, None], [10, 20]] == minutes
    assert [("7", "#1A2B3C", "#FFFFFF", "Hill Top", 600, "Central platform 1")] == told(
        answer["items"][2:],
        "route_name",
        "route_color",
        "route_text_color",
        "headsign",
        "delay_seconds",
        "stop_name",
    )


def test_a_platform_has_its_own_departures(busy: Site, now: datetime) -> None:
    """And the last stop of a line none at all."""
    assert ["t3", "t1"] == [item["trip_id"] for item in departures("p1", now)["items"]]
    assert [] == departures("e", now)["items"]


def test_a_departure_is_left_out_once_it_is_past(busy: Site, now: datetime) -> None:
    """By the prediction: who is late is still to come."""
    assert ["t1", "later"] == [
        item["trip_id"] for item in departures("p1", now + timedelta(minutes=19))["items"]
    ]
    assert ["later"] == [item["trip_id"] for item in departures("p1", now + timedelta(minutes=21))["items"]]


@pytest.mark.parametrize(("minutes", "freshness"), [(0, "fresh"), (3, "late"), (6, "stale"), (18, "dead")])
def test_an_old_prediction_is_never_told_as_new(
    busy: Site, now: datetime, minutes: int, freshness: str
) -> None:
    """It is marked, beside the time it was made; so is its feed, which may predict nothing."""
    answer = departures("p1", now + timedelta(minutes=minutes))

    assert {freshness} == {item["freshness"] for item in answer["items"]}
    assert [freshness] == [feed["freshness"] for feed in answer["feeds"]]


def test_a_stop_of_the_same_id_of_another_agency_has_other_departures(busy: Site, now: datetime) -> None:
    """Only feeds that name the stop's timetable speak of it."""
    busy.pages["https://other.example/gtfs"] = planned(now)
    other = add_static("other", "https://other.example/gtfs")
    run_feed(other, busy)

    assert ([], []) == tuple(departures("p1", now, other)[name] for name in ("feeds", "items"))

    run_live(busy, OTHERS, "others", update(now, "t3"), static="other")
    assert ["t3"] == [item["trip_id"] for item in departures("p1", now, other)["items"]]
    assert ["others"] == [feed["source"]["name"] for feed in departures("p1", now, other)["feeds"]]


def test_a_busy_stop_tells_its_next_fifty(site: Site, now: datetime) -> None:
    """Also of trips that the timetable does not know."""

    def added(number: int) -> Fill:
        def fill(entity: gtfs.FeedEntity) -> None:
            entity.trip_update.trip.trip_id = f"added-{number:02}"
            entity.trip_update.trip.schedule_relationship = gtfs.TripDescriptor.ADDED
            at = int(now.timestamp()) + 60 + number
            for stop_id in ("p1", "m"):
                entity.trip_update.stop_time_update.add(stop_id=stop_id).departure.time = at

        return fill

    run_feed(add_static(), site)
    run_live(site, UPDATES, "updates", *map(added, range(60)), static="timetable")

    items = departures("p1", now)["items"]

    assert [f"added-{number:02}" for number in range(50)] == [item["trip_id"] for item in items]
    assert {("added", None)} == {(item["relationship"], item["scheduled"]) for item in items}


def test_what_is_no_stop_has_no_departures(site: Site, now: datetime) -> None:
    """A thing of another kind, and none at all."""
    run_feed(add_static(), site)
    with transaction() as tx:
        tx.execute(text("UPDATE things SET kind = 'bike_station' WHERE external_id = 'm'"))
    bikes = id_of("things", "m")

    none = assert_problem(Browser().get(f"/api/v1/things/{NOBODY}/departures"), 404)
    other = assert_problem(Browser().get(f"/api/v1/things/{bikes}/departures"), 404)

    assert [f"no transit_stop {NOBODY}", f"thing {bikes} is a bike_station, no transit_stop"] == [
        none["detail"], other["detail"],
    ]  # fmt: skip
