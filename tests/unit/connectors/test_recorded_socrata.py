"""The Socrata connector on recorded exports of real cities."""

import gzip
import io
import re

import orjson
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.feeds.connector import Feature, Malformed, Record, Rejected
from tasks.feeds.registry import connector
from tests.support.feeds import (
    Recording,
    check_recording,
    drive,
    parse,
    payload,
    positions,
    recordings,
    source,
)


def read(content: object, **options: object) -> list[Record]:
    """Parse one export of a city on the American east coast."""
    return parse(source("socrata", timezone="America/New_York", **options), payload(content))  # type: ignore[arg-type]


@pytest.mark.parametrize("recording", recordings("socrata-311"))
def test_a_recorded_export_is_accounted_for_row_by_row(recording: Recording) -> None:
    """Each row becomes one record, in UTC and inside the city's bounds."""
    if recording.fails:
        with pytest.raises(Malformed):
            read(recording.path)
        return
    check_recording(recording, read(recording.path))


@pytest.mark.parametrize("recording", recordings("socrata-311"))
def test_recorded_rows_are_told_apart_and_placed_as_counted(recording: Recording) -> None:
    """Distinct ids and located rows are as many as the manifest counted, less at most the rows set aside."""
    if recording.fails:
        pytest.skip("no table")
    records = read(recording.path)
    features = [record for record in records if isinstance(record, Feature)]
    aside = len(records) - len(features)
    distinct = re.search(r"distinct [^;]+? (\d+)(?:;|$)", recording.facts)
    located = re.search(r"coords (\d+)/", recording.facts)

    assert aside * 10 <= len(records)
    assert all(feature.title for feature in features)
    assert any(feature.starts_at for feature in features) or not features
    if distinct:
        counted = int(distinct.group(1))
        assert counted - aside <= len({feature.external_id for feature in features}) <= counted
    if located:
        assert int(located.group(1)) - aside <= len(list(positions(features))) <= int(located.group(1))


@pytest.mark.parametrize("recording", recordings("socrata-311"))
def test_a_recorded_export_reads_the_same_twice(recording: Recording) -> None:
    """Parsing has no memory: the same bytes give the same records."""
    assert read(recording.path) == read(recording.path)


def without_order(records: list[Record]) -> set[tuple[str, object]]:
    """Return what the features say, without where they stood."""
    return {(record.external_id, record.starts_at) for record in records if isinstance(record, Feature)}


@pytest.mark.parametrize("recording", recordings("socrata-311"))
def test_rows_in_another_order_are_the_same_rows(recording: Recording) -> None:
    """Identity and times do not depend on a row's place in the file."""
    if recording.path.suffix not in (".csv", ".tsv") or recording.fails:
        pytest.skip("only text can be turned round here")
    header, *rows = recording.path.read_bytes().splitlines(keepends=True)
    if b'"' in b"".join(rows) or not rows[-1].endswith(b"\n"):
        pytest.skip("a quoted cell may hold lines: rows cannot be turned round by lines")
    turned = header + b"".join(reversed(rows))

    assert without_order(read(recording.path)) == without_order(read(turned))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_rows_or_malformed(content: bytes) -> None:
    """A payload of any bytes raises the one error the pipeline knows, or becomes records."""
    for sent in (
        content,
        b"id,created_date\n" + content,
        b"\x1f\x8b" + content,
        b"PAR1" + content,
        b"[" + content,
    ):
        try:
            records = read(sent)
        except Malformed:
            continue
        assert all(isinstance(record, Feature | Rejected) for record in records)


def parquet(**columns: object) -> bytes:
    """Write a Parquet file."""
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), out)
    return out.getvalue()


@settings(max_examples=60)
@given(st.integers(0, 2000), st.integers(0, 255))
def test_a_damaged_parquet_file_is_rows_or_malformed(place: int, value: int) -> None:
    """One byte changed anywhere never gets past the parser as another error."""
    content = bytearray(parquet(id=["1", "2"], created_date=["2022-01-01", "2022-01-02"]))
    content[place % len(content)] = value
    try:
        records = read(bytes(content))
    except Malformed:
        return
    assert all(isinstance(record, Feature | Rejected) for record in records)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "unique_key",
        "created_date",
        "closed_date",
        "status",
        "latitude",
        "longitude",
        "location",
        ":updated_at",
    ]
)
PLACES = JSON | st.fixed_dictionaries(
    {"type": st.sampled_from(["Point", "Polygon", "Circle"]), "coordinates": JSON}
)


@given(st.lists(st.dictionaries(NAMES, PLACES, max_size=8) | JSON, max_size=4))
def test_a_json_row_of_any_shape_gives_one_record(rows: list[object]) -> None:
    """Whatever stands in a row, it becomes one feature or one rejection."""
    assert len(rows) == len(read(orjson.dumps(rows)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"<html><body>Service unavailable</body></html>", "markup"),
        (b"one column\n1\n", "1 column"),
        (b"a,b\0c\n", "no text"),
        (b'{"error": true, "message": "Invalid SoQL query"}', "Invalid SoQL query"),
        (b"[1, 2", "not JSON"),
        (gzip.compress(b"id,created_date\n1,2022-01-01\n", mtime=0)[:-6], "ended before|end-of-stream"),
    ],
)
def test_what_is_no_table_says_why(content: bytes, said: str) -> None:
    """An admin reads what came instead of the data."""
    with pytest.raises(Malformed, match=said):
        read(content)


