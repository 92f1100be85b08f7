"""The GTFS Realtime connector on recorded messages of real agencies."""

import json
import re
from typing import Any

import pytest
from google.protobuf import json_format, text_format
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as gtfs
from hypothesis import given
from hypothesis import strategies as st

from tasks.feeds.connector import Described, Feature, Malformed, Rejected, TripUpdate, Vehicle
from tasks.feeds.connectors.gtfs_realtime.wire import parted
from tests.support.feeds import Recording, check_recording, parse, payload, recordings, source


@pytest.mark.parametrize("recording", recordings("gtfs-rt"))
def test_a_recorded_message_is_accounted_for_entity_by_entity(recording: Recording) -> None:
    """Each entity becomes one record, in UTC and inside the agency's bounds; what is no message is malformed."""
    if recording.ends_badly:
        with pytest.raises(Malformed):
            parse(source("gtfs_realtime"), payload(recording.path))
        return
    check_recording(recording, parse(source("gtfs_realtime"), payload(recording.path)))


@pytest.mark.parametrize("recording", recordings("gtfs-rt"))
def test_each_kind_of_entity_is_found_as_often_as_it_was_sent(recording: Recording) -> None:
    """Vehicles, trip updates, their stops, alerts and positions sum to what the manifest counted."""
    if recording.ends_badly:
        pytest.skip("not a message")
    records = parse(source("gtfs_realtime"), payload(recording.path))
    kinds = {"vehicle": Vehicle, "trip_update": TripUpdate, "alert": Feature}
    counted = {name: sum(isinstance(record, kind) for record in records) for name, kind in kinds.items()}
    places = sum(isinstance(record, Vehicle) and record.lon is not None for record in records)
    stops = sum(len(record.stops) for record in records if isinstance(record, TripUpdate))

    if any(isinstance(record, Rejected | Described) for record in records):
        pytest.skip("some entities were set aside or only counted: the sums are of those that were sent")
    for name, count in re.findall(
        r"(vehicle|trip_update|alert|stop_time_update|positions) (\d+)", recording.facts
    ):
        if name == "positions":
            islands = re.search(r"zero-island (\d+)", recording.facts)
            assert int(count) == places + int(islands.group(1) if islands else 0)
        else:
            assert int(count) == (counted | {"stop_time_update": stops})[name]


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_malformed_and_nothing_else(content: bytes) -> None:
    """A payload that is no message raises the one error the pipeline knows."""
    with pytest.raises(Malformed):
        parse(source("gtfs_realtime"), payload(content))


HEADER = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0")).SerializeToString()


@given(st.binary(max_size=200))
def test_a_header_followed_by_anything_is_a_message_or_malformed(content: bytes) -> None:
    """Damage behind a good header never gets past the parser as another error."""
    try:
        records = parse(source("gtfs_realtime"), payload(HEADER + content))
    except Malformed:
        return
    assert all(record.record.startswith("payload#") for record in records)


def message(*entities: gtfs.FeedEntity) -> bytes:
    """Write a message of these entities."""
    made = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0", timestamp=1_700_000_000))
    made.entity.extend(entities)
    return made.SerializeToString()


@given(
    st.floats(width=32),
    st.floats(width=32),
    st.floats(width=32),
    st.floats(width=32),
    st.integers(0, 2**64 - 1),
)
def test_a_vehicle_anywhere_at_any_time_is_a_vehicle_or_rejected(
    lon: float, lat: float, bearing: float, speed: float, seconds: int
) -> None:
    """No number in a position breaks the parser, and what comes out is on Earth."""
    place = gtfs.Position(latitude=lat, longitude=lon, bearing=bearing, speed=speed)
    sent = gtfs.VehiclePosition(vehicle=gtfs.VehicleDescriptor(id="v"), position=place, timestamp=seconds)
    (record,) = parse(source("gtfs_realtime"), payload(message(gtfs.FeedEntity(id="1", vehicle=sent))))

    if isinstance(record, Vehicle) and record.lon is not None and record.lat is not None:
        assert -180 <= record.lon <= 180
        assert -90 <= record.lat <= 90
    else:
        assert isinstance(record, Rejected | Vehicle)


