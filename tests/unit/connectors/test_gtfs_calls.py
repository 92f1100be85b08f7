"""What a trip update leaves out of its trip follows from the timetable, by the rules of GTFS Realtime."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs

from tasks.feeds.connector import (
    Service,
    Start,
    Stop,
    Timetable,
    TransitRoute,
    TransitTrip,
    TripUpdate,
    Vehicle,
)
from tasks.feeds.connectors.gtfs_realtime.calls import interpolated
from tasks.feeds.reading.trip_ids import head_of, last_part
from tests.support.feeds import parse, payload, source

#: Five calls from 8:00 on, ten minutes apart, on a line of a city in UTC.
TRIP = TransitTrip(
    record="",
    trip_id="t1",
    route_id="r1",
    service=Service("daily", "1111111", "20200101", "20991231"),
    stop_ids=("a", "b", "c", "d", "e"),
    sequences=(1, 2, 3, 4, 5),
    arrivals=(28_800, 29_400, None, 30_600, 31_200),
    departures=(28_800, 29_460, None, 30_600, 31_200),
)
TIMETABLE = Timetable(
    "UTC",
    routes={"r1": TransitRoute(record="", route_id="r1", timezone="UTC", route_type=3)},
    trips={"t1": TRIP},
    stops={stop: Stop(stop.upper()) for stop in TRIP.stop_ids},
)
SKIPPED = gtfs.TripUpdate.StopTimeUpdate.SKIPPED
NO_DATA = gtfs.TripUpdate.StopTimeUpdate.NO_DATA


def read(fill: Callable[[gtfs.TripUpdate], Any], timetable: Timetable = TIMETABLE) -> TripUpdate:
    """Read a trip update of the trip that is filled in, in a city whose timetable is known."""
    message = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0", timestamp=1_767_254_400))
    update = message.entity.add(id="1").trip_update
    update.trip.trip_id, update.trip.start_date = "t1", "20260101"
    fill(update)
    known = replace(source("gtfs_realtime"), timetable=timetable)
    found = parse(known, payload(message.SerializeToString()))[0]
    assert isinstance(found, TripUpdate)
    return found


def delays(update: TripUpdate) -> list[tuple[str, int | None]]:
    """Return each call's stop and delay."""
    return [(stop["stop_id"], stop.get("delay_seconds")) for stop in update.stops]


def test_a_delay_holds_for_the_calls_that_follow() -> None:
    """Until a stop tells another; what comes before the first stop told is over."""

    def two_stops(update: gtfs.TripUpdate) -> None:
        update.stop_time_update.add(stop_sequence=2).departure.delay = 120
        update.stop_time_update.add(stop_sequence=4).arrival.delay = 60

    assert [("b", 120), ("c", 120), ("d", 60), ("e", 60)] == delays(read(two_stops))


def test_a_call_that_is_left_out_has_a_name_a_plan_and_a_prediction() -> None:
    """As if it had been told; a time that the timetable leaves out is one between those it tells."""
    stops = read(
        lambda update: setattr(update.stop_time_update.add(stop_id="b").departure, "delay", 90)
    ).stops

    assert {
        "stop_id": "c", "stop_sequence": 3, "name": "C", "delay_seconds": 90,
        "scheduled_arrival": "2026-01-01T08:20:30Z", "scheduled_departure": "2026-01-01T08:20:30Z",
        "arrival": "2026-01-01T08:22:00Z", "departure": "2026-01-01T08:22:00Z", "is_approximate": True,
    } == stops[1]  # fmt: skip
    assert {
        "stop_id": "e", "stop_sequence": 5, "name": "E", "delay_seconds": 90,
        "scheduled_arrival": "2026-01-01T08:40:00Z", "arrival": "2026-01-01T08:41:30Z",
        "scheduled_departure": "2026-01-01T08:40:00Z", "departure": "2026-01-01T08:41:30Z",
    } == stops[3]  # fmt: skip


def test_a_time_that_nobody_published_is_told_as_such() -> None:
    """Whether the message speaks of the call, the timetable completes it, or it will not be made."""

    def middle(update: gtfs.TripUpdate) -> None:
        update.stop_time_update.add(stop_id="c").departure.delay = 60

    def canceled(update: gtfs.TripUpdate) -> None:
        update.trip.schedule_relationship = gtfs.TripDescriptor.CANCELED

    assert [("c", True), ("d", None), ("e", None)] == [
        (stop["stop_id"], stop.get("is_approximate")) for stop in read(middle).stops
    ]
    assert [None, None, True, None, None] == [stop.get("is_approximate") for stop in read(canceled).stops]


