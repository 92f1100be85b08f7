"""The Socrata connector on recorded exports of real cities."""

import gzip
import io
import re
from datetime import UTC, datetime

import orjson
import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.feeds.connector import Feature, Malformed, Record, Rejected
from tasks.feeds.reading import delimited
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
    if recording.ends_badly:
        with pytest.raises(Malformed):
            read(recording.path)
        return
    check_recording(recording, read(recording.path))


@pytest.mark.parametrize("recording", recordings("socrata-311"))
def test_recorded_rows_are_told_apart_and_placed_as_counted(recording: Recording) -> None:
    """Distinct ids and located rows are as many as the manifest counted, less at most the rows set aside."""
    if recording.ends_badly:
        pytest.skip("no table")
    records = read(recording.path)
    features = [record for record in records if isinstance(record, Feature)]
    aside = len(records) - len(features)
    distinct = re.search(r"distinct [^;]+? (\d+)(?:;|$)", recording.facts)
    located = re.search(r"coords (\d+)/", recording.facts)

    assert aside <= max(1, len(records) / 10)
    assert all(feature.title for feature in features)
    assert any(feature.starts_at for feature in features) or not features
    if distinct:
        counted = int(distinct.group(1))
        assert counted - aside <= len({feature.external_id for feature in features}) <= counted
    if located and recording.bbox:
        west, south, east, north = recording.bbox
        # Rows at 0,0, which is no place, were counted where the bounds hold it.
        least = 0 if west <= 0 <= east and south <= 0 <= north else int(located.group(1)) - aside
        assert least <= len(list(positions(features))) <= int(located.group(1))


@pytest.mark.parametrize("recording", recordings("socrata-311"))
def test_a_recorded_export_reads_the_same_twice(recording: Recording) -> None:
    """Parsing has no memory: the same bytes give the same records."""
    if recording.ends_badly:
        pytest.skip("no table")
    assert read(recording.path) == read(recording.path)


def without_order(records: list[Record]) -> set[tuple[str, object]]:
    """Return what the features say, without where they stood."""
    return {(record.external_id, record.starts_at) for record in records if isinstance(record, Feature)}


@pytest.mark.parametrize("recording", recordings("socrata-311"))
def test_rows_in_another_order_are_the_same_rows(recording: Recording) -> None:
    """Identity and times do not depend on a row's place in the file."""
    if recording.path.suffix not in (".csv", ".tsv") or recording.ends_badly:
        pytest.skip("only text can be turned round here")
    content = recording.path.read_bytes()
    layout = delimited.layout(content, recording.name)
    header, *rows = content.splitlines(keepends=True)
    if layout.above or not layout.encoding.startswith("utf-8"):
        pytest.skip("the header is not the first line, or a line's end is no byte")
    if not rows or b'"' in b"".join(rows) or not rows[-1].endswith(b"\n"):
        pytest.skip("there are none, or a quoted cell may hold lines: rows cannot be turned round by lines")
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
    """Whatever stands in a row, it becomes one feature or one rejection; of two lists the first is a header."""
    assume(not all(isinstance(row, list) for row in rows[:2]) or len(rows) < 2)
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


@pytest.mark.parametrize("is_list", [False, True])
def test_an_address_may_stand_within_a_place(is_list: bool) -> None:
    """Location columns of before 2015 hold both; the portal's own JSON lists them."""
    told = '{"address": "10 Main St", "city": "Springfield", "state": "IL", "zip": "62701"}'
    degrees = ["39.8", "-89.6"]
    place = [told, *degrees, None, False] if is_list else {
        "latitude": degrees[0], "longitude": degrees[1], "human_address": told, "needs_recoding": False,
    }  # fmt: skip
    rows = [
        {"id": "1", "location": place},
        {"id": "2", "location": {"human_address": '{"address": "", "city": ""}'}},
    ]
    found, none = read(orjson.dumps(rows))

    assert isinstance(found, Feature)
    assert ("10 Main St, Springfield, IL 62701", [-89.6, 39.8]) == (
        found.address, (found.geometry or {})["coordinates"]
    )  # fmt: skip
    assert None is getattr(none, "address", "")


