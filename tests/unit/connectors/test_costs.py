"""Small payloads that would cost a worker minutes or gigabytes are refused by a rule that names its limit."""

import gzip
import io
import random
import zipfile
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pyarrow
import pyarrow.parquet
import pytest
import shapely
from dateutil.rrule import rrulestr
from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import Feature, Malformed, Record, Rejected, TransitRoute
from tasks.feeds.connectors.arcgis import shapes as arcgis_shapes
from tasks.feeds.connectors.cap import connector as cap
from tasks.feeds.connectors.cap import packed as cap_packed
from tasks.feeds.connectors.gtfs_realtime import message
from tasks.feeds.connectors.gtfs_static import calls, package, shapes
from tasks.feeds.connectors.icalendar import moments, series, steps, zones
from tasks.feeds.connectors.icalendar.steps import Steps
from tasks.feeds.reading import cells, documents, json_size, markup, tables, zips
from tasks.feeds.reading import parquet as parquet_reading
from tasks.feeds.reading.areas import valid
from tests.support.feeds import parse, payload, source
from tests.support.timetables import timetable, zipped
from tests.support.workbooks import packed

LONG = 300_000
#: Times of a rule, which is followed without zones.
BEGINS, NOW = (datetime.fromisoformat(text) for text in ("2026-01-01", "2026-11-01"))


def read(kind: str, content: bytes | str | Any, **options: Any) -> list[Record]:
    """Parse a payload: bytes, text, or a document to be written as JSON."""
    if isinstance(content, str):
        content = content.encode()
    elif not isinstance(content, bytes):
        content = orjson.dumps(content)
    return parse(source(kind, **options), payload(content, "p"))


def nested(levels: int) -> str:
    """Write lists within lists."""
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("socrata", '[{"id": 1, "geometry": {"type": "Polygon", "coordinates": %s}}]'),
        ("socrata", "[%s]"),
        ("nws_alerts", '{"features": [{"properties": {"id": 1}, "geometry": {"coordinates": %s}}]}'),
        ("gbfs", '{"data": {"stations": [%s]}}'),
        ("gtfs_realtime", '{"header": {"gtfs_realtime_version": "2.0"}, "entity": [%s]}'),
        ("arcgis", '{"features": [{"properties": {"id": %s}}]}'),
    ],
)
def test_json_of_too_many_levels_is_malformed(kind: str, text: str) -> None:
    """Those who go down it would end in a fault of ours."""
    with pytest.raises(Malformed, match="more than 100 levels"):
        read(kind, text % nested(900))


def test_brackets_in_texts_are_no_levels() -> None:
    """A text may hold as many as it likes, escaped quotes too."""
    title = "[" * 300 + '\\"' + "{"

    assert json_size.too_much(orjson.dumps([{"title": title, "a": "]"}] * 200)) is None


@pytest.mark.parametrize("around", ["%s", "[%s,1]", '{"a": "]]]]", "b": %s}', r'{"a": "\\", "\"]]": %s}'])
def test_levels_are_counted_to_the_last(around: str) -> None:
    """A hundred are read, one more is not."""
    inside = nested(100 if around == "%s" else 99)

    assert json_size.too_much((around % inside).encode()) is None
    assert json_size.too_much((around % f"[{inside}]").encode()) == "more than 100 levels"


def test_json_of_endless_lists_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few hundred packed kilobytes of `[],` become gigabytes; so do lines of them."""
    monkeypatch.setattr(json_size, "MOST_NESTS", 1000)
    for content in (b"[" + b"[]," * 1000 + b"[]]", b"{}\n" * 1001):
        with pytest.raises(Malformed, match="more than 1,000 lists and objects"):
            read("socrata", gzip.compress(content))
    monkeypatch.setattr(json_size, "MOST_VALUES", 1000)
    with pytest.raises(Malformed, match="more than 1,000 values"):
        read("socrata", b"[" + b"1," * 1001 + b"1]")


@pytest.mark.parametrize("kind", ["cap", "open311"])
def test_xml_of_endless_tags_is_malformed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of a few bytes becomes a hundred in memory."""
    monkeypatch.setattr(documents, "MOST_TAGS", 100)

    with pytest.raises(Malformed, match="XML of more than 100 tags"):
        read(kind, "<requests>" + "<a/>" * 100 + "</requests>")