def test_a_delay_goes_on_with_what_the_trip_leaves_a_stop_with() -> None:
    """It arrives three minutes late and waits no longer than it must."""

    def catching_up(update: gtfs.TripUpdate) -> None:
        stop = update.stop_time_update.add(stop_sequence=2)
        stop.arrival.delay, stop.departure.delay = 180, 150

    assert [("b", 180), ("c", 150), ("d", 150), ("e", 150)] == delays(read(catching_up))


def test_a_delay_passes_over_a_skipped_stop_and_ends_where_there_is_no_data() -> None:
    """A skipped stop tells nothing of the next; no data tells that nothing is known."""

    def broken(update: gtfs.TripUpdate) -> None:
        update.stop_time_update.add(stop_sequence=1).departure.delay = 60
        update.stop_time_update.add(stop_sequence=2, schedule_relationship=SKIPPED)
        update.stop_time_update.add(stop_sequence=4, schedule_relationship=NO_DATA)

    told = read(broken)

    assert [("a", 60), ("b", None), ("c", 60), ("d", None), ("e", None)] == delays(told)
    assert ["scheduled_arrival"] == [
        name for name in ("scheduled_arrival", "arrival") if name in told.stops[4]
    ]


def test_a_delay_of_the_whole_trip_is_one_of_all_its_calls() -> None:
    """No stop is told; without a delay, or beside stops that tell theirs, nothing follows from it."""

    def late(update: gtfs.TripUpdate) -> None:
        update.delay = 30

    def late_but_told(update: gtfs.TripUpdate) -> None:
        update.delay = 30
        update.stop_time_update.add(stop_sequence=5).arrival.delay = 10

    assert [30] * 5 == [delay for _, delay in delays(read(late))]
    assert [("e", 10)] == delays(read(late_but_told))
    assert [] == delays(read(lambda update: None))


def test_a_canceled_trip_has_all_the_calls_it_will_not_make() -> None:
    """Those who wait at its stops are told so; nothing of it is predicted."""

    def canceled(update: gtfs.TripUpdate) -> None:
        update.trip.schedule_relationship = gtfs.TripDescriptor.CANCELED
        update.delay = 30

    told = read(canceled)

    assert [(stop, None) for stop in "abcde"] == delays(told)
    assert "2026-01-01T08:00:00Z" == told.stops[0]["scheduled_departure"]
    assert not any("departure" in stop or "arrival" in stop for stop in told.stops)


def added(update: gtfs.TripUpdate) -> None:
    """A trip that bears the id of a planned one and runs at other times."""
    update.trip.schedule_relationship = gtfs.TripDescriptor.ADDED
    update.stop_time_update.add(stop_sequence=2).departure.time = 1_767_255_000


def diverted(update: gtfs.TripUpdate) -> None:
    """A trip that calls at a stop beside its way."""
    update.stop_time_update.add(stop_sequence=2).departure.delay = 60
    update.stop_time_update.add(stop_id="elsewhere").departure.time = 1_767_255_000


def doubled(update: gtfs.TripUpdate) -> None:
    """An update that tells twice of one stop."""
    update.stop_time_update.add(stop_sequence=2).departure.delay = 60
    update.stop_time_update.add(stop_sequence=2).departure.delay = 90


@pytest.mark.parametrize(
    ("fill", "stops"), [(added, ["b"]), (diverted, ["b", "elsewhere"]), (doubled, ["b", "b"])]
)
def test_what_does_not_run_as_planned_is_kept_as_told(
    fill: Callable[[gtfs.TripUpdate], None], stops: list[str]
) -> None:
    """The timetable says nothing of it."""
    assert stops == [stop for stop, _ in delays(read(fill))]


def test_a_duplicate_runs_as_the_trip_it_copies_from_its_own_start_on() -> None:
    """It has an id of its own, by which it is kept apart from the trip whose id the update tells."""

    def duplicated(update: gtfs.TripUpdate) -> None:
        update.trip.schedule_relationship = gtfs.TripDescriptor.DUPLICATED
        own = {"trip_id": "t1-again", "start_date": "20260102", "start_time": "09:00:00"}
        update.trip_properties.CopyFrom(gtfs.TripUpdate.TripProperties(**own))
        update.stop_time_update.add(stop_sequence=4).arrival.delay = 60

    told = read(duplicated)

    assert ("t1-again@20260102", "t1-again", "20260102", "r1") == (
        told.external_id, told.trip_id, told.start_date, told.route
    )  # fmt: skip
    assert ("2026-01-02T09:30:00Z", "2026-01-02T09:31:00Z") == (
        told.stops[0]["scheduled_arrival"],
        told.stops[0]["arrival"],
    )
    assert [("d", 60), ("e", 60)] == delays(told)