def test_text_that_is_no_utf8_is_malformed_or_kept() -> None:
    """Bytes that are no text inside an id break the message, not the worker."""
    content = message(gtfs.FeedEntity(id="abcd", vehicle=gtfs.VehiclePosition(vehicle={"id": "efgh"})))
    for name in (b"abcd", b"efgh"):
        try:
            records = parse(source("gtfs_realtime"), payload(content.replace(name, b"\xff\xfe\xfd\xfc")))
        except Malformed:
            continue
        assert len(records) == 1


def test_the_same_trip_in_two_polls_is_the_same_vehicle() -> None:
    """Entity ids are places in one message; a vehicle without an id is known by its trip and service day."""
    sent = gtfs.VehiclePosition(trip=gtfs.TripDescriptor(trip_id="t", start_date="20240319"))
    first = parse(source("gtfs_realtime"), payload(message(gtfs.FeedEntity(id="000002", vehicle=sent))))
    second = parse(source("gtfs_realtime"), payload(message(gtfs.FeedEntity(id="000009", vehicle=sent))))

    assert ["t@20240319"] == [record.external_id for record in first]
    assert ["t@20240319"] == [record.external_id for record in second]


def test_a_vehicle_and_an_update_of_a_trip_without_an_id_name_it_alike() -> None:
    """Helsinki tells where and when it starts: so the one is found by the other, whatever knows the timetable."""
    trip = gtfs.TripDescriptor(route_id="1009", direction_id=1, start_date="20261122", start_time="12:34:00")
    seen = gtfs.VehiclePosition(vehicle=gtfs.VehicleDescriptor(id="18/1042"), trip=trip)
    sent = gtfs.FeedEntity(id="7", vehicle=seen, trip_update=gtfs.TripUpdate(trip=trip))

    update, bus = parse(source("gtfs_realtime"), payload(message(sent)))

    assert isinstance(update, TripUpdate)
    assert isinstance(bus, Vehicle)
    assert "1009/1/12:34:00@20261122" == update.external_id == update.trip_id == bus.trip_id
    assert "18/1042" == bus.external_id


def test_an_update_names_its_vehicle_as_the_position_does() -> None:
    """Ids stand in columns of a width, filled with blanks: a trip is found by its vehicle all the same."""
    described = gtfs.VehicleDescriptor(id=" 42 ")
    trip = gtfs.TripDescriptor(route_id="r")
    update = gtfs.FeedEntity(id="u", trip_update=gtfs.TripUpdate(trip=trip, vehicle=described))
    position = gtfs.FeedEntity(id="v", vehicle=gtfs.VehiclePosition(vehicle=described))
    told, seen = parse(source("gtfs_realtime"), payload(message(update, position)))

    assert isinstance(told, TripUpdate)
    assert isinstance(seen, Vehicle)
    assert ("42", "42", "42") == (seen.external_id, told.vehicle, told.external_id)


def test_a_vehicle_without_an_id_or_a_trip_is_known_by_its_plate() -> None:
    """It names one vehicle; a trip, where one is told, goes on being what names it."""
    plate = gtfs.VehicleDescriptor(license_plate=" AB-123 ")
    parked = gtfs.VehiclePosition(vehicle=plate)
    driving = gtfs.VehiclePosition(vehicle=plate, trip=gtfs.TripDescriptor(trip_id="t"))
    sent = message(gtfs.FeedEntity(id="1", vehicle=parked), gtfs.FeedEntity(id="2", vehicle=driving))

    records = parse(source("gtfs_realtime"), payload(sent))

    assert ["AB-123", "t"] == [one.external_id for one in records if isinstance(one, Vehicle)]


BUS = gtfs.FeedEntity(
    id="1", vehicle={"vehicle": {"id": "bus-1"}, "position": {"latitude": 47.5, "longitude": -122.25}}
)