def test_a_zip_of_endless_tags_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its files count together."""
    monkeypatch.setattr(cap_packed, "MOST_TAGS", 100)
    members = {f"{number}.xml": "<alert>" + "<a/>" * 50 + "</alert>" for number in range(2)}

    with pytest.raises(Malformed, match="a zip of more than 100 tags"):
        read("cap", zipped(members))


def test_messages_within_messages_are_malformed() -> None:
    """The text of each would be read again for each around it."""
    with pytest.raises(Malformed, match="a message within a message"):
        read("cap", "<alerts><alert><sender><alert/></sender></alert></alerts>")


@pytest.mark.parametrize(
    "content",
    [
        ",".join(f"c{at}" for at in range(1001)) + "\n1\n",
        [{f"c{at}": 1} for at in range(1001)],
    ],
)
def test_a_table_of_too_many_columns_is_malformed(content: Any) -> None:
    """Every row would be asked for each of them."""
    with pytest.raises(Malformed, match="a table of 1,001 columns; 1,000 are the most"):
        read("socrata", content)


def parquet(**columns: Any) -> bytes:
    """Write a table as Parquet, which keeps equal values once."""
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out, dictionary_pagesize_limit=10**9)
    return out.getvalue()


def test_texts_of_parquet_that_are_kept_once_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty kilobytes were gigabytes when each row had its own; and what they say together has a limit."""
    content = parquet(id=[str(at) for at in range(100)], text=["x" * LONG] * 100)
    table = tables.load(payload(content, "p"))

    assert 1 == len({id(text) for _, text in table.rows})
    monkeypatch.setattr(parquet_reading, "MOST_SAID", LONG * 10)
    with pytest.raises(Malformed, match="p: cells of more than 3,000,000 characters"):
        read("socrata", content)


def test_parquet_of_endless_lists_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One row may have millions of equal values in a few bytes."""
    monkeypatch.setattr(parquet_reading, "MOST_LISTED", 1000)
    assert 2 == len(read("socrata", parquet(id=["a", "b"], tags=[["x"] * 900, []])))
    with pytest.raises(Malformed, match="p: 1,101 values in lists; 1,000 are the most"):
        read("socrata", parquet(id=["a", "b"], tags=[["x"] * 1100, []]))


@pytest.mark.parametrize("kind", ["socrata", "arcgis"])
def test_rows_with_next_to_nothing_in_common_are_no_table(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred thousand empty rows beside one of many columns would be a hundred million cells."""
    monkeypatch.setattr(cells, "_ABSENT_BESIDES", 1000)
    rows: list[dict[str, int]] = [{f"c{at}": 1 for at in range(100)}, *([{}] * 1000)]
    told: Any = rows if kind == "socrata" else {"features": [{"attributes": row} for row in rows]}

    with pytest.raises(Malformed, match="no table: 1,001 rows"):
        read(kind, told)
    assert len(read("socrata", rows[:20])) == 20
    with pytest.raises(Malformed, match="no table: 1,000 rows"):
        read("socrata", [[f"c{at}" for at in range(100)], *([[]] * 1000)])


def test_no_time_is_as_long_as_a_payload() -> None:
    """Blanks in it would be parted in every way there is."""
    (record,) = read(
        "open311", [{"service_request_id": "1", "requested_datetime": f"1/1/2020 1:00{' ' * LONG}x"}]
    )

    assert isinstance(record, Rejected)
    assert ("bad_time", True) == (record.reason, "more than 100 characters" in record.detail)


def warning(more: str = "", area: str = "") -> str:
    """Write a warning."""
    return (
        "<alert><identifier>i</identifier><sender>s</sender><sent>2026-11-20T10:00:00Z</sent>"
        f"<status>Actual</status><msgType>Alert</msgType><scope>Public</scope>{more}"
        f"<info><event>e</event><area><areaDesc>x</areaDesc>{area}</area></info></alert>"
    )


