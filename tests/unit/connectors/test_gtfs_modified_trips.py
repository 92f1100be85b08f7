"""Trips on a detour, which a feed of GTFS Realtime tells of by what it changes of the timetable."""

from dataclasses import replace

from google.transit import gtfs_realtime_pb2 as gtfs

from tasks.feeds.connector import Described, Feature, Record, Timetable, TripUpdate, Vehicle
from tests.support.feeds import parse, payload, source
from tests.unit.connectors.test_gtfs_calls import TIMETABLE

SELECTOR = {"modifications_id": "detour-7", "affected_trip_id": "t1", "start_date": "20260101"}
MODIFIED = gtfs.TripDescriptor(modified_trip=SELECTOR)
PLANNED = gtfs.TripDescriptor(trip_id="t1", start_date="20260101")


def told(trip: gtfs.TripDescriptor, *stops: str, number: int = 1) -> gtfs.FeedEntity:
    """Tell of the calls of a trip, which are counted from `number` on."""
    entity = gtfs.FeedEntity(id=f"{trip.trip_id}-{number}", trip_update={"trip": trip})
    for sequence, stop_id in enumerate(stops, start=number):
        call = entity.trip_update.stop_time_update.add(stop_id=stop_id, stop_sequence=sequence)
        call.arrival.time = 1_767_254_400 + 600 * sequence
    return entity


def read(*entities: gtfs.FeedEntity, timetable: Timetable | None = TIMETABLE) -> list[Record]:
    """Read entities of a city whose timetable is known."""
    message = gtfs.FeedMessage(header={"gtfs_realtime_version": "2.0", "timestamp": 1_767_254_400})
    message.entity.extend(entities)
    feed = replace(source("gtfs_realtime"), timetable=timetable)
    return parse(feed, payload(message.SerializeToString()))


def test_a_modified_trip_is_the_one_that_it_affects() -> None:
    """On its day, and known to the timetable; it names itself nowhere else."""
    (update,) = read(told(MODIFIED, "a"))

    assert isinstance(update, TripUpdate)
    assert ("t1@20260101", "t1", "20260101", "r1") == (
        update.external_id,
        update.trip_id,
        update.start_date,
        update.route,
    )


def test_calls_of_a_modified_trip_are_those_of_their_stops() -> None:
    """They are counted with those that the detour adds: the second, at a new stop, is not the second of the plan."""
    (update,) = read(told(MODIFIED, "a", "new", "c"))

    assert isinstance(update, TripUpdate)
    assert [("a", None), ("new", None), ("c", None)] == [
        (stop["stop_id"], stop.get("stop_sequence")) for stop in update.stops
    ]
    assert ["2026-01-01T08:00:00Z", None, "2026-01-01T08:20:30Z"] == [
        stop.get("scheduled_arrival") for stop in update.stops
    ]


def test_what_is_told_of_a_trip_as_planned_too_is_read_there() -> None:
    """In either order; both are counted, and neither is set aside."""
    modified, planned = told(MODIFIED, "a", "new"), told(PLANNED, "c", number=3)

    for first, second in ((modified, planned), (planned, modified)):
        records = read(first, second)
        (update,) = (record for record in records if isinstance(record, TripUpdate))
        assert {Described, TripUpdate} == {type(record) for record in records}
        assert ("t1@20260101", "c") == (update.external_id, update.stops[0]["stop_id"])


def test_a_modified_trip_of_another_day_is_another() -> None:
    """One that tells no day is of any."""
    tomorrow = gtfs.TripDescriptor(trip_id="t1", start_date="20260102")
    dateless = gtfs.TripDescriptor(modified_trip={"affected_trip_id": "t1"})

    assert ["t1@20260101", "t1@20260102"] == [
        record.external_id
        for record in read(told(MODIFIED, "a"), told(tomorrow, "a"))
        if isinstance(record, TripUpdate)
    ]
    assert isinstance(read(told(dateless, "a"), told(tomorrow, "a"))[0], Described)


def test_vehicles_and_alerts_of_a_modified_trip_find_it() -> None:
    """A vehicle without an id is known by it; where it is in the plan is not told by a count of other calls."""
    bus = gtfs.FeedEntity(id="v", vehicle={"trip": MODIFIED, "current_stop_sequence": 2})
    alert = gtfs.FeedEntity(id="a", alert={"informed_entity": [{"trip": MODIFIED}]})
    vehicle, feature = read(bus, alert)

    assert isinstance(vehicle, Vehicle)
    assert ("t1@20260101", "t1", "r1") == (vehicle.external_id, vehicle.trip_id, vehicle.route)
    assert not {"stop_id", "stop_sequence"} & vehicle.properties.keys()
    assert isinstance(feature, Feature)
    assert ["t1"] == feature.properties["trips"]