def test_an_entity_that_lacks_a_required_field_is_set_aside_and_the_others_are_kept() -> None:
    """A position without a longitude breaks one vehicle, not the fleet."""
    half = gtfs.FeedEntity(id="0", vehicle={"vehicle": {"id": "bus-0"}, "position": {"latitude": 47.5}})
    made = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0"), entity=[half, BUS])

    broken, whole = parse(source("gtfs_realtime"), payload(made.SerializePartialToString()))

    assert isinstance(broken, Rejected)
    assert ("payload#0", "incomplete") == (broken.record, broken.reason)
    assert "longitude" in broken.detail
    assert ("payload#1", "bus-1") == (whole.record, getattr(whole, "external_id", None))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\x00",
        gtfs.FeedMessage(entity=[BUS]).SerializePartialToString(),
        b"{}",
        b'{"header": {}}',
        b"entity {}",
    ],
)
def test_a_message_without_a_header_is_malformed(content: bytes) -> None:
    """In each of its forms."""
    with pytest.raises(Malformed, match="header"):
        parse(source("gtfs_realtime"), payload(content))


WRITTEN = gtfs.FeedMessage(
    header=gtfs.FeedHeader(gtfs_realtime_version="2.0", timestamp=1_700_000_000), entity=[BUS]
)


@pytest.mark.parametrize(
    "content",
    [
        json_format.MessageToJson(WRITTEN).encode(),
        json_format.MessageToJson(WRITTEN, preserving_proto_field_name=True).encode("utf-8-sig"),
        b'{"status": "OK", "response": ' + json_format.MessageToJson(WRITTEN).encode() + b"}",
        json_format.MessageToJson(WRITTEN)
        .replace('"vehicle"', '"unheard_of": {"a": 1}, "vehicle"', 1)
        .encode(),
        text_format.MessageToString(WRITTEN).encode(),
        b"# vehicles\n"
        + text_format.MessageToString(WRITTEN).replace("vehicle", 'unheard_of: "a"\n vehicle', 1).encode(),
    ],
)
def test_json_and_text_are_read_to_what_the_protocol_buffer_is(content: bytes) -> None:
    """Some agencies publish only these; what they add is passed over."""
    of = source("gtfs_realtime")

    assert parse(of, payload(WRITTEN.SerializeToString())) == parse(of, payload(content))


def test_an_entity_that_json_spells_wrongly_is_set_aside_alone() -> None:
    """One text where a number belongs, or no object at all."""
    sent = json_format.MessageToDict(WRITTEN)
    wrong = {"id": "2", "vehicle": {"position": {"latitude": "north", "longitude": 1}}}
    sent["entity"] = [wrong, 7, {"id": "3", "vehicle": {"position": {}}}, *sent["entity"]]

    records = parse(source("gtfs_realtime"), payload(json.dumps(sent).encode()))

    assert [("incomplete", 0), ("bad_entity", 1), ("incomplete", 2), (None, 3)] == [
        (getattr(record, "reason", None), int(record.record.split("#")[1])) for record in records
    ]


@given(
    st.text(max_size=200),
    st.sampled_from(["{", '{"header": {"gtfsRealtimeVersion": "2.0"}, "entity": [', "entity {", "header {"]),
)
def test_text_that_is_no_message_is_malformed_and_nothing_else(rest: str, start: str) -> None:
    """The forms for people are read as carefully as the one for machines."""
    try:
        parse(source("gtfs_realtime"), payload((start + rest).encode("utf-8", "surrogatepass")))
    except Malformed:
        return


def test_a_message_nested_beyond_all_sense_is_malformed() -> None:
    """Neither JSON nor text exhausts the stack."""
    for content in (b'{"header": ' + b'{"a":' * 5000 + b"1" + b"}" * 5001, b"entity {" * 5000):
        with pytest.raises(Malformed):
            parse(source("gtfs_realtime"), payload(content))


def trips(*descriptors: dict[str, Any]) -> list[str]:
    """Return the ids of trip updates and vehicles that a message of these trips gives."""
    entities = [
        gtfs.FeedEntity(id=f"e{number}", trip_update={"trip": trip}, vehicle={"trip": trip})
        for number, trip in enumerate(descriptors)
    ]
    records = parse(source("gtfs_realtime"), payload(message(*entities)))
    found = [record.external_id for record in records if isinstance(record, TripUpdate)]
    # A vehicle that is known by its trip is known by the same name.
    assert found == [record.external_id for record in records if isinstance(record, Vehicle)]
    return found


