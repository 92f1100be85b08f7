"""Documents of JSON that are too long to be held: they say what they would say whole, in the memory of a few blocks."""

import gzip
import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.feeds.connector import Malformed
from tasks.feeds.reading import long_json, long_lists, table_json, tables
from tasks.feeds.reading.long_json import Inseparable
from tests.support.feeds import payload

ROWS = [{"id": n, "title": f'a "]}}[{{\\ of {n}', "tags": [n, {"é": None}]} for n in range(20)]
POINT = {"type": "Point", "coordinates": [121_000, 487_000]}
FEATURES = [{"type": "Feature", "id": n, "properties": {"a": n}, "geometry": POINT} for n in range(20)]
CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
LISTS = [[n, f"row {n}"] for n in range(20)]
META = {"view": {"columns": [{"fieldName": "id"}, {"fieldName": "title"}]}}
FIELDS = [{"id": "id"}, {"id": "title"}]
#: Documents as portals answer, of which each has one long list.
ANSWERS = [
    ROWS,
    {"features": FEATURES},
    {"type": "FeatureCollection", "crs": CRS, "features": FEATURES},
    {"features": [*FEATURES, None, 1], "crs": CRS, "note": "behind"},
    {"success": True, "result": {"records": ROWS, "fields": []}},
    {"result": {"features": FEATURES}},
    {"result": {"records": LISTS, "fields": FIELDS}},
    {"meta": META, "data": [*LISTS, ["short"], {"id": 1}]},
    {"columns": ["id", "title"], "rows": LISTS},
    [["id", "title"], *LISTS, [1, 2, 3], "none"],
    {"total_count": 20, "results": [{"recordid": "x", "fields": row, "geometry": POINT} for row in ROWS]},
    {"count": 20, "requests": ROWS},
    {"count": 20, "requests": [*ROWS, "none"]},
    {"message": "nothing today", "strings": ["none"] * 20},
    FEATURES,
]
WORDS = st.text(st.sampled_from('ab"\\[]{},:é😀\n\x1e '), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99) | st.floats(allow_nan=False) | WORDS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(WORDS, inside, max_size=3),
    max_leaves=6,
)
NAMES = (
    st.sampled_from(["id", "title", "fields", "features", "data", "result", "meta", "crs", "type", "é"])
    | WORDS
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=4)
LONG = st.lists(OBJECTS | OBJECTS | VALUES, min_size=2, max_size=9) | st.just(FEATURES) | st.just(LISTS)
DOCUMENTS = (
    LONG
    | st.dictionaries(NAMES, VALUES | LONG, max_size=4)
    | st.builds(lambda held: {"result": held}, st.dictionaries(NAMES, VALUES | LONG, max_size=4))
    | st.sampled_from(ANSWERS)
)


@st.composite
def contents(draw: st.DrawFn) -> bytes:
    """Write a document in one of many ways, or lines of it; now and then a byte is not what it should be."""
    ascii_only, indent = draw(st.booleans()), draw(st.sampled_from([None, 0, 2]))
    if draw(st.booleans()):
        text = json.dumps(draw(DOCUMENTS), ensure_ascii=ascii_only, indent=indent)
    else:
        end = draw(st.sampled_from(["\n", "\r\n", "\r", "\x1e", "\n\x1e", "\n \n"]))
        text = end.join(json.dumps(row, ensure_ascii=ascii_only) for row in draw(LONG))
    text = (
        draw(st.sampled_from(["", "\ufeff", "\x1e", " \n"]))
        + text
        + draw(st.sampled_from(["", "\n", "", "]"]))
    )
    content = text.encode("utf-8", "replace")
    if draw(st.integers(0, 3)) == 0:
        at = draw(st.integers(0, len(content)))
        content = (
            content[:at]
            + draw(st.sampled_from([b"", b",", b"]", b'"', b"\\", b"\xc3", b"NaN"]))
            + content[at + 1 :]
        )
    return content


def whole(content: bytes) -> str:
    """Tell what a document says that is held."""
    try:
        names, rows = table_json.rows_of(content, "p")
    except Malformed:
        return "malformed"
    return repr((names, list(rows)))


def apart(content: bytes) -> str:
    """Tell what a document says that is read in blocks; once there are rows, nothing is wrong with any of them."""
    try:
        names, rows = table_json.rows_of_long(lambda: io.BytesIO(content), "p")
    except Malformed:
        return "malformed"
    return repr((names, list(rows)))


@settings(max_examples=100, deadline=None)
@given(content=contents(), size=st.integers(1, 40))
def test_a_document_in_blocks_says_what_it_says_whole(content: bytes, size: int) -> None:
    """Wherever blocks end, within texts, escapes and letters too, and whatever is wrong with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_lists, "BLOCK_BYTES", size)
        try:
            said = apart(content)
        except Inseparable:
            return

    assert whole(content) == said


@pytest.mark.parametrize("size", [7, 64])
@pytest.mark.parametrize("document", ANSWERS, ids=lambda document: ",".join(map(str, document))[:30])
def test_what_portals_answer_is_read_in_blocks(
    document: Any, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of it has to be read whole."""
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", size)
    for content in (
        json.dumps(document).encode(),
        json.dumps(document, indent=1, ensure_ascii=False).encode(),
    ):
        assert whole(content) == apart(content)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\x1e"])