@pytest.mark.parametrize("timetable", [TIMETABLE, Timetable("UTC")])
def test_a_new_trip_says_itself_when_it_was_to_be_there_and_where_it_heads(timetable: Timetable) -> None:
    """No timetable knows it."""

    def new(update: gtfs.TripUpdate) -> None:
        told = {
            "trip_id": "extra",
            "route_id": "r1",
            "start_date": "20260101",
            "schedule_relationship": "NEW",
        }
        update.trip.CopyFrom(gtfs.TripDescriptor(**told))
        update.trip_properties.trip_headsign = "Beach"
        first = update.stop_time_update.add(stop_id="a").departure
        first.scheduled_time, first.time = 1_767_257_000, 1_767_257_090
        last = update.stop_time_update.add(stop_id="b").arrival
        last.scheduled_time, last.delay = 1_767_258_000, 30

    told = read(new, timetable)

    assert ("Beach", 90) == (told.properties["headsign"], told.delay_seconds)
    assert [("2026-01-01T08:43:20Z", "2026-01-01T08:44:50Z", 90)] == [
        (stop["scheduled_departure"], stop["departure"], stop["delay_seconds"]) for stop in told.stops[:1]
    ]
    assert [("2026-01-01T09:00:00Z", "2026-01-01T09:00:30Z", 30)] == [
        (stop["scheduled_arrival"], stop["arrival"], stop["delay_seconds"]) for stop in told.stops[1:]
    ]


def test_calls_that_are_counted_otherwise_are_known_by_their_stops() -> None:
    """From nought on, say; of a stop beside the trip the number is all that is known."""

    def counted_otherwise(update: gtfs.TripUpdate) -> None:
        update.stop_time_update.add(stop_sequence=0, stop_id="a").departure.delay = 30
        update.stop_time_update.add(stop_sequence=1, stop_id="b").departure.delay = 60
        update.stop_time_update.add(stop_sequence=4, stop_id="other platform").departure.delay = 90

    told = read(counted_otherwise)

    assert [("a", 30), ("b", 60), ("c", 60), ("other platform", 90), ("e", 90)] == delays(told)
    assert [
        "2026-01-01T08:00:00Z",
        "2026-01-01T08:11:00Z",
        "2026-01-01T08:20:30Z",
        "2026-01-01T08:30:00Z",
    ] == [stop.get("scheduled_departure") for stop in told.stops[:4]]


@pytest.mark.parametrize(
    ("arrivals", "departures", "times"),
    [
        ([0, None, None, 90], [0, None, None, 90], [0, 30, 60, 90]),
        ([None, None, 40, None], [20, None, 50, None], [20, 30, 50, None]),
        ([None, None, None, None], [None, None, None, None], [None] * 4),
        ([5, 5, 5, 5], [5, 5, 5, 5], [5, 5, 5, 5]),
    ],
)
def test_calls_without_times_are_spread_between_those_with(
    arrivals: list[int | None], departures: list[int | None], times: list[int | None]
) -> None:
    """A vehicle leaves one timepoint and reaches the next; before the first and after the last nothing is told."""
    trip = interpolated(replace(TRIP, stop_ids=tuple("abcd"), arrivals=arrivals, departures=departures))

    assert times == list(trip.departures)
    assert list(trip.approximate) == [
        place for place, (told, time) in enumerate(zip(departures, times, strict=True)) if told != time
    ]


def test_of_a_time_and_a_delay_the_time_takes_precedence() -> None:
    """As the standard has it: gateways write a delay of nought where they know none."""

    def both(update: gtfs.TripUpdate) -> None:
        arrival = update.stop_time_update.add(stop_id="d").arrival
        arrival.delay, arrival.time = 0, 1_767_256_320

    told = read(both)

    assert (120, [("d", 120), ("e", 120)]) == (told.delay_seconds, delays(told))