def test_every_text_form_gives_the_same_row() -> None:
    """Encodings, marks and delimiters are habits of portals, not content."""
    text = "Case ID;Opened;Category;Latitude;Longitude\r\n1;2022-01-21 13:47:00;Fußweg;42.1;-71.1\r\n"
    forms = [
        text.encode(),
        text.encode("utf-8-sig"),
        text.encode("utf-16"),
        text.encode("cp1252"),
        gzip.compress(text.encode()),
    ]
    forms += [text.replace(";", other).encode() for other in (",", "\t", "|")]

    assert [read(forms[0])] * len(forms) == [read(form) for form in forms]
    assert "Fußweg" == read(forms[0])[0].title  # type: ignore[union-attr]


def test_the_portals_own_json_and_geojson_are_rows_too() -> None:
    """Exports come as lists, as features, and as columns described in `meta`."""
    portal = {
        "meta": {"view": {"columns": [{"fieldName": "case_id"}, {"fieldName": "opened"}]}},
        "data": [["7", "2022-01-21"], ["8"]],
    }
    geojson = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"case_id": "7", "opened": "2022-01-21"},
                "geometry": {"type": "Point", "coordinates": [-71.1, 42.1]},
            },
            {"type": "Feature", "properties": None, "geometry": None},
        ],
    }
    first, short = read(orjson.dumps(portal))
    placed, nothing = read(orjson.dumps(geojson))

    assert ("7", "7") == (first.external_id, placed.external_id)
    assert {"type": "Point", "coordinates": [-71.1, 42.1]} == placed.geometry  # type: ignore[union-attr]
    assert ["not_an_object", "no_identity"] == [short.reason, nothing.reason]  # type: ignore[union-attr]


def test_columns_of_other_languages_and_unknown_names_are_found() -> None:
    """A city names its columns in its own words; what no name tells stands in the cells."""
    french = "Numéro;Date de création;Statut;Catégorie;Latitude;Longitude\n7;2024-03-01 10:00:00;fermé;Voirie;45.5;-73.6\n"
    unknown = "vak;zaak_nr;binnen_op\nA;Z-1;13/02/2024 10:00\nA;Z-2;14/02/2024 11:00\n"
    (first,) = read(french.encode())
    second, third = read(unknown.encode())

    assert ("7", "closed", "Voirie") == (first.external_id, first.status, first.title)  # type: ignore[union-attr]
    assert ["Z-1", "Z-2"] == [second.external_id, third.external_id]
    assert (13, 2) == (second.starts_at.day, second.starts_at.month)  # type: ignore[union-attr]


def test_days_first_can_be_told_when_the_data_cannot_tell() -> None:
    """03/04/2022 alone decides nothing: the option does, and months come first without it."""
    content = b"case_id,opened\n1,03/04/2022\n"
    first, second = read(content)[0], read(content, day_first=True)[0]

    assert (3, 4) == (first.starts_at.month, second.starts_at.month)  # type: ignore[union-attr]


def test_rows_without_an_identifier_are_known_by_their_content() -> None:
    """Two equal rows are one thing; a changed row is another."""
    rows = read(b"Created Date,Request Type\n2022-01-01,Tree\n2022-01-01,Tree\n2022-01-02,Tree\n")

    assert 2 == len({row.external_id for row in rows})


def test_an_empty_page_ends_the_run_and_keeps_the_cursor() -> None:
    """Nothing new is a success, and the next run asks for the same."""
    cursor = {"updated_at": "2026-11-20T10:06:00.000Z", "id": "row-1"}
    feed = source("socrata", "https://data.example/resource/x.json", cursor=cursor)
    driven = drive(connector("socrata").plan(feed), {"https://data.example/resource/x.json": b"[]"})

    assert (1, cursor) == (len(driven.requests), driven.cursor)


def test_a_service_without_system_fields_is_paged_by_offset() -> None:
    """Some answer `$select=:*,*` without them: pages are then counted, and each run reads all."""
    page = b'[{"id": "1"}, {"id": "2"}]'
    feed = source(
        "socrata", "https://data.example/resource/x.json", page_size=2, max_pages=3, start="2026-01-01"
    )
    driven = drive(connector("socrata").plan(feed), {"https://data.example/resource/x.json": page})

    assert [None, "2", "4"] == [request.params.get("$offset") for request in driven.requests]


def test_a_quote_in_a_cursor_stays_inside_its_literal() -> None:
    """What a publisher wrote never becomes part of the query's language."""
    feed = source(
        "socrata", "https://data.example/resource/x.json", cursor={"updated_at": "2026' OR '1'='1", "id": "x"}
    )
    driven = drive(connector("socrata").plan(feed), {"https://data.example/resource/x.json": b"[]"})

    assert "2026'' OR ''1''=''1'" in driven.requests[0].params["$where"]


def test_moments_finer_than_a_microsecond_are_cut() -> None:
    """Data frames are written with nanoseconds, which no clock of ours has."""
    moments = pyarrow.array([1_700_000_000_123_456_789, None], pyarrow.timestamp("ns"))
    first, second = read(parquet(id=["1", "2"], created_date=moments))

    assert 123_456 == first.starts_at.microsecond  # type: ignore[union-attr]
    assert second.starts_at is None  # type: ignore[union-attr]