def test_a_row_without_an_identifier_is_the_same_beside_any_other() -> None:
    """JSON leaves out what is null, so that other rows tell which columns there are; the system's change by themselves."""
    rows = [
        {":updated_at": "2026-01-01T00:00:00Z", "opened": "2026-01-02", "type": "Noise"},
        {
            "opened": "2026-01-02",
            "ward": "7",
            "type": "Noise",
            "location": {"latitude": "1", "longitude": "2"},
        },
    ]
    again = [
        {":updated_at": "2026-02-01T00:00:00Z", ":id": f"row-{at}", **row} for at, row in enumerate(rows)
    ]
    told, turned = (
        [getattr(one, "external_id", None) for one in read(orjson.dumps(sent))]
        for sent in (rows, again[::-1])
    )

    assert told == turned[::-1]
    assert 2 == len(set(told))


def test_a_service_without_system_fields_is_paged_by_offset() -> None:
    """Some answer `$select=:*,*` without them: pages are then counted, and each run reads all."""
    page = b'[{"id": "1"}, {"id": "2"}]'
    feed = source(
        "socrata", "https://data.example/resource/x.json", page_size=2, max_pages=3, start="2026-01-01"
    )
    driven = drive(connector("socrata").plan(feed), {"https://data.example/resource/x.json": page})

    assert [None, "2", "4"] == [request.params.get("$offset") for request in driven.requests]


COPIED = "https://data.example/resource/x"


@pytest.mark.parametrize("ending", [".json", ".csv", ".geojson"])
def test_an_address_that_was_copied_with_its_query_is_read_page_by_page(ending: str) -> None:
    """By itself it would give a thousand rows of any order, or however many it asks for."""
    url = f"{COPIED}{ending}?$where=status='Open'&agency=NYPD&$limit=50000&$order=unique_key&$select=unique_key,status"
    feed = source("socrata", url, start="2026-01-01", where="ward = 5")
    (asked,) = drive(connector("socrata").plan(feed), {f"{COPIED}.json": b"[]"}).requests

    assert f"{COPIED}.json" == asked.url
    assert {
        "agency": "NYPD", "$limit": "5000", "$order": ":updated_at,:id", "$select": ":id,:updated_at,unique_key,status",
        "$where": "(ward = 5) AND (status='Open') AND (:updated_at > '2026-01-01')",
    } == asked.params  # fmt: skip


@pytest.mark.parametrize("query", ["$group=ward&$select=ward,count(*)", "$query=SELECT ward"])
def test_rows_that_are_counted_together_are_one_answer(query: str) -> None:
    """They have no id and no time of change of their own."""
    url = f"{COPIED}.json?{query}"
    (asked,) = drive(connector("socrata").plan(source("socrata", url)), {url: b"[]"}).requests

    assert (url, {}) == (asked.url, asked.params)


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


@pytest.mark.parametrize(
    ("status", "word"),
    [
        *(
            (said, "closed")
            for said in ("Terminé", "TERMINÉE", "Résolu", "traitée", "Clôturé", "annulé", "erledigt")
        ),
        *(
            (said, "closed")
            for said in ("Gelöst", "Abgeschlossen", "afgehandeld", "Opgelost", "cerrado", "Resuelto")
        ),
        *(
            (said, "closed")
            for said in ("finalizado", "chiuso", "Risolta", "Evasa", "Encerrado", "Tancada", "Closed")
        ),
        *(
            (said, "closed")
            for said in ("Rejected", "Declined", "Archived", "no_further_action", "Unable to fix", "solved")
        ),
        *(
            (said, "closed")
            for said in ("Lukket", "Avslutad", "Åtgärdad", "Suljettu", "Zakończone", "Zamknięte")
        ),
        *(
            (said, "open")
            for said in ("En traitement", "Terminiert", "in Bearbeitung", "abierto", "Aperta", "Terminer")
        ),
        *(
            (said, "open")
            for said in ("Åtgärdas", "Unresolved", "Incompleto", "Resolution pending", "niet afgehandeld")
        ),
    ],
)
def test_what_is_closed_is_known_in_the_languages_of_cities(status: str, word: str) -> None:
    """With accents and without, and what merely sounds like it is open."""
    (row,) = read(f"case_id,opened,status\n1,2022-01-21,{status}\n".encode())

    assert word == row.status  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1577836800", datetime(2020, 1, 1, tzinfo=UTC)),
        ("1577836800000", datetime(2020, 1, 1, tzinfo=UTC)),
        ("1577836800500", datetime(2020, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)),
        ("2-Jan-2024", datetime(2024, 1, 2, 5, tzinfo=UTC)),
        ("02 January 2024 15:04", datetime(2024, 1, 2, 20, 4, tzinfo=UTC)),
        ("2-JAN-24 03:04:05 PM", datetime(2024, 1, 2, 20, 4, 5, tzinfo=UTC)),
        ("NULL", None),
        ("N/A", None),
    ],
)
def test_times_of_databases_are_read(text: str, expected: datetime | None) -> None:
    """Seconds and milliseconds since 1970, days with a written month between, and words for nothing."""
    (row,) = read(
        f"case_id,opened,status\n1,{text},Open\n".encode(),
        fields={"external_id": "case_id", "created_at": "opened"},
    )

    assert expected == row.starts_at  # type: ignore[union-attr]


