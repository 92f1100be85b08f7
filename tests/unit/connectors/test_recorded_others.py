"""The further connectors on recorded files of real publishers."""

import re

import pytest

from tasks.feeds.connector import Malformed, Rejected, Thing
from tests.support.feeds import (
    Recording,
    check_recording,
    most_rows,
    parse,
    payload,
    recordings,
    source,
    workbooks,
)

KINDS = {
    "weather": "weather",
    "air-quality": "air_quality",
    "arcgis": "arcgis",
    "feeds": "news",
    "ical": "icalendar",
    "events-json": "legistar",
    "neighbourhoods": "socrata",
}


@pytest.mark.parametrize("recording", recordings(*KINDS))
def test_a_recorded_file_is_accounted_for_record_by_record(recording: Recording) -> None:
    """Each record the manifest counted is stored, described or set aside; what is none fails as a whole."""
    feed = source(KINDS[recording.kind], timezone="America/New_York")
    if recording.ends_badly:
        with pytest.raises(Malformed):
            parse(feed, payload(recording.path))
        return
    check_recording(recording, parse(feed, payload(recording.path)))


@pytest.mark.parametrize("recording", recordings("air-quality"))
def test_numbers_that_mean_no_value_are_never_stored(recording: Recording) -> None:
    """Sentinels are set aside, and stations without coordinates are as many as counted."""
    if recording.ends_badly:
        pytest.skip("no data")
    records = parse(source("air_quality"), payload(recording.path))
    values = [result.value for record in records for result in getattr(record, "results", ())]
    unplaced = re.search(r"results \d+.*without coordinates (\d+)", recording.facts)
    things = [record for record in records if isinstance(record, Thing)]

    assert set() == {-9999.0, -999.0, -995.0, -99.0, 9999.0} & set(values)
    if unplaced and len(things) == recording.records:
        expected = int(unplaced.group(1)) if "sensors" not in recording.path.name else 0
        assert expected == sum(thing.lon is None for thing in things)


@pytest.mark.parametrize("recording", recordings("feeds"))
def test_places_of_entries_are_found_as_often_as_counted(recording: Recording) -> None:
    """Points, boxes and polygons come out as GeoJSON, all that the manifest counted: it knows GeoRSS and GML."""
    counted = re.search(r"with geometry (\d+)", recording.facts)
    if recording.fails or counted is None:
        pytest.skip("the manifest counted none")
    records = parse(source("news"), payload(recording.path))

    assert int(counted.group(1)) <= sum(getattr(record, "geometry", None) is not None for record in records)


@pytest.mark.parametrize("recording", recordings("feeds"))
def test_no_markup_of_a_publisher_is_stored(recording: Recording) -> None:
    """What is stored is text."""
    if recording.fails:
        pytest.skip("no feed")
    for record in parse(source("news"), payload(recording.path)):
        said = f"{getattr(record, 'title', '')} {getattr(record, 'description', '')}"
        assert not re.search(r"<(script|a|p|img|iframe)\b", said, re.IGNORECASE)


@pytest.mark.parametrize("recording", recordings("ical"))
def test_every_recorded_event_has_its_time(recording: Recording) -> None:
    """What a common parser gives up is recovered; set aside is what a newer version replaces or has no time."""
    if recording.fails:
        pytest.skip("no calendar")
    records = parse(source("icalendar"), payload(recording.path))
    events = [one for one in records if not isinstance(one, Rejected)]
    others = [one for one in records if isinstance(one, Rejected)]

    assert recording.records == len(records)
    assert all(getattr(event, "starts_at", None) and getattr(event, "title", None) for event in events)
    assert {"superseded", "bad_rule", "bad_time"} >= {one.reason for one in others}
    # An event is only lost for its time when it has no beginning: nothing else about its times matters so much.
    timeless = [one for one in others if one.reason == "bad_time"]
    assert [] == [one.excerpt for one in timeless if re.search(r"DTSTART:\s*\d{8}", one.excerpt)]


@pytest.mark.parametrize("recording", workbooks())
def test_rows_of_a_recorded_workbook_are_read_in_their_order(recording: Recording) -> None:
    """Each has its address; the same rows come of it again."""
    first, again = (parse(source("socrata"), payload(recording.path)) for _ in range(2))

    assert 0 < len(first) <= most_rows(recording)
    assert [f"payload#{at}" for at in range(len(first))] == [record.record for record in first]
    assert first == again