@pytest.mark.parametrize(
    "content",
    [
        warning(f"<references>{'a,' * (LONG // 2)}</references>"),
        warning("<code>DVN:1</code>", f"<polygon>{'1' * LONG}</polygon>"),
        warning(area=f"<polygon>1,1{' ' * LONG}x</polygon>"),
    ],
    ids=["references", "digits", "blanks"],
)
def test_no_text_of_a_warning_is_read_in_every_way(content: str) -> None:
    """These would take hours, were one of the expressions to go back over what it has read."""
    (record,) = read("cap", content)

    assert isinstance(record, Feature)


def crossing(edges: int) -> list[list[float]]:
    """Return a ring whose edges nearly all cross."""
    chance = random.Random(edges)
    ring = [[round(chance.random(), 4), round(chance.random(), 4)] for _ in range(edges)]
    return [*ring, ring[0]]


def test_an_area_whose_edges_all_cross_is_not_made_valid() -> None:
    """Millions of crossings would become vertices; some are mended."""
    with pytest.raises(Rejection, match="pairs of its edges may cross"):
        valid(shapely.Polygon(crossing(1500)))

    assert shapely.is_valid(valid(shapely.Polygon(crossing(20))))
    (record,) = read(
        "arcgis", {"features": [{"attributes": {"id": 1}, "geometry": {"rings": [crossing(1500)]}}]}
    )
    assert isinstance(record, Rejected)
    far = " ".join(f"{lat * 80},{179 + lon * 2}" for lon, lat in crossing(1500))
    (record,) = read("cap", warning(area=f"<polygon>{far}</polygon>"))
    assert isinstance(record, Feature)
    assert (None, True) == (record.geometry, "shape_problem" in record.properties)


def test_a_coast_that_crosses_itself_once_is_mended() -> None:
    """Thousands of edges that touch only their neighbours are what coasts have."""
    turns = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    ring = np.column_stack([np.cos(turns), np.sin(turns)])
    ring[[5000, 5003]] = ring[[5003, 5000]]

    assert shapely.is_valid(valid(shapely.Polygon(ring)))


def test_thousands_of_rings_are_joined_two_by_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ring takes part in as many joins as its count has digits, and not in one with all before it."""
    rings = [
        [[at / 100, 0.0], [at / 100, 0.005], [at / 100 + 0.005, 0.0], [at / 100, 0.0]] for at in range(1001)
    ]
    joined: list[int] = []
    join = shapely.Polygon.symmetric_difference

    def counted(self: Any, other: Any) -> Any:
        joined.append(shapely.get_num_coordinates(self) + shapely.get_num_coordinates(other))
        return join(self, other)

    monkeypatch.setattr(shapely.geometry.base.BaseGeometry, "symmetric_difference", counted)
    (record,) = read("arcgis", {"features": [{"attributes": {"id": 1}, "geometry": {"rings": rings}}]})

    assert isinstance(record, Feature)
    assert record.geometry is not None
    assert (1001, True) == (len(record.geometry["coordinates"]), sum(joined) < 4 * 1001 * 12)


def test_a_polygon_of_endless_rings_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them lies in which takes the square of them."""
    monkeypatch.setattr(arcgis_shapes, "MOST_RINGS", 2)
    rings = [[[at, 0], [at, 1], [at + 0.5, 0], [at, 0]] for at in range(3)]
    (record,) = read("arcgis", {"features": [{"attributes": {"id": 1}, "geometry": {"rings": rings}}]})

    assert isinstance(record, Rejected)
    assert "a polygon of 3 rings; 2 are the most" == record.detail


def test_rings_within_rings_within_rings_are_set_aside() -> None:
    """Thousands of levels take the square of them to join; hundreds are read."""
    for levels, known in ((100, Feature), (1000, Rejected)):
        rings = [
            [[at, at], [at, 90 - at], [90 - at, at], [at, at]] for at in np.linspace(0, 25, levels).tolist()
        ]
        (record,) = read("arcgis", {"features": [{"attributes": {"id": 1}, "geometry": {"rings": rings}}]})
        assert isinstance(record, known)
    assert isinstance(record, Rejected)
    assert "more than 120,000 pairs of its rings may lie in each other" == record.detail