def test_trips_of_one_id_that_start_at_other_times_are_kept_apart() -> None:
    """`trip_id, start_date, start_time` identify an instance of a frequency-based trip."""
    day = {"trip_id": "t", "start_date": "20240319"}

    assert ["t/06:00:00@20240319", "t/06:10:00@20240319"] == trips(
        {**day, "start_time": "06:00:00"}, {**day, "start_time": "06:10:00"}
    )
    assert ["t/06:00:00"] == trips(
        {"trip_id": "t", "start_time": "06:00:00", "schedule_relationship": "UNSCHEDULED"}
    )


def test_a_start_is_the_same_however_it_is_written() -> None:
    """The standard allows one digit for hours before ten; some leave out the seconds."""
    day = {"trip_id": "t", "start_date": "20240319"}
    unplanned = {**day, "schedule_relationship": "UNSCHEDULED"}
    by_start = {"route_id": "r", "direction_id": 1, "start_date": "20240319"}

    assert ["t@20240319", "t@20240319"] == trips(
        {**day, "start_time": "8:00:00"}, {**day, "start_time": "08:00"}
    )
    assert ["t/08:00:00@20240319", "r/1/25:05:00@20240319", "r/1/soon@20240319"] == trips(
        {**unplanned, "start_time": "8:00"},
        {**by_start, "start_time": "25:05"},
        {**by_start, "start_time": "soon"},
    )


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("2024-03-19", "20240319"),
        ("2024/03/19 00:00:00", "20240319"),
        (" 20240319 ", "20240319"),
        ("19.03.", "19.03."),
    ],
)
def test_a_day_is_the_same_however_it_is_written(told: str, day: str) -> None:
    """Gateways part it as calendars do; what is no day stays as it is told."""
    assert [f"t@{day}"] == trips({"trip_id": "t", "start_date": told})


@pytest.mark.parametrize("none", ["", " ", "0", "00000000"])
def test_a_day_or_time_that_is_said_to_be_none_is_none(none: str) -> None:
    """Fields of a width are filled with something."""
    assert ["t"] == trips({"trip_id": "t", "start_date": none})
    trip = gtfs.TripDescriptor(trip_id="t", start_time=none.strip("0"))
    (update,) = parse(
        source("gtfs_realtime"), payload(message(gtfs.FeedEntity(id="1", trip_update={"trip": trip})))
    )

    assert isinstance(update, TripUpdate)
    assert {} == update.properties


def test_an_added_trip_is_kept_apart_from_the_one_whose_id_it_bears() -> None:
    """Google's way to add a trip that is like another: its id, and another start."""
    planned = {"trip_id": "t", "start_date": "20240319"}
    extra = {**planned, "start_time": "12:34:56", "schedule_relationship": "ADDED"}

    assert ["t@20240319", "t/12:34:56@20240319"] == trips(planned, extra)
    assert ["x@20240319"] == trips({**planned, "trip_id": "x", "schedule_relationship": "ADDED"})


def test_a_trip_whose_start_is_merely_told_keeps_its_name() -> None:
    """Where trip_id and start_date name it alone, the start adds nothing; told twice, it is a duplicate."""
    told = {"trip_id": "t", "start_date": "20240319", "start_time": "06:00:00"}

    assert ["t@20240319"] == trips(told)
    assert ["t@20240319", "t@20240319"] == trips(told, told)
    assert ["t@20240319", "t@20240320"] == trips(
        told, {**told, "start_date": "20240320", "start_time": "07:00:00"}
    )
    assert ["t@20240319"] == trips(
        {"trip_id": "t", "start_date": "20240319", "schedule_relationship": "UNSCHEDULED"}
    )