def test_columns_full_of_words_for_nothing_and_of_numbers_are_still_found() -> None:
    """A column of NULLs with one time in it is a column of times; a JSON number is a time too."""
    text = "case_id,opened,closed_date\n" + "".join(
        f"{n},2022-01-21,{'NULL' if n else '2022-01-22'}\n" for n in range(9)
    )
    first, *others = read(text.encode())
    (posix,) = read(orjson.dumps([{"case_id": 1, "created": 1577836800}]))

    assert (22, None) == (first.ends_at.day, others[0].ends_at)  # type: ignore[union-attr]
    assert datetime(2020, 1, 1, tzinfo=UTC) == posix.starts_at  # type: ignore[union-attr]


def test_an_id_that_says_nothing_is_none() -> None:
    """Two thousand requests are not one of the name NULL."""
    rows = read(b"case_id,opened\n1,2022-01-21\nNULL,2022-01-21\nN/A,2022-01-22\n")

    assert [None, "no_identity", "no_identity"] == [getattr(row, "reason", None) for row in rows]


@pytest.mark.parametrize(
    ("place", "lon", "lat"),
    [
        ('"1 Main St\nChicago, IL 60601\n(41.88, -87.63)"', -87.63, 41.88),
        ('"1 Main St (rear) (41.88,-87.63)"', -87.63, 41.88),
    ],
)
def test_a_place_that_ends_an_address_is_read(place: str, lon: float, lat: float) -> None:
    """Portals export their location columns so."""
    (row,) = read(f"case_id,opened,Location\n1,2022-01-21,{place}\n".encode())

    assert {"type": "Point", "coordinates": [lon, lat]} == row.geometry  # type: ignore[union-attr]
    assert row.address.startswith("1 Main St")  # type: ignore[union-attr]


def test_degrees_with_a_decimal_comma_and_words_for_nothing_are_read() -> None:
    """What a spreadsheet of half of Europe writes."""
    first, second = read(b"case_id;opened;lat;lon\n1;2022-01-21;45,5;-73,25\n2;2022-01-21;NULL;N/A\n")

    assert {"type": "Point", "coordinates": [-73.25, 45.5]} == first.geometry  # type: ignore[union-attr]
    assert (None, None) == (getattr(second, "reason", None), second.geometry)  # type: ignore[union-attr]


def test_the_location_lists_of_the_portals_own_json_are_places() -> None:
    """An address as JSON, latitude, longitude, and two things for machines."""
    portal = {
        "meta": {
            "view": {
                "columns": [{"fieldName": "case_id"}, {"fieldName": "opened"}, {"fieldName": "location"}]
            }
        },
        "data": [
            ["7", "2022-01-21", ['{"address":"1 Main St"}', "41.88", "-87.63", None, False]],
            ["8", "2022-01-21", [None, None, None, None, None]],
        ],
    }
    first, second = read(orjson.dumps(portal))

    assert {"type": "Point", "coordinates": [-87.63, 41.88]} == first.geometry  # type: ignore[union-attr]
    assert None is second.geometry  # type: ignore[union-attr]