def test_warnings_of_endless_circles_are_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of a few bytes becomes 36 points; those of all warnings count together."""
    monkeypatch.setattr(cap, "MOST_CIRCLES", 3)
    one = warning(area="<circle>40,-80 10</circle>" * 2)

    assert isinstance(read("cap", one)[0], Feature)
    with pytest.raises(Malformed, match="p: 4 circles; 3 are the most"):
        read("cap", f"<alerts>{one}{one}</alerts>")


def realtime(*entities: gtfs.FeedEntity) -> bytes:
    """Write a realtime message."""
    header = gtfs.FeedHeader(gtfs_realtime_version="2.0")
    return bytes(gtfs.FeedMessage(header=header, entity=entities).SerializeToString())


def test_a_realtime_message_of_endless_entities_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of two bytes becomes a hundred in memory; so do those of JSON."""
    monkeypatch.setattr(message, "MOST_ENTITIES", 3)
    alert = gtfs.FeedEntity(id="1", alert=gtfs.Alert())
    spelled = {"header": {"gtfs_realtime_version": "2.0"}, "entity": [{"id": "1"}] * 4}

    assert 3 == len(read("gtfs_realtime", realtime(*[alert] * 3)))
    for content in (realtime() + b"\x12\x00" * 4, spelled):
        with pytest.raises(Malformed, match="p: more than 3 entities"):
            read("gtfs_realtime", content)


def test_calls_and_texts_of_a_realtime_message_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be of two bytes as well."""
    monkeypatch.setattr(message, "MOST_PARTS", 5)
    trip = gtfs.TripDescriptor(trip_id="t")
    calls = [gtfs.TripUpdate.StopTimeUpdate()] * 3
    update = gtfs.FeedEntity(id="1", trip_update=gtfs.TripUpdate(trip=trip, stop_time_update=calls))
    alert = gtfs.FeedEntity(id="2", alert=gtfs.Alert(informed_entity=[{}], active_period=[{}]))
    alert.alert.header_text.translation.add(text="x")

    assert 1 == len(read("gtfs_realtime", realtime(update)))
    with pytest.raises(Malformed, match="p: more than 5 calls, informed entities, periods and texts"):
        read("gtfs_realtime", realtime(update, alert))
    update.alert.CopyFrom(alert.alert)
    with pytest.raises(Malformed, match="p: more than 5 calls, informed entities, periods and texts"):
        read("gtfs_realtime", realtime(update))


@pytest.mark.parametrize(
    "told",
    [
        {"impact_period": [{}] * 6},
        {"communication_period": [{}] * 6},
        {"cause_detail": gtfs.TranslatedString(translation=[{"text": "x"}] * 6)},
        {"effect_detail": gtfs.TranslatedString(translation=[{"text": "x"}] * 6)},
    ],
)
def test_whatever_is_read_of_an_alert_counts(monkeypatch: pytest.MonkeyPatch, told: dict[str, Any]) -> None:
    """Newer fields take as much as those that they stand beside."""
    monkeypatch.setattr(message, "MOST_PARTS", 5)

    with pytest.raises(Malformed, match="p: more than 5 calls, informed entities, periods and texts"):
        read("gtfs_realtime", realtime(gtfs.FeedEntity(id="1", alert=gtfs.Alert(**told))))


def test_an_entity_of_a_realtime_message_that_is_too_large_is_set_aside(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others are read."""
    monkeypatch.setattr(message, "MOST_BYTES", 100)
    large, little = (gtfs.FeedEntity(id="1" * size, alert=gtfs.Alert()) for size in (100, 1))
    found = read("gtfs_realtime", realtime(large, little))

    assert ["too_large", None] == [getattr(record, "reason", None) for record in found]


def test_fields_that_a_large_entity_lacks_are_not_listed() -> None:
    """There may be one for every two bytes."""
    alert = gtfs.Alert()
    alert.header_text.translation.extend([gtfs.TranslatedString.Translation()] * 10_000)
    entity = gtfs.FeedEntity(id="1", alert=alert)
    written = entity.SerializePartialToString()
    content = realtime() + b"\x12" + _varint(len(written)) + written
    (record,) = read("gtfs_realtime", content)

    assert isinstance(record, Rejected)
    assert ("incomplete", "without a required field") == (record.reason, record.detail)