SPOKEN: dict[str, Any] = {
    "header": {"gtfs_realtime_version": "2.0", "incrementality": 0, "timestamp": 1795176000.859},
    "entity": [
        {
            "id": "1",
            "trip_update": {
                "trip": {"trip_id": "T1", "start_date": "20261120", "route_id": ["R1"]},
                "stop_time_update": {"stop_id": "S1", "arrival": {"delay": 60, "time": 1795176060}},
                "timestamp": 1795175990.5,
            },
        },
        {
            "id": "2",
            "alert": {"header_text": {"translation": [{"text": "Detour"}]}, "cause_detail": "a crash"},
        },
    ],
}


@pytest.mark.parametrize("document", [SPOKEN, {"status": "OK", "response": SPOKEN}])
def test_json_that_is_not_quite_of_the_format_is_read_field_by_field(document: dict[str, Any]) -> None:
    """Times with a fraction, a bare list of one, a text in place of translations; what cannot be read is left out."""
    update, alert = parse(source("gtfs_realtime"), payload(json.dumps(document).encode()))

    assert isinstance(update, TripUpdate)
    assert ("T1@20261120", None, 60) == (update.external_id, update.route, update.delay_seconds)
    assert [{"stop_id": "S1", "delay_seconds": 60, "arrival": "2026-11-20T12:01:00Z"}] == update.stops
    assert ["2026-11-20T11:59:50+00:00", "2026-11-20T12:00:00+00:00"] == [
        moment.isoformat() for moment in (update.observed_at, update.published_at) if moment
    ]
    assert isinstance(alert, Feature)
    assert ("Detour", "a crash") == (alert.title, alert.properties["cause_detail"])


@pytest.mark.parametrize(
    "header", [{"timestamp": 1795176000}, {"Timestamp": "1795176000", "Incrementality": 0}]
)
def test_json_without_a_version_is_read(header: dict[str, Any]) -> None:
    """No reading of ours depends on it; the time of the header and the list tell what the document is."""
    document = {"header" if "timestamp" in header else "Header": header, "entity": SPOKEN["entity"]}
    records = parse(source("gtfs_realtime"), payload(json.dumps(document).encode()))

    assert [TripUpdate, Feature] == list(map(type, records))


def long(number: int) -> dict[str, Any]:
    """Write a number as programs in JavaScript do that hold 64 bits in two halves."""
    return {"low": number if number < 2**31 else number - 2**32, "high": 0, "unsigned": True}


@pytest.mark.parametrize("now", [1_795_176_000, 2_200_000_000])
def test_times_in_two_halves_are_times(now: int) -> None:
    """A gateway that writes what it decoded as JSON would leave vehicles without any."""
    told = {"vehicle": {"id": "v"}, "trip": None, "timestamp": long(now)}
    header = {"gtfs_realtime_version": "2.0", "timestamp": long(now)}
    message = {"header": header, "entity": [{"id": "1", "vehicle": told}]}
    (found,) = parse(source("gtfs_realtime"), payload(json.dumps(message).encode()))

    assert isinstance(found, Vehicle)
    assert [now, now] == [moment.timestamp() for moment in (found.observed_at, found.published_at) if moment]


@pytest.mark.parametrize(
    "half", [{"low": "1", "high": 0}, {"low": 1}, {"low": None, "high": None}, {"low": 1e300, "high": 0}]
)
def test_halves_that_are_no_number_are_none(half: dict[str, Any]) -> None:
    """The vehicle is kept without its time."""
    told = {"vehicle": {"id": "v"}, "timestamp": half}
    message = {"header": {"gtfs_realtime_version": "2.0"}, "entity": [{"id": "1", "vehicle": told}]}
    (found,) = parse(source("gtfs_realtime"), payload(json.dumps(message).encode()))

    assert isinstance(found, Vehicle)
    assert None is found.observed_at