@pytest.mark.parametrize("delay", [2**31 - 1, -(2**31), 1_767_254_400])
def test_a_delay_of_more_than_a_day_is_none(delay: int) -> None:
    """Nobody predicted a bus of another century."""

    def beyond(update: gtfs.TripUpdate) -> None:
        update.delay = delay
        update.stop_time_update.add(stop_id="b").arrival.delay = delay

    told = read(beyond)

    assert (None, ["b", "c", "d", "e"]) == (told.delay_seconds, [stop for stop, _ in delays(told)])
    assert not any({"arrival", "departure", "delay_seconds"} & stop.keys() for stop in told.stops)


@pytest.mark.parametrize(
    ("trip", "headsign"),
    [
        (TRIP, "E"),
        (replace(TRIP, headsign="Beach"), "Beach"),
        (replace(TRIP, stop_ids=("a", "b", "c", "d", "a")), None),
        (replace(TRIP, stop_ids=(), sequences=(), arrivals=(), departures=()), None),
    ],
    ids=["last stop", "headsign", "round trip", "no stop"],
)
def test_a_trip_without_a_headsign_heads_for_its_last_stop(trip: TransitTrip, headsign: str | None) -> None:
    """A headsign is optional; where riders of a round trip go nobody can say."""
    known = replace(TIMETABLE, trips={"t1": trip})

    assert headsign == read(lambda _: None, known).properties.get("headsign")


@pytest.mark.parametrize("planned", [{"stop_id": "b"}, {"stop_sequence": 2}])
def test_a_call_is_made_at_the_platform_that_is_assigned(planned: dict[str, Any]) -> None:
    """It is still the call that the timetable has at another."""

    def assigned(update: gtfs.TripUpdate) -> None:
        call = update.stop_time_update.add(**planned)
        call.stop_time_properties.assigned_stop_id = "e"
        call.arrival.delay = 60

    told = read(assigned)

    assert ("e", "E", "2026-01-01T08:10:00Z") == (
        told.stops[0]["stop_id"], told.stops[0]["name"], told.stops[0]["scheduled_arrival"]
    )  # fmt: skip
    assert [("e", 60), ("c", 60), ("d", 60), ("e", 60)] == delays(told)


@pytest.mark.parametrize(("sequence", "stop"), [(4, ("d", "D")), (9, (None, None))])
def test_a_vehicle_that_tells_the_number_of_a_call_is_at_its_stop(
    sequence: int, stop: tuple[str | None, str | None]
) -> None:
    """Where its trip is known, and has such a call."""
    message = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0"))
    told = message.entity.add(id="1").vehicle
    told.trip.trip_id, told.current_stop_sequence = "t1", sequence
    (found,) = parse(
        replace(source("gtfs_realtime"), timetable=TIMETABLE), payload(message.SerializeToString())
    )

    assert isinstance(found, Vehicle)
    assert stop == (found.properties.get("stop_id"), found.properties.get("stop_name"))


@pytest.mark.parametrize(
    ("route_type", "options", "kind"),
    [
        (0, {}, "tram"),
        (109, {}, "rail"),
        (1, {}, "subway"),
        (702, {}, "bus"),
        (1000, {}, "ferry"),
        (6, {}, "bus"),
        (4, {"vehicle_kind": "bus"}, "bus"),
        (4, {"route_kinds": {"r": "tram"}}, "tram"),
        (4, {"route_kinds": {"x": "tram"}}, "ferry"),
    ],
)
def test_a_vehicle_is_what_runs_on_its_route_unless_that_is_told(
    route_type: int, options: dict[str, Any], kind: str
) -> None:
    """Messages do not say it; one of Helsinki's has buses, trams, trains and the ferry to the island."""
    message = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0"))
    told = message.entity.add(id="1").vehicle
    told.vehicle.id, told.trip.route_id = "v", "r1"
    route = replace(TIMETABLE.routes["r1"], route_type=route_type)
    known = replace(source("gtfs_realtime", **options), timetable=replace(TIMETABLE, routes={"r1": route}))
    (found,) = parse(known, payload(message.SerializeToString()))

    assert isinstance(found, Vehicle)
    assert kind == found.kind


WEEKDAYS = replace(
    TRIP, trip_id="A-Weekday_048000_2..N01R", service=Service("w", "1111100", "20200101", "20991231")
)
SATURDAYS = replace(
    WEEKDAYS, trip_id="A-Sat_048000_2..N01R", service=Service("s", "0000010", "20200101", "20991231")
)
TOLD = "048000_2..N01R"


