"""The GBFS connector on recorded files of real systems."""

import gzip
from contextlib import suppress

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.feeds.connector import Feature, Malformed, Observation, Rejected, Thing, Vehicle
from tests.support.feeds import (
    Recording,
    check_recording,
    connector,
    drive,
    parse,
    payload,
    recordings,
    source,
)


@pytest.mark.parametrize("recording", recordings("gbfs"))
def test_a_recorded_file_is_accounted_for_row_by_row(recording: Recording) -> None:
    """Each row becomes one record, in UTC and inside the system's bounds."""
    if recording.ends_badly:
        with pytest.raises(Malformed):
            parse(source("gbfs"), payload(recording.path))
        return
    check_recording(recording, parse(source("gbfs"), payload(recording.path)))


@pytest.mark.parametrize("recording", recordings("gbfs"))
def test_the_recorded_counts_add_up(recording: Recording) -> None:
    """The bicycles of all stations sum to what the manifest counted."""
    if "sum num_bikes_available" not in recording.facts:
        pytest.skip("the manifest knows no sum")
    expected = int(recording.facts.split("sum num_bikes_available ")[1].split(";")[0])
    records = parse(source("gbfs"), payload(recording.path))
    if any(isinstance(record, Rejected) for record in records):
        pytest.skip("counts that no station has were set aside: the sum has them")

    assert expected == sum(
        result.value
        for record in records
        if isinstance(record, Observation)
        for result in record.results
        if result.observed_property == "bikes_available"
    )


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_malformed_and_nothing_else(content: bytes) -> None:
    """A payload that is no GBFS raises the one error the pipeline knows."""
    with pytest.raises(Malformed):
        parse(source("gbfs"), payload(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**63), 2**63) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "station_id", "bike_id", "vehicle_id", "alert_id", "lat", "lon", "name", "last_reported", "times",
        "num_bikes_available", "vehicle_types_available", "vehicle_type_id", "summary", "region_id", "capacity",
        "availabilities", "form_factor", "is_renting", "text", "language", "start",
    ]
)  # fmt: skip
ROWS = st.lists(st.dictionaries(NAMES, JSON, max_size=8) | JSON, max_size=4)
KEYS = st.sampled_from(["stations", "bikes", "vehicles", "alerts", "regions", "vehicle_types", "feeds"])


@given(key=KEYS, rows=ROWS, updated=JSON, ttl=JSON)
def test_a_row_of_any_shape_gives_one_record(
    key: str, rows: list[object], updated: object, ttl: object
) -> None:
    """Whatever stands in a row, it becomes one record or one rejection."""
    content = orjson.dumps({"data": {key: rows}, "last_updated": updated, "ttl": ttl})
    records = parse(source("gbfs"), payload(content))

    assert len(rows) == len(records)
    assert all(record.reason for record in records if isinstance(record, Rejected))


@given(JSON)
def test_json_of_any_shape_is_a_file_or_malformed(document: object) -> None:
    """No envelope, however odd, raises anything the pipeline does not know."""
    with suppress(Malformed):
        parse(source("gbfs"), payload(orjson.dumps(document)))


STATIONS = (
    b'{"last_updated": 1700000000, "ttl": 0, "data": {"stations": [{"station_id": "7", "lat": 1, "lon": 2}]}}'
)
PACKED = gzip.compress(STATIONS)


@pytest.mark.parametrize(
    "written", [STATIONS, b"\xef\xbb\xbf" + STATIONS, PACKED], ids=["plain", "marked", "packed"]
)
def test_a_mark_or_a_package_around_a_file_is_not_its_content(written: bytes) -> None:
    """Files come with a byte order mark, and as they were packed on a disk."""
    assert parse(source("gbfs"), payload(STATIONS)) == parse(source("gbfs"), payload(written))


@pytest.mark.parametrize("damage", [PACKED[:-9], b"\x1f\x8b" + STATIONS], ids=["cut", "no package"])
def test_a_broken_package_is_malformed(damage: bytes) -> None:
    """What cannot be unpacked is no file."""
    with pytest.raises(Malformed):
        parse(source("gbfs"), payload(damage))


def test_a_number_that_is_none_is_nothing() -> None:
    """Some programs write NaN, which JSON does not have, where they know no place."""
    content = STATIONS.replace(b'"lat": 1', b'"lat": NaN')
    (record,) = parse(source("gbfs"), payload(content))

    assert isinstance(record, Thing)
    assert (None, None) == (record.lon, record.lat)
    with pytest.raises(Malformed):
        parse(source("gbfs"), payload(content.replace(b'"7"', rb'"\ud800"')))


