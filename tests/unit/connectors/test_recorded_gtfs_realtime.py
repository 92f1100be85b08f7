"""The GTFS Realtime connector on recorded messages of real agencies."""

import re

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs
from hypothesis import given
from hypothesis import strategies as st

from tasks.feeds.connector import Feature, Malformed, Rejected, TripUpdate, Vehicle
from tests.support.feeds import Recording, check_recording, parse, payload, recordings, source


@pytest.mark.parametrize("recording", recordings("gtfs-rt"))
def test_a_recorded_message_is_accounted_for_entity_by_entity(recording: Recording) -> None:
    """Each entity becomes one record, in UTC and inside the agency's bounds; what is no message is malformed."""
    if recording.fails:
        with pytest.raises(Malformed):
            parse(source("gtfs_realtime"), payload(recording.path))
        return
    check_recording(recording, parse(source("gtfs_realtime"), payload(recording.path)))


@pytest.mark.parametrize("recording", recordings("gtfs-rt"))
def test_each_kind_of_entity_is_found_as_often_as_it_was_sent(recording: Recording) -> None:
    """Vehicles, trip updates, their stops, alerts and positions sum to what the manifest counted."""
    if recording.fails:
        pytest.skip("not a message")
    records = parse(source("gtfs_realtime"), payload(recording.path))
    kinds = {"vehicle": Vehicle, "trip_update": TripUpdate, "alert": Feature}
    counted = {name: sum(isinstance(record, kind) for record in records) for name, kind in kinds.items()}
    places = sum(isinstance(record, Vehicle) and record.lon is not None for record in records)
    stops = sum(len(record.stops) for record in records if isinstance(record, TripUpdate))

    if any(isinstance(record, Rejected) for record in records):
        pytest.skip("some entities were set aside: the sums are of those that were sent")
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