@pytest.mark.parametrize(
    ("day", "endings", "planned"),
    [
        ("20260101", [WEEKDAYS, SATURDAYS], True),
        ("20260103", [WEEKDAYS, SATURDAYS], True),
        ("20260104", [WEEKDAYS, SATURDAYS], False),
        ("20260101", [WEEKDAYS, replace(WEEKDAYS, trip_id="B-Weekday_048000_2..N01R")], False),
        ("", [WEEKDAYS], False),
    ],
)
def test_a_trip_named_by_the_end_of_its_id_is_the_only_one_of_its_day(
    day: str, endings: list[TransitTrip], planned: bool
) -> None:
    """New York's messages name no more of it; where two would fit, or none runs that day, nothing is guessed."""
    known = replace(TIMETABLE, endings={TOLD: endings})

    def of_the_subway(update: gtfs.TripUpdate) -> None:
        update.trip.trip_id, update.trip.start_date = TOLD, day
        update.stop_time_update.add(stop_id="b").arrival.delay = 60

    found = read(of_the_subway, known)

    assert (TOLD, planned) == (found.trip_id, "scheduled_arrival" in found.stops[0])
    assert ("r1" if planned else None) == found.route


@pytest.mark.parametrize(
    ("starting", "planned"),
    [
        ([TRIP], True),
        ([replace(TRIP, direction_id=0)], True),
        ([replace(TRIP, direction_id=1)], False),
        ([replace(TRIP, direction_id=0), replace(TRIP, trip_id="t2", direction_id=1)], True),
        ([TRIP, replace(TRIP, trip_id="t2")], False),
        ([], False),
    ],
)
def test_a_trip_named_by_its_start_is_the_only_one_of_its_route_and_direction(
    starting: list[TransitTrip], planned: bool
) -> None:
    """A direction that the timetable does not tell is any; where two trips would fit nothing is guessed."""
    known = replace(TIMETABLE, trips={}, starts={Start("r1", 28_800, date(2026, 1, 1)): starting})

    def without_an_id(update: gtfs.TripUpdate) -> None:
        told = {"route_id": "r1", "direction_id": 0, "start_date": "20260101", "start_time": "08:00:00"}
        update.trip.CopyFrom(gtfs.TripDescriptor(**told))
        update.stop_time_update.add(stop_id="b").arrival.delay = 60

    found = read(without_an_id, known)

    assert "r1/0/08:00:00@20260101" == found.external_id
    assert ("t1" if planned else found.external_id, planned) == (
        found.trip_id,
        "scheduled_arrival" in found.stops[0],
    )


def test_a_start_after_midnight_is_first_that_of_the_day_it_tells() -> None:
    """As the standard has it; that of the night before is asked for only where no trip starts so."""
    today, before = Start("r1", 1_800, date(2026, 1, 2)), Start("r1", 88_200, date(2026, 1, 1))
    early = replace(TRIP, trip_id="early", departures=(1_800,) * 5, arrivals=(1_800,) * 5)
    late = replace(TRIP, trip_id="late", departures=(88_200,) * 5, arrivals=(88_200,) * 5)

    def at_night(update: gtfs.TripUpdate) -> None:
        told = {"route_id": "r1", "start_date": "20260102", "start_time": "0:30:00"}
        update.trip.CopyFrom(gtfs.TripDescriptor(**told))
        update.stop_time_update.add(stop_id="b").arrival.delay = 60

    for starts, trip_id in (({today: [early], before: [late]}, "early"), ({before: [late]}, "late")):
        found = read(at_night, replace(TIMETABLE, trips={}, starts=starts))

        assert (trip_id, "2026-01-02T00:31:00Z") == (found.trip_id, found.stops[0]["arrival"])


def test_an_id_of_the_timetable_ends_as_the_message_says() -> None:
    """With its path, or up to its direction; other ids are no ends of any."""
    trip_id = "AFA23GEN-2088-Weekday-00_079150_2..N01R"

    assert "079150_2..N" == head_of("079150_2..N01R") == head_of("079150_2..N")
    assert "138900_GS.S" == head_of("138900_GS.S01R")
    assert (None, None, None) == (head_of("t1"), head_of(trip_id), head_of("2..N01R"))
    assert "079150_2..N01R" == last_part(trip_id)
    assert (None, None) == (head_of(last_part("t1")), head_of(last_part("079150_2..N01R")))