def test_the_id_of_a_geojson_feature_is_the_rows() -> None:
    """Unless the city has a better one."""
    shape = {"type": "Point", "coordinates": [1, 2]}
    features = [
        {"type": "Feature", "id": n, "properties": {"opened": "2022-01-21", "objectid": 9}, "geometry": shape}
        for n in (1, 2)
    ]
    rows = read(orjson.dumps({"type": "FeatureCollection", "features": features}))
    features[0]["properties"] |= {"case_id": "7"}  # type: ignore[operator]
    named = read(orjson.dumps({"type": "FeatureCollection", "features": features[:1]}))

    assert ["1", "2", "7"] == [row.external_id for row in (*rows, *named)]


def test_rows_as_lines_of_json_are_rows() -> None:
    """A broken line is one row set aside."""
    content = b'{"case_id": "1", "opened": "2022-01-21"}\n\n{"case_id": "2", "open\n{"case_id": "3", "opened": "2022-01-22"}\n'
    first, broken, third = read(content)

    assert ("1", "3") == (first.external_id, third.external_id)
    assert isinstance(broken, Rejected)
    with pytest.raises(Malformed, match="not JSON"):
        read(b'{"case_id": \n{"case_id": "2"}\n')


@pytest.mark.parametrize(
    "above",
    [
        "sep=;\n",
        "311 requests\n",
        "311 requests\n\nAs of 2024-01-01, all wards\n",
        "311 requests;;;\n",
        '"311; in two\nlines"\n',
    ],
)
def test_lines_above_the_header_are_passed_over(above: str) -> None:
    """The title of a report, a spreadsheet's hint of its delimiter."""
    table = "case_id;opened;status;notes\n1;2022-01-21;closed;a\n2;2022-01-22;open;\n"

    assert read(table.encode()) == read((above + table).encode())


def test_a_header_that_its_rows_do_not_fit_is_still_the_header() -> None:
    """Rows of another width are set aside; they make no title of the header."""
    rows = read(b"case_id,opened\n1,2022-01-21,x\n2,2022-01-22\n3,2022-01-22,x\n")

    assert ["bad_width", None, "bad_width"] == [getattr(row, "reason", None) for row in rows]


TABLE = "case_id,opened,status,notes\n" + "".join(f"{n},2022-01-{n:02d},open,lamp\n" for n in range(1, 21))


@pytest.mark.parametrize(
    "changed",
    [
        TABLE.replace("lamp\n", "lamp,\n"),
        TABLE.replace("lamp\n", "lamp,,,\n"),
        TABLE.replace("notes\n", "notes,\n"),
        TABLE.replace("notes\n", "notes,,\n"),
    ],
)
def test_delimiters_that_end_lines_are_no_columns(changed: str) -> None:
    """Some programs write one behind the last cell, or behind the last name, and nothing after it."""
    assert [
        (row.external_id, row.starts_at, row.status)  # type: ignore[union-attr]
        for row in read(TABLE.encode())
    ] == [(row.external_id, row.starts_at, row.status) for row in read(changed.encode())]  # type: ignore[union-attr]


def test_rows_without_their_last_empty_cells_are_whole() -> None:
    """Excel leaves them out of each sixteen rows that all lack them (support article 77295)."""
    lines = TABLE.replace("lamp", "").splitlines()
    cut = "\n".join([*lines[:16], *(line.removesuffix(",") for line in lines[16:])])

    assert read("\n".join(lines).encode()) == read(cut.encode())


def test_the_halves_of_broken_rows_are_none() -> None:
    """Text with unquoted line ends breaks its rows always at the same column: neither half is one."""
    rows = read(TABLE.replace(",open,", ",op\nen,").encode())

    assert {"bad_width"} == {row.reason for row in rows}  # type: ignore[union-attr]
    assert 40 == len(rows)


def test_a_table_in_big5_is_read_and_one_in_latin_letters_is_not_taken_for_it() -> None:
    """Taiwan's portals still write it."""
    text = "案件編號,建立日期,狀態,主旨\n" + "".join(
        f"{n},2024-01-02,處理中,路燈不亮請派員修復\n" for n in range(1, 4)
    )
    latin = "numéro,date de création,catégorie\n1,2024-01-02,Éclairage dégradé à l'été\n"

    assert "路燈不亮請派員修復" in str(read(text.encode("big5"))[0])
    assert "Éclairage dégradé à l'été" == read(latin.encode("cp1252"))[0].title  # type: ignore[union-attr]