def _varint(number: int) -> bytes:
    return bytes([number]) if number < 0x80 else bytes([number & 0x7F | 0x80]) + _varint(number >> 7)


def test_an_answer_names_few_reference_systems() -> None:
    """Each takes time to be made; and a number of thousands of digits is none."""
    rows = [
        {"attributes": {"id": at}, "geometry": {"x": 1, "y": 1, "spatialReference": {"wkid": 32600 + at}}}
        for at in range(1, 23)
    ]
    with pytest.raises(Malformed, match="more than 20 reference systems"):
        read("arcgis", {"features": rows})
    with pytest.raises(Malformed, match="unknown reference system"):
        read("arcgis", {"spatialReference": {"wkid": "9" * 5000}, "features": rows[:1]})


@pytest.mark.parametrize("rule", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_rule_that_nothing_fits_is_given_up(rule: str) -> None:
    """It would be followed up to the year 9999."""
    with pytest.raises(Rejection, match="has no coming occurrence"):
        Steps().follow(f"FREQ={rule};BYMONTH=2;BYMONTHDAY=30", BEGINS, NOW)


def test_the_rules_of_a_calendar_share_their_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of daily series cost no more together than the limit."""
    monkeypatch.setattr(steps, "MOST_STEPS_TOGETHER", 600)
    event = "BEGIN:VEVENT\r\nUID:%d\r\nDTSTART:20250101T100000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n"
    found = read(
        "icalendar", "BEGIN:VCALENDAR\r\n" + "".join(event % at for at in range(3)) + "END:VCALENDAR\r\n"
    )

    assert [Feature, Rejected, Rejected] == [type(record) for record in found]


def test_a_daily_series_of_decades_is_followed() -> None:
    """Some calendars let everything begin in 1970."""
    followed = Steps()
    followed.follow("FREQ=DAILY", BEGINS.replace(year=1970), NOW)

    assert 41_000 < followed.taken < 42_000


@pytest.mark.parametrize("rule", ["FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,MO"])
def test_a_rule_is_followed_from_shortly_before(rule: str) -> None:
    """What comes is the same as from its beginning, and the years between cost nothing."""
    start = BEGINS.replace(year=1970)
    begins = steps.moved_on(rule, start, NOW)
    after = [rrulestr(rule, dtstart=one).after(NOW) for one in (start, begins)]

    assert (after[0], True) == (after[1], timedelta(0) < NOW - begins < timedelta(days=43))
    assert start == steps.moved_on(f"{rule};COUNT=9", start, NOW)
    assert NOW == steps.moved_on(rule, NOW, start)


def test_days_that_a_series_leaves_out_are_read_where_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of years ago are many, and nothing comes of them."""
    kept: list[Any] = []
    add = series.Component.add

    def counted(self: Any, name: str, value: Any, *more: Any, **rest: Any) -> None:
        kept.extend([value] if name == "EXDATE" else [])
        add(self, name, value, *more, **rest)

    monkeypatch.setattr(series.Component, "add", counted)
    days = "".join(f"EXDATE:202{year}1124T100000Z\r\n" * 50 for year in range(10))
    event = f"BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20200101T100000Z\r\nRRULE:FREQ=DAILY\r\n{days}END:VEVENT\r\n"
    (record,) = read("icalendar", f"BEGIN:VCALENDAR\r\n{event}END:VCALENDAR\r\n")

    assert isinstance(record, Feature)
    assert ["2026-11-22T10:00:00Z", "2026-11-23T10:00:00Z", "2026-11-25T10:00:00Z"] == (
        record.properties["occurrences"][:3]
    )
    assert 1 == len(kept)


def test_what_replaces_occurrences_of_a_series_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not once more for each of the parts into which it takes the series."""
    count = 40
    reads: list[Any] = []
    read_one = moments.read

    def counted(*told: Any) -> Any:
        reads.append(told)
        return read_one(*told)

    monkeypatch.setattr(moments, "read", counted)
    event = "BEGIN:VEVENT\r\nUID:1\r\n{}\r\nEND:VEVENT\r\n"
    told = event.format("DTSTART:20261001T100000Z\r\nRRULE:FREQ=DAILY")
    for day in range(count):
        hour = f"{datetime(2026, 11, 1) + timedelta(days=day):%Y%m%d}T100000Z"  # noqa: DTZ001 - only its text
        told += event.format(f"RECURRENCE-ID;RANGE=THISANDFUTURE:{hour}\r\nDTSTART:{hour}")
    found = read("icalendar", f"BEGIN:VCALENDAR\r\n{told}END:VCALENDAR\r\n")

    assert count + 1 == sum(isinstance(one, Feature) for one in found)
    assert 5 * count > len(reads)


def test_a_calendar_defines_so_many_changes_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is followed through the years; an event whose zone was not made would be hours off."""
    monkeypatch.setattr(zones, "MOST_OBSERVANCES", 3)
    change = "BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
    told = "BEGIN:VCALENDAR\r\n"
    for at in range(2):
        told += f"BEGIN:VTIMEZONE\r\nTZID:Z{at}\r\n{change * 2}END:VTIMEZONE\r\n"
        told += f"BEGIN:VEVENT\r\nUID:{at}\r\nDTSTART;TZID=Z{at}:20261120T100000\r\nEND:VEVENT\r\n"
    first, second = read("icalendar", told + "END:VCALENDAR\r\n")

    assert isinstance(first, Feature)
    assert isinstance(second, Rejected)
    assert "'Z1': the calendar defines zones of more than 3 changes of the clock" == second.detail


def test_tags_within_tags_are_undone_up_to_a_limit() -> None:
    """The rest is left out, also when it was escaped; what comes before is all there."""
    for tag in ("<div>", "<!--", "&lt;div&gt;", "<b a='{}'><p>"):
        assert markup.cleaned("kept " + tag * markup.MOST_TAGS * 10).startswith("kept")
    assert "last" not in markup.cleaned("<p>" * (markup.MOST_TAGS + 1) + "last")
    assert "last" in markup.cleaned("<p>" * (markup.MOST_TAGS - 1) + "last")


def test_a_feed_with_an_element_of_endless_attributes_is_malformed() -> None:
    """What reads it would look through all for each."""
    many = " ".join(f"a{at}='1'" for at in range(1001))
    with pytest.raises(Malformed, match="an element of more than 1,000 attributes"):
        read("news", f"<rss><channel><item {many}/></channel></rss>")


@pytest.mark.parametrize(
    "word", ["9" * 5000 + "/1SM", "9" * 5000 + "SM", "\u00b2" * 4, "Q" + "\u00b2" * 4, "\u00b2 1/2SM"]
)
def test_a_word_of_a_report_that_is_no_number_of_ours_is_passed_over(word: str) -> None:
    """Digits of other kinds, and thousands of them, are none."""
    *_, record = read("weather", f"EGLL 221150Z 24010KT 12/08 {word} ")

    assert not isinstance(record, Rejected)


@pytest.mark.parametrize("digits", [400, 5000])
def test_a_wind_of_endless_digits_is_no_value(digits: int) -> None:
    """It is a period without one."""
    period = {"startTime": "2026-11-20T10:00:00Z", "windSpeed": "9" * digits + " mph"}
    *_, record = read("weather", {"properties": {"periods": [period]}})

    assert isinstance(record, Rejected)


def test_a_trip_of_endless_calls_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows in the wrong order are put between those before and behind them."""
    monkeypatch.setattr(calls, "MOST_CALLS", 2)
    found = read("gtfs_static", timetable())
    reasons = [(record.record, record.reason) for record in found if isinstance(record, Rejected)]

    assert [("stop_times#2", "too_many_calls"), ("stop_times#5", "too_many_calls")] == reasons


def test_a_shape_of_endless_points_is_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ends stay where they are."""
    monkeypatch.setattr(shapes, "_MOST_POINTS", 10)
    points = "".join(f"up,{at % 2},{at / 10},{at}\n" for at in range(100))
    table = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n" + points
    (route,) = [one for one in read("gtfs_static", timetable(shapes=table)) if isinstance(one, TransitRoute)]

    assert route.geometry is not None
    (line,) = route.geometry["coordinates"]
    assert ([0.0, 0.0], [9.9, 1.0], True) == (line[0], line[-1], len(line) <= 11)


def test_points_of_other_shapes_are_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is not taken apart by its columns' names for that: there are millions of them."""
    table = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"
    table += "up,1,1,2\n up ,0,0,1\nother,9,9,1\nup,x,1,1\nup,1\n\nup,95,1,3\n"
    asked: list[str] = []
    records = package.Table.records
    monkeypatch.setattr(package.Table, "records", lambda self: asked.append(self.name) or records(self))
    (route,) = [one for one in read("gtfs_static", timetable(shapes=table)) if isinstance(one, TransitRoute)]

    assert route.geometry is not None
    assert [[[0.0, 0.0], [1.0, 1.0]]] == route.geometry["coordinates"]
    assert "shapes" not in asked


def test_a_timetable_unpacks_to_so_many_times_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tens of kilobytes of one line again and again are a hundred million rows."""
    monkeypatch.setattr(zips, "LITTLE", 10_000)
    lines = "shape_id,shape_pt_lat,shape_pt_lon,shape_pt_sequence\n"

    assert 7 < len(read("gtfs_static", timetable(shapes=lines + "other,1,1,1\n" * 100)))
    with pytest.raises(Malformed, match=r"unpacks to 1,\d{3},\d{3} bytes; \d{3},\d{3} are"):
        read("gtfs_static", timetable(shapes=lines + "other,1,1,1\n" * 100_000))


def test_a_timetable_within_a_zip_is_unpacked_a_little_at_a_time() -> None:
    """Other methods than deflate unpack all at once, whatever the member claims: 89 kB took a gigabyte."""
    with pytest.raises(Malformed, match=r"p: a\.zip is not packed by deflate"):
        read("gtfs_static", packed({"a.zip": timetable()}, zipfile.ZIP_LZMA))


def test_a_table_of_a_timetable_has_so_many_columns() -> None:
    """As any other."""
    header = "stop_id,stop_name,stop_lat,stop_lon," + ",".join(f"c{at}" for at in range(1000))
    with pytest.raises(Malformed, match=r"stops\.txt: a table of 1,004 columns"):
        read("gtfs_static", timetable(stops=header + "\ns1,a,1,1\n"))


def test_collections_within_collections_are_followed_for_ten_levels() -> None:
    """A text of some kilobytes may nest hundreds of them."""
    texts = ["GEOMETRYCOLLECTION (" * levels + "POINT (1 2)" + ")" * levels for levels in (10, 300)]
    shallow, deep = read("socrata", [{"id": number, "the_geom": text} for number, text in enumerate(texts)])

    assert isinstance(shallow, Feature)
    assert {"type": "Point", "coordinates": [1.0, 2.0]} == shallow.geometry
    assert isinstance(deep, Rejected)
    assert "bad_geometry" == deep.reason


@pytest.mark.parametrize("levels", [5_000, 50_000])
@pytest.mark.parametrize("form", ["text", "digits", "bytes"])
def test_endless_collections_end_no_process(form: str, levels: int) -> None:
    """The library that reads shapes goes down each on the stack; a row of a hundred kilobytes ended the worker."""
    if form == "text":
        shape: Any = "GEOMETRYCOLLECTION(" * levels + "POINT(1 2)" + ")" * levels
    else:
        shape = bytes.fromhex("010700000001000000") * levels + shapely.to_wkb(shapely.Point(1, 2))
    if form == "bytes":
        geo = {"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
        table = pyarrow.table({"id": ["1"], "geometry": [shape]}).replace_schema_metadata(
            {"geo": orjson.dumps(geo)}
        )
        out = io.BytesIO()
        pyarrow.parquet.write_table(table, out)
        (row,) = read("mapping", out.getvalue(), fields={"external_id": "id", "geometry": "geometry"})
    else:
        (row,) = read(
            "socrata",
            [{"id": 1, "the_geom": shape if form == "text" else shape.hex()}],
            fields={"external_id": "id", "geometry": "the_geom"},
        )

    assert isinstance(row, Rejected)
    assert "bad_geometry" == row.reason