BAY_AREA: dict[str, Any] = {
    "Header": {"GtfsRealtimeVersion": "1.0", "incrementality": 0, "Timestamp": 1795176000},
    "Entities": [
        {
            "Id": "1",
            "IsDeleted": False,
            "Alert": None,
            "TripUpdate": {
                "Trip": {"TripId": "T1", "StartDate": "20261120", "schedule_relationship": 0},
                "StopTimeUpdates": [{"StopSequence": 3, "StopId": "S1", "Arrival": {"Time": 1795176060}}],
            },
        },
        {
            "Id": "2",
            "Vehicle": {"Vehicle": {"Id": "v"}, "Position": {"Latitude": 37.5, "Longitude": -122.25}},
        },
        {
            "Id": "a",
            "Alert": {
                "InformedEntities": [{"RouteId": "R1"}],
                "HeaderText": {"Translations": [{"Text": "Detour", "Language": "en"}]},
            },
        },
    ],
}


def test_json_in_words_of_its_own_is_read() -> None:
    """The Bay Area's 511: names begin in capitals, and lists are named as several; a mark stands before it all."""
    content = b"\xef\xbb\xbf" + json.dumps(BAY_AREA).encode()
    update, vehicle, alert = parse(source("gtfs_realtime"), payload(content))

    assert isinstance(update, TripUpdate)
    assert isinstance(vehicle, Vehicle)
    assert isinstance(alert, Feature)
    assert [{"stop_id": "S1", "stop_sequence": 3, "arrival": "2026-11-20T12:01:00Z"}] == update.stops
    assert ("T1@20261120", "v", -122.25) == (update.external_id, vehicle.external_id, vehicle.lon)
    assert ("Detour", {"routes": ["R1"]}) == (alert.title, alert.properties)


def test_ids_that_json_writes_as_numbers_are_ids() -> None:
    """A vehicle that lost its own would be known by its trip."""
    told = {"vehicle": {"id": 12, "label": 7}, "trip": {"trip_id": 501, "start_date": 20260101}}
    message = {"header": {"gtfs_realtime_version": 1.0}, "entity": [{"id": 1, "vehicle": told}]}
    (found,) = parse(source("gtfs_realtime"), payload(json.dumps(message).encode()))

    assert isinstance(found, Vehicle)
    assert ("12", "7", "501", "20260101") == (
        found.external_id, found.label, found.trip_id, found.properties["start_date"]
    )  # fmt: skip


def test_an_id_that_json_writes_with_a_fraction_is_a_whole_number() -> None:
    """Programs that count in floats alone write `501.0`, which the timetable calls `501`."""
    told = {"trip": {"trip_id": 501.0, "route_id": 7.0}, "vehicle": {"id": 12.5}}
    message = {"header": {"gtfs_realtime_version": "2.0"}, "entity": [{"id": 1.0, "vehicle": told}]}
    (found,) = parse(source("gtfs_realtime"), payload(json.dumps(message).encode()))

    assert isinstance(found, Vehicle)
    assert ("12.5", "501", "7") == (found.external_id, found.trip_id, found.route)


def alert_of(**told: Any) -> Feature:
    """Read a message of one alert."""
    message = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0"))
    message.entity.add(id="a", alert=gtfs.Alert(**told))
    (record,) = parse(source("gtfs_realtime"), payload(message.SerializeToString()))
    assert isinstance(record, Feature), record
    return record


@pytest.mark.parametrize("end", [253_402_300_799, 2**63 - 1, 2**64 - 1, 0])
def test_an_alert_that_ends_after_every_calendar_has_no_end(end: int) -> None:
    """The last second of the year 9999 is no millisecond of 1978."""
    found = alert_of(active_period=[gtfs.TimeRange(start=1795176000, end=end)])

    assert found.starts_at is not None
    assert None is found.ends_at


@pytest.mark.parametrize("start", [1, 86_400])
def test_an_alert_that_begins_with_the_counting_of_time_has_no_known_beginning(start: int) -> None:
    """No agency told riders anything in 1970: so it is written that an alert begins at any time."""
    periods = [{"start": start, "end": 1795176000}, {"start": 1795176000, "end": 1795186000}]
    found = alert_of(active_period=[gtfs.TimeRange(**period) for period in periods])

    assert None is found.starts_at
    assert [
        [None, "2026-11-20T12:00:00Z"],
        ["2026-11-20T12:00:00Z", "2026-11-20T14:46:40Z"],
    ] == found.properties["active_periods"]