def test_lines_are_read_in_blocks(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is no JSON is set aside, as in a document that is held."""
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 7)
    content = end.join([*map(json.dumps, FEATURES), "none", '{"id": 1']).encode()

    assert "BadRow" in apart(content)
    assert whole(content) == apart(content)


@pytest.mark.parametrize(
    "wrong",
    [
        (b'"id": 19', b'"id": 19x'),
        (b'{"id": 19', b', {"id": 19'),
        (b"}]}", b"},]}"),
        (b"}]}", b"}]"),
        (b"}]}", b"}"),
        (b"}]}", b"}}"),
        (b"}]}", b"}]} more"),
        (b"}]}", b'}], "a": }'),
        (b"}]}", b"}]}[]"),
        (b'{"id": 19', b'{"id": 19, "a": ' + b"[" * 99 + b"]" * 99 + b"}, {"),
    ],
    ids=lambda wrong: wrong[1][:16],
)
def test_what_is_wrong_in_a_long_document_is_found_before_a_row_is_given(
    wrong: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of half a document would stand for all of them."""
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 64)
    rows = [{"id": n, "title": f"a row {n}"} for n in range(20)]
    content = json.dumps({"count": 20, "rows": rows}).encode().replace(*wrong)

    with pytest.raises(Malformed):
        table_json.rows_of_long(lambda: io.BytesIO(content), "p")


def test_letters_in_the_old_western_set_are_mended_in_every_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few of them in a document in UTF-8, as in one that is held; a group alone would be in another set."""
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 64)
    rows = [{"id": n, "title": "Straße" * 9} for n in range(200)]
    content = json.dumps({"rows": rows}, ensure_ascii=False).encode()
    content = content.replace("Straße".encode(), "Ulica Łódź".encode("cp1250"), 2)

    assert whole(content) == apart(content)


def test_a_row_that_is_no_json_is_told_by_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of sixty megabytes nobody looks through all."""
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 64)
    content = b'[{"id": 1, "title": "one"}, ' + b" " * 100 + b'{"id": 2, "title": two}]'

    with pytest.raises(Malformed, match=r"p: from byte 26: not JSON: .* \(char 121\)"):
        table_json.rows_of_long(lambda: io.BytesIO(content), "p")


@pytest.mark.parametrize(
    "document",
    [
        {"features": FEATURES, "other": ["a text of no row"] * 300},
        {
            "type": "Feature",
            "properties": {"id": 1},
            "geometry": {"coordinates": [[n, n] for n in range(99)]},
        },
        [[ROWS]],
        [{"id": 1, "title": "x" * 9000}, *ROWS],
        json.dumps([{"id": n, "title": "表示"} for n in range(50)], ensure_ascii=False).encode("shift-jis"),
    ],
    ids=["other rows are longer", "a feature alone", "lists around", "a row too long", "not UTF-8"],
)
def test_what_cannot_be_read_apart_is_read_whole(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says comes first."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 64)
    monkeypatch.setattr(long_json, "_LONGEST_BYTES", 8000)
    with pytest.raises(Inseparable):
        apart(content)
    monkeypatch.setattr(long_json, "MOST_HELD_BYTES", 100)

    try:
        table = tables.load(payload(content, "p"))
        said = repr((table.names, list(table.rows)))
    except Malformed:
        said = "malformed"
    assert whole(content) == said


@pytest.mark.parametrize("between", [",", "\n"])
def test_a_long_document_has_so_many_rows(between: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for what a few packed megabytes can hold."""
    monkeypatch.setattr(long_json, "MOST_ROWS", 100)
    monkeypatch.setattr(long_lists, "BLOCK_BYTES", 64)
    texts = [between.join(['{"id": 1}'] * count) for count in (100, 102)]
    most, more = ((f"[{text}]" if between == "," else text).encode() for text in texts)

    assert whole(most) == apart(most)
    with pytest.raises(Malformed, match="p: more than 100 rows"):
        table_json.rows_of_long(lambda: io.BytesIO(more), "p")


def test_a_long_document_is_never_held() -> None:
    """Not its bytes, nor its rows: only some groups of them are there at once."""
    feature = json.dumps(
        {"type": "Feature", "properties": {"id": 1, "note": "words " * 20}, "geometry": POINT}
    )
    count = 5_000_000 // len(feature)
    content = gzip.compress(('{"features": [' + ",".join([feature] * count) + "]}").encode(), 1)
    tracemalloc.start()
    try:
        rows = sum(1 for _ in tables.load(payload(content, "p")).rows)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == rows
    assert peak_bytes < 10_000_000
