"""A mapping that is wrong says so before it harms."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Permanent
from shared.feeds.options import problems
from tasks.feeds.connector import Feature, Malformed, Rejected, Thing
from tasks.feeds.connectors.mapping import connector
from tasks.feeds.reading import long_json, long_lists
from tasks.feeds.storing.intake import Chunk
from tests.support.feeds import parse, payload, source

ROWS = b'[{"id": 1, "Unique Key": "k1"}]'


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"fields": {"external_id": "id", "colour": "x"}}, "colour"),
        ({"fields": {"title": "id"}}, "needs an external_id"),
        ({"fields": {"external_id": "id ["}}, "expression"),
        ({"record": "planet", "fields": {"external_id": "id"}}, "planet"),
        ({"fields": ["external_id"]}, "no table of names"),
        ({"rows": "][", "fields": {"external_id": "id"}}, "expression"),
        ({"fields": {"external_id": None}}, r"options\.fields\.external_id .*no text"),
        ({"fields": {"external_id": "id", "title": {"a": 1}}}, r"options\.fields\.title .*no text"),
        ({"fields": {"external_id": "a|" * 300 + "a"}}, "longer than 500"),
        ({"fields": {"external_id": "(" * 450 + "a" + ")" * 40}}, "nested too deeply|expression"),
        ({"fields": {"external_id": "nope(id)"}}, "no function 'nope'"),
        ({"fields": {"external_id": "id", "title": "a[?abs(x, y)]"}}, "abs takes 1, not 2"),
        ({"fields": {"external_id": "not_null()"}}, "not_null takes 1, not 0"),
        ({"fields": {"external_id": "id"}, "properties": {"p": "]"}}, r"options\.properties\.p "),
        ({"fields": {"external_id": "id"}, "results": {"t": {"unit": "Cel"}}}, r"options\.results\.t "),
        ({"sheet": 2, "fields": {"external_id": "id"}}, r"options\.sheet is no text"),
        ({"rows": ["id"], "fields": {"external_id": "id"}}, r"options\.rows "),
    ],
)
def test_a_wrong_mapping_fails_with_a_sentence(options: dict[str, object], said: str) -> None:
    """An admin reads which option is wrong."""
    with pytest.raises(Permanent, match=said):
        parse(source("mapping", **options), payload(ROWS))


def test_rows_that_are_not_there_are_malformed() -> None:
    """A publisher that changed its document is told from a mapping that never fitted."""
    with pytest.raises(Malformed, match="finds no list of rows"):
        parse(source("mapping", rows="data.lots", fields={"external_id": "id"}), payload(b'{"other": []}'))


@pytest.mark.parametrize(
    ("title", "encoding"),
    [
        ("Straße gesperrt, Königsplatz", "latin-1"),
        ("Дорога закрыта на ремонт", "cp1251"),
        ("Königsplatz", "utf-16"),
        ("Works on the road", "utf-16-le"),
    ],
)
def test_json_is_read_in_the_encoding_it_is_in(title: str, encoding: str) -> None:
    """Old servers write it in their own, as they do tables, whatever their header says."""
    rows = json.dumps([{"id": number, "title": title} for number in range(9)], ensure_ascii=False)
    feed = source("mapping", fields={"external_id": "id", "title": "title"})

    assert [title] * 9 == [record.title for record in parse(feed, payload(rows.encode(encoding)))]  # type: ignore[union-attr]


def test_a_name_with_spaces_is_quoted() -> None:
    """Portals name their columns for people."""
    (record,) = parse(source("mapping", fields={"external_id": '"Unique Key"'}), payload(ROWS))

    assert isinstance(record, Feature)
    assert "k1" == record.external_id


def test_an_expression_that_a_row_does_not_bear_sets_the_row_aside() -> None:
    """A function on the wrong type is the row's fault, not the run's."""
    fields = {"external_id": "id", "title": "length(id)"}
    (record,) = parse(source("mapping", fields=fields), payload(ROWS))

    assert isinstance(record, Rejected)
    assert "bad_value" == record.reason


@pytest.mark.parametrize("rows", ["sum(@)", "map(&@, @)", "max_by(@, &x)", "length(a)"])
def test_rows_that_a_document_does_not_bear_are_malformed(rows: str) -> None:
    """The document is not what the mapping was written for."""
    for document in (b"7", b"null", b'{"a": 1}', b'"x"'):
        with pytest.raises(Malformed, match="finds no list of rows"):
            parse(source("mapping", rows=rows, fields={"external_id": "id"}), payload(document))


EXPRESSIONS = st.one_of(
    st.sampled_from(
        [
            "id",
            "@",
            "*",
            "[]",
            "a.b[0]",
            "[?x==`1`]",
            "keys(@)",
            "sum(@)",
            "to_number(id)",
            "&id",
            "!id",
            "`[1]`",
            "type(@)",
        ]
    ),
    st.text(max_size=12),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.integers(), max_size=2),
)
ROWS_OF_ANY_KIND = st.lists(
    st.one_of(VALUES, st.dictionaries(st.sampled_from(["id", "a", "x"]), VALUES)), max_size=4
)


@given(
    st.sampled_from(["feature", "thing", "vehicle"]),
    st.dictionaries(
        st.sampled_from(["external_id", "title", "lon", "lat", "geometry", "observed_at", "bearing", "url"]),
        EXPRESSIONS,
    ),
    EXPRESSIONS,
    ROWS_OF_ANY_KIND,
)
def test_any_mapping_of_any_rows_is_refused_or_gives_a_record_for_each(
    record: str, fields: dict[str, str], other: str, rows: list[Any]
) -> None:
    """What is judged to be right never breaks a run, whatever the rows are."""
    options = {
        "record": record,
        "fields": fields,
        "properties": {"p": other},
        "results": {"temperature": other},
    }
    if list(problems("mapping", options)):
        return
    content = json.dumps(rows, allow_nan=True).encode()
    chunk = Chunk()
    records = parse(source("mapping", **options), payload(content))
    for one in records:
        chunk.add(one)

    assert [f"payload#{number}" for number in range(len(rows))] == list(
        dict.fromkeys(one.record for one in records)
    )


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"range": "A1:C3", "majorDimension": "ROWS", "values": rows},
    ],
    ids=["alone", "in values"],
)
def test_lists_below_a_header_are_rows(wrap: Any) -> None:
    """As spreadsheets on the web answer."""
    table = wrap([["id", "name", "lat"], ["1", "A", "41.8"], ["2", "B", ""]])
    records = parse(
        source("mapping", fields={"external_id": "id", "title": "name"}), payload(json.dumps(table).encode())
    )

    assert [("1", "A"), ("2", "B")] == [
        (one.external_id, one.title) for one in records if isinstance(one, Feature)
    ]


def test_a_list_may_end_where_its_cells_are_empty_and_not_after_the_header() -> None:
    """Spreadsheets leave empty cells out at the end of a row; a row that goes on has cells of no column."""
    table = {"values": [["id", "name"], ["1"], ["2", "B", "C"], "x", []]}
    options = {"fields": {"external_id": "id", "title": "name"}}
    short, *bad = parse(source("mapping", **options), payload(json.dumps(table).encode()))

    assert isinstance(short, Feature)
    assert "1" == short.title
    assert ["bad_width", "not_an_object", "no_identity"] == [
        one.reason for one in bad if isinstance(one, Rejected)
    ]


def parking(free: Any) -> list[Any]:  # Any: of any kind.
    """Read a car park whose free places are told so."""
    row = {"id": "p1", "lon": "8,5", "lat": "47,4", "free": free}
    options: dict[str, Any] = {
        "record": "thing", "fields": {"external_id": "id", "lon": "lon", "lat": "lat"}, "results": {"free": "free"}
    }  # fmt: skip
    return parse(source("mapping", **options), payload(json.dumps([row]).encode()))


@pytest.mark.parametrize(
    ("told", "value"), [("12,5", 12.5), (" 12 ", 12.0), ("-0,25", -0.25), ("3,1415", 3.1415)]
)
def test_a_number_may_have_a_decimal_comma(told: str, value: float) -> None:
    """As tables of half the world do."""
    _, observation = parking(told)

    assert [value] == [result.value for result in observation.results]


@pytest.mark.parametrize("told", ["N/A", "", " ", None, "null"])
def test_a_number_that_is_not_told_costs_no_station(told: str | None) -> None:
    """It is where it was; nothing was measured."""
    (thing,) = parking(told)

    assert isinstance(thing, Thing)


@pytest.mark.parametrize("told", ["1,234", "many", "45 %"])
def test_a_row_that_is_set_aside_is_named(told: str) -> None:
    """What was stored of it is still listed, and has not vanished; 1,234 may be more than a thousand, or little more than one."""
    (row,) = parking(told)

    assert isinstance(row, Rejected)
    assert ("p1", "bad_value") == (row.external_id, row.reason)


def test_attributes_of_esri_are_columns() -> None:
    """As properties of GeoJSON are."""
    document = {
        "features": [{"attributes": {"id": 7, "name": "P1"}, "geometry": {"x": 9.17, "y": 47.66}}],
        "spatialReference": {"wkid": 4326},
    }
    fields = {"external_id": "to_string(id)", "title": "name", "lon": "geometry.x", "lat": "geometry.y"}
    (record,) = parse(source("mapping", fields=fields), payload(json.dumps(document).encode()))

    assert isinstance(record, Feature)
    assert ("7", "P1", [9.17, 47.66]) == (
        record.external_id,
        record.title,
        (record.geometry or {})["coordinates"],
    )


@pytest.mark.parametrize("path", ["rows", "data.items"])
def test_rows_of_a_plain_path_are_not_held_in_a_long_document(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is the record that it is in a short one."""
    rows = [{"id": f"A-{n}", "name": "a row"} for n in range(100)]
    document = {"rows": rows, "count": 100} if path == "rows" else {"data": {"items": rows}, "count": 100}
    asked = source("mapping", rows=path, fields={"external_id": "id", "title": "name"})
    content = payload(json.dumps(document).encode())
    held = parse(asked, content)
    monkeypatch.setattr(long_json, "MOST_HELD_BYTES", 100)
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 256)
    monkeypatch.setattr(connector, "load_json", lambda payload: pytest.fail("it was held"))

    assert held == parse(asked, content)
    assert 100 == len(held)


@pytest.mark.parametrize("path", ["rows", "other", "rows[?id]", "data.rows"])
def test_what_a_path_finds_does_not_depend_on_the_length_of_a_document(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other rows than the long list's, some of its rows, or none."""
    document = {"rows": [{"id": n and str(n)} for n in range(100)], "other": [{"id": "1"}]}
    asked = source("mapping", rows=path, fields={"external_id": "id"})

    def read() -> Any:
        try:
            return parse(asked, payload(json.dumps(document).encode()))
        except Malformed as error:
            return str(error)

    held = read()
    monkeypatch.setattr(long_json, "MOST_HELD_BYTES", 100)
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 256)

    assert held == read()