def test_booleans_are_read_in_every_form_that_systems_write() -> None:
    """1.0 allowed 1 and 0; quoted ones occur, of which "false" is not true."""
    bikes = [
        {"bike_id": str(at), "is_disabled": said}
        for at, said in enumerate([True, 1, "true", "1", False, 0, "false", "0"])
    ]
    records = parse(source("gbfs"), payload(orjson.dumps({"data": {"bikes": bikes}})))

    assert [True] * 4 + [False] * 4 == [
        record.properties["is_disabled"] for record in records if isinstance(record, Vehicle)
    ]


@pytest.mark.parametrize(
    "unknown", [-1, 86_400, -(2**63), "-62135596800", "0001-01-01T00:00:00Z", "1970-01-02T00:00:00Z"]
)
def test_what_a_system_does_not_know_is_not_made_up(unknown: object) -> None:
    """Nothing was reported before there were such systems, an empty text is no place; the file's own time is next best."""
    content = {
        "last_updated": 1_700_000_000,
        "data": {"bikes": [{"bike_id": 5.0, "lat": "", "lon": "", "last_reported": unknown}]},
    }
    (record,) = parse(source("gbfs"), payload(orjson.dumps(content)))

    assert isinstance(record, Vehicle)
    assert ("5", None, record.published_at) == (record.external_id, record.lon, record.observed_at)


@pytest.mark.parametrize(
    "by_type",
    [
        {"mechanical": 3, "ebike": 2},
        [{"mechanical": 3}, {"ebike": 2}],
        {"electric": 2, "smart": 0, "classic": 3},
    ],
)
def test_electric_bicycles_are_counted_where_a_system_lists_its_types(by_type: object) -> None:
    """Barcelona has one object, Paris a list of them, American cities other words; the standard has none of it."""
    row = {"station_id": 7, "num_bikes_available": 5, "num_bikes_available_types": by_type}
    (record,) = parse(source("gbfs"), payload(orjson.dumps({"data": {"stations": [row]}})))

    assert isinstance(record, Observation)
    assert {"bikes_available": 5, "ebikes_available": 2} == {
        result.observed_property: result.value for result in record.results
    }


def counts_of(**row: object) -> dict[str, float] | str:
    """Read the counts of a station, or why it is set aside."""
    sent = orjson.dumps({"data": {"stations": [{"station_id": "7", "is_renting": True, **row}]}})
    (record,) = parse(source("gbfs"), payload(sent))
    if isinstance(record, Rejected):
        return record.reason
    assert isinstance(record, Observation)
    return {result.observed_property: result.value for result in record.results}


@pytest.mark.parametrize("none", [-1, 2**32 - 1, "many", {"bike": 3}])
def test_a_count_that_cannot_be_is_left_out_unless_it_is_that_of_vehicles(none: object) -> None:
    """A station that does not know its docks has its bicycles none the less."""
    by_type = [{"vehicle_type_id": "e", "count": none}]
    counts = counts_of(num_bikes_available=3, num_docks_available=none, vehicle_types_available=by_type)

    assert {"bikes_available": 3} == counts
    assert "bad_count" == counts_of(num_bikes_available=none, num_docks_available=3)


def test_what_a_station_counts_by_types_alone_is_added_up() -> None:
    """Each vehicle is of one type, and each dock is told once for all types that it takes."""
    told: dict[str, object] = {
        "vehicle_types_available": [
            {"vehicle_type_id": "a", "count": 2},
            {"vehicle_type_id": "b", "count": 1},
        ],
        "vehicle_docks_available": [
            {"vehicle_type_ids": ["a", "b"], "count": 5},
            {"vehicle_type_ids": ["a"]},
        ],
    }

    assert {"bikes_available": 3, "docks_available": 5} == counts_of(**told)
    assert {"bikes_available": 4, "docks_available": 6} == counts_of(
        **told, num_vehicles_available=4, num_docks_available=6
    )
    assert "no_result" == counts_of(vehicle_types_available=[{"count": None}], vehicle_docks_available=7)


def test_a_row_in_an_envelope_of_its_own_is_read() -> None:
    """CommonsBooking, the program of free cargo bikes, wraps each in an answer of its own (its issue 2249)."""
    row = {"station_id": "7", "name": "Library", "lat": 1, "lon": 2}
    documents = [{"data": {"stations": [one]}} for one in (row, {"data": row, "headers": [], "status": 200})]
    plain, wrapped = (parse(source("gbfs"), payload(orjson.dumps(document))) for document in documents)

    assert plain == wrapped