@pytest.mark.parametrize(
    ("informed", "applies_to"),
    [
        ([{"agency_id": "1"}], {"agencies": ["1"]}),
        ([{"route_type": 0}, {"route_type": 3}], {"route_types": [0, 3]}),
        (
            [{"route_type": 3, "route_id": "A"}, {"route_type": 3, "stop_id": "s"}],
            {"routes": ["A"], "stops": ["s"]},
        ),
        ([{"route_id": "A", "stop_id": "s"}], {"routes": ["A"], "stops": ["s"]}),
        ([{"route_id": "A", "direction_id": 0}], {"routes": ["A"], "directions": {"A": 0}}),
        ([{"route_id": "A", "direction_id": 0}, {"route_id": "A"}], {"routes": ["A"]}),
        ([{"trip": {"trip_id": "t", "route_id": "A"}}], {"trips": ["t"]}),
        ([{"trip": {"route_id": "A"}}], {"routes": ["A"]}),
        (
            [
                {
                    "trip": {
                        "route_id": "A",
                        "direction_id": 1,
                        "start_time": "8:00:00",
                        "start_date": "20260101",
                    }
                }
            ],
            {"trips": ["A/1/08:00:00@20260101"]},
        ),
    ],
)
def test_an_alert_tells_what_it_is_about(informed: list[dict[str, Any]], applies_to: dict[str, Any]) -> None:
    """Whatever selects it; a direction only where the other is not meant as well."""
    found = alert_of(informed_entity=[gtfs.EntitySelector(**one) for one in informed])

    assert applies_to == found.properties


def test_an_alert_is_of_when_service_is_affected() -> None:
    """Newer messages tell that apart from when to tell of it."""
    told, affected = gtfs.TimeRange(start=1795100000), gtfs.TimeRange(start=1795176000, end=1795180000)
    newer = alert_of(active_period=[told], communication_period=[told], impact_period=[affected])
    early = alert_of(communication_period=[told])

    assert ("2026-11-20T12:00:00+00:00", "2026-11-20T13:06:40+00:00") == (
        newer.starts_at and newer.starts_at.isoformat(),
        newer.ends_at and newer.ends_at.isoformat(),
    )
    assert (True, None) == (early.starts_at is not None, early.ends_at)


def test_an_alert_says_its_cause_and_effect_in_the_agencys_words() -> None:
    """Beside the words of the standard."""
    said = [
        gtfs.TranslatedString(translation=[{"text": text, "language": language} for text, language in texts])
        for texts in ([("Manif", "fr"), ("March", "en")], [("Diversion", "en")])
    ]
    found = alert_of(cause=gtfs.Alert.DEMONSTRATION, cause_detail=said[0], effect_detail=said[1])

    assert {
        "cause": "demonstration",
        "cause_detail": "March",
        "effect_detail": "Diversion",
    } == found.properties


@pytest.mark.parametrize(
    ("languages", "title"),
    [
        (["de", ""], "text 1"),
        (["de", "", "en"], "text 2"),
        (["de", "EN-CA", ""], "text 1"),
        (["de", "fr"], "text 0"),
    ],
)
def test_an_alert_is_told_in_its_own_default_where_english_is_missing(
    languages: list[str], title: str
) -> None:
    """The translation that names no language is that."""
    said = [{"text": f"text {number}", "language": one} for number, one in enumerate(languages)]

    assert title == alert_of(header_text=gtfs.TranslatedString(translation=said)).title


@pytest.mark.parametrize(
    ("told", "title"),
    [
        ("Line 7 is diverted.\nUse the stop in Mill Road.", "Line 7 is diverted."),
        ("<p>Line 7 is diverted.</p><p>Mill Road</p>", "Line 7 is diverted."),
        ("Stop " * 60, "Stop " * 23 + "Stop"),
        ("", "Service alert"),
    ],
)
def test_an_alert_without_a_header_is_called_by_its_first_line(told: str, title: str) -> None:
    """A list of fifty alerts that are all called the same tells nobody anything."""
    text = gtfs.TranslatedString(translation=[gtfs.TranslatedString.Translation(text=told)])

    assert title == alert_of(description_text=text).title