@pytest.mark.parametrize("nothing", [None, {}], ids=["null", "an empty object"])
@pytest.mark.parametrize("key", ["alerts", "stations", "vehicles", "regions"])
def test_no_rows_may_be_told_as_nothing(key: str, nothing: object) -> None:
    """A system without alerts is no broken system."""
    assert [] == parse(source("gbfs"), payload(orjson.dumps({"data": {key: nothing}})))


def test_a_discovery_may_list_the_names_of_files() -> None:
    """With an ending nothing would be read, and nobody told."""
    listed = [{"name": "station_status.json", "url": "https://b.example/station_status.json"}]
    answers = {
        "https://feeds.example/": orjson.dumps({"data": {"en": {"feeds": listed}}}),
        "https://b.example/station_status.json": orjson.dumps({"data": {"stations": []}}),
    }
    driven = drive(connector("gbfs").plan(source("gbfs")), answers)

    assert ["gbfs", "station_status"] == [request.name for request in driven.requests]


def alert_of(**told: object) -> Feature:
    """Read a file of one alert."""
    row = {"alert_id": "a", "type": "STATION_CLOSURE", "summary": "Closed", **told}
    (record,) = parse(source("gbfs"), payload(orjson.dumps({"data": {"alerts": [row]}})))
    assert isinstance(record, Feature), record
    return record


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://bikes.example/news", "https://bikes.example/news"),
        ([{"text": "https://bikes.example/news", "language": "en"}], "https://bikes.example/news"),
        ("javascript:alert(1)", None),
        ("bikes://news", None),
    ],
)
def test_an_alert_links_to_the_web_alone(url: object, link: str | None) -> None:
    """What else is written there has no business on our pages."""
    assert link == alert_of(url=url).url


def test_an_alert_reads_as_plain_text() -> None:
    """Systems copy what they wrote for their own pages; the kinds of 2.x are shouted."""
    found = alert_of(summary="<p>Station &amp; docks</p>", description="<p>Closed</p>")

    assert ("Station & docks", "Closed", "station_closure") == (
        found.title, found.description, found.category
    )  # fmt: skip


@pytest.mark.parametrize("times", [[{"start": 1_700_000_000, "end": "soon"}], {"start": 1_700_000_000}])
def test_an_alert_whose_end_cannot_be_read_has_none(times: object) -> None:
    """Nobody is to miss it for that; a list of one may be that one."""
    found = alert_of(times=times)

    assert (True, None) == (found.starts_at is not None, found.ends_at)


def test_a_discovery_of_several_languages_is_read_in_english_unless_told_otherwise() -> None:
    """As texts of 3.x are; systems list theirs in any order."""
    files = {
        language: {"feeds": [{"name": "station_status", "url": f"https://b.example/{language}"}]}
        for language in ("fr", "en")
    }
    document = orjson.dumps({"ttl": "60", "data": files})
    status = orjson.dumps({"data": {"stations": []}})

    for language, chosen in (({}, "en"), ({"language": "fr"}, "fr"), ({"language": "de"}, "en")):
        answers = {"https://feeds.example/": document, f"https://b.example/{chosen}": status}
        driven = drive(connector("gbfs").plan(source("gbfs", **language)), answers)
        assert {"gbfs": 60, "station_status": 0} == driven.cursor["ttl"]


def test_what_vehicles_and_alerts_refer_to_is_named_as_it_names_itself() -> None:
    """An id is text, also where a publisher writes a number; a blank one is none: such a bicycle is at no station."""
    bikes = [{"bike_id": 1, "station_id": 86, "vehicle_type_id": 7}, {"bike_id": 2, "station_id": " "}]
    alerts = [{"alert_id": 3, "station_ids": [86, "87", None]}]
    docked, free = parse(source("gbfs"), payload(orjson.dumps({"last_updated": 1, "data": {"bikes": bikes}})))
    (alert,) = parse(source("gbfs"), payload(orjson.dumps({"last_updated": 1, "data": {"alerts": alerts}})))

    assert {"station_id": "86", "vehicle_type_id": "7"} == docked.properties  # type: ignore[union-attr]
    assert {} == free.properties  # type: ignore[union-attr]
    assert {"station_ids": ["86", "87"]} == alert.properties  # type: ignore[union-attr]