def test_markup_in_an_alert_is_no_text() -> None:
    """Agencies write their notices for web pages."""
    said = gtfs.TranslatedString()
    said.translation.add(text="<p>Detour &amp; delay</p>")

    assert "Detour & delay" == alert_of(header_text=said).title


@pytest.mark.parametrize("seconds", [-1, 2**62, 2**63 - 1])
def test_a_time_that_no_bus_has_is_none(seconds: int) -> None:
    """Some write -1, or the largest number there is, where they predict nothing; the trip's other calls are kept."""
    message = gtfs.FeedMessage(header=gtfs.FeedHeader(gtfs_realtime_version="2.0"))
    update = message.entity.add(id="a").trip_update
    update.trip.trip_id = "T1"
    update.stop_time_update.add(stop_id="S1").arrival.time = seconds
    (record,) = parse(source("gtfs_realtime"), payload(message.SerializeToString()))

    assert isinstance(record, TripUpdate)
    assert [{"stop_id": "S1"}] == record.stops


@pytest.mark.parametrize("recording", recordings("gtfs-rt"))
def test_a_message_is_parted_as_its_format_says(recording: Recording) -> None:
    """Its parts, read one by one, are what the library reads of the whole; fields nobody knows are none of them."""
    content = recording.path.read_bytes()
    if recording.ends_badly:
        with pytest.raises(Malformed):
            parse(source("gtfs_realtime"), payload(content))
        return
    try:
        whole = gtfs.FeedMessage.FromString(content)
    except DecodeError:
        pytest.skip("written as JSON or text")
    unknown = b"\x18\x96\x01" + b"\x25abcd" + b"\x29abcdefgh" + b"\x32\x02ab"
    rest, parts = parted(unknown + content + unknown, len(whole.entity))

    assert list(whole.entity) == [gtfs.FeedEntity.FromString(part) for part in parts]
    assert whole.header == gtfs.FeedMessage.FromString(rest).header


def test_a_message_that_breaks_off_anywhere_is_malformed() -> None:
    """What came before is not taken for the whole."""
    written = message(BUS)
    ends_of_fields = {0, len(HEADER), written.index(BUS.SerializeToString()) - 2, len(written)}
    for end in set(range(len(written))) - ends_of_fields:
        with pytest.raises(Malformed):
            parse(source("gtfs_realtime"), payload(written[:end]))
    assert 1 == len(parse(source("gtfs_realtime"), payload(written)))


def test_vehicles_of_one_trip_are_told_apart_by_their_labels() -> None:
    """Where they have no ids: the cars of a train. One alone is known by its trip, whatever it is called."""

    def ids(*labels: str) -> list[str]:
        sent = [
            gtfs.FeedEntity(id=f"e{at}", vehicle={"trip": {"trip_id": "t"}, "vehicle": {"label": label}})
            for at, label in enumerate(labels)
        ]
        found = parse(source("gtfs_realtime"), payload(message(*sent)))
        return [record.external_id for record in found if isinstance(record, Vehicle)]

    assert ["t/7", "t/8"] == ids("7", "8")
    assert ["t/8", "t/7"] == ids("8", "7")
    assert ["t"] == ids("7")
    assert ["t", "t"] == ids("7", "7")


def test_an_alert_of_a_numbered_message_is_the_same_in_any_order() -> None:
    """Entities have none: turned round, the numbers are no less mere numbers."""
    titles = [gtfs.TranslatedString(translation=[{"text": text}]) for text in ("Delayed", "Moved", "Ended")]
    entities = [
        gtfs.FeedEntity(id=f"{number:06}", alert=gtfs.Alert(header_text=title))
        for number, title in enumerate(titles, start=1)
    ]
    told, turned = (
        {getattr(one, "title", ""): one.external_id for one in parse(source("gtfs_realtime"), payload(sent))}
        for sent in (message(*entities), message(*reversed(entities)))
    )

    assert told == turned
    assert not {"000001", "000002", "000003"} & set(told.values())
