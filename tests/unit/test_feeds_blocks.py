"""Reading a table column by column gives what reading it row by row gives, byte for byte."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import numpy as np
import orjson
import pytest
import uuid_utils
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasks.feeds.connector import Feature, Payload, Source
from tasks.feeds.encoding import blocks
from tasks.feeds.encoding.rows import Row
from tasks.feeds.quality import Context
from tasks.feeds.reading import pieces
from tasks.feeds.reading.cells import BadRow
from tasks.feeds.reading.delimited import Layout
from tasks.feeds.reading.grid import Grid
from tasks.feeds.registry import connector
from tasks.feeds.storing import chunks as storing
from tasks.feeds.storing.chunks import chunks, read_block
from tasks.feeds.storing.intake import Chunk
from tasks.feeds.storing.keys import HashSet, Known
from tasks.feeds.storing.table import Writing, line_blocks
from tasks.feeds.storing.tables import TABLES

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SOCRATA = connector("socrata")
HEADER = (
    "Unique Key", "created_date", "closed_date", "status", "complaint_type", "descriptor", "incident_address",
    "latitude", "longitude", "location", "z, other", "Borough", "created",
)  # fmt: skip

LINKED = tuple("link" if name == "Borough" else name for name in HEADER)

words = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "Open",
            " closed ",
            "NULL",
            'say "so"',
            "a,b",
            "two\nlines",
            "é",
            "Terminé",
            "gelöst",
            "\x01",
            "\\u0041",
            "0",
            "\xa0",
            " \u3000a",
            "a\u2003 ",
            "a\xa0b",
            "\x1f",
            "a\x1eb",
            " " * 20 + "a" + "\t" * 12,
            " https://town.example/é ",
            "javascript:alert(1)",
            "Trees &amp; parks",
            "<p>a</p>",
            "<b>",
            "a < b & c",
            "R&D",
            "&#233;",
            "<!-- note -->",
        ]
    ),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
)
moments = st.one_of(
    st.sampled_from(
        [
            "", "  ", "01/02/2024 03:04:05 PM", "03/10/2024 02:30:00 AM", "11/03/2024 01:30:00 AM", "2024-01-02T03:04:05.678",
            "2024-01-02T03:04:05Z", "2024-01-02 03:04", "02/30/2024 01:00:00 AM", "12/31/9999 11:59:59 PM",
            "01/01/0001 12:00:00 AM", "soon", "2030-01-01T00:00:00", "2024-01-02", "Jan 2, 2024 3:04 PM",
            "01/02/2024", "13/02/2024 01:00:00 PM", "01/02/2024 00:10:00 AM", "01/02/2024 12:10:00 AM", "01/02/2024 23:10:00",
            "2024-02-30T00:00:00", "2024-01-02 24:00:00", "1899-12-31", "2200-01-01T00:00:00", "2024-11-03T01:30:00.500", "1577836800", " 1577836800000", "NULL", " N/A ", "2-Jan-2024",
        ]
    ),
    st.datetimes(datetime(2020, 1, 1), datetime(2026, 1, 1)).map(lambda at: at.strftime("%m/%d/%Y %I:%M:%S %p")),  # noqa: DTZ001
)  # fmt: skip
degrees = st.one_of(
    st.sampled_from(
        [
            "",
            "0",
            "0.0",
            " 40.7 ",
            "-73.9",
            "200",
            "nan",
            "inf",
            "1_0",
            "forty",
            "-0.0",
            "1e-7",
            "40,7",
            "NULL",
        ]
    ),
    st.floats(-95, 95).map(repr),
)
shapes = st.sampled_from(
    [
        "",
        "(40.7, -73.9)",
        "POINT (-73.9 40.7)",
        "LINESTRING (0 1, 2 3)",
        "nowhere",
        "(0, 0)",
        "1 A St\n(40.7, -73.9)",
        "N/A",
    ]
)
ids = st.one_of(st.integers(1, 30).map(str), st.sampled_from(["", " 7 ", "a\x02b", "NULL", " n/a "]))
rows = st.tuples(
    ids, moments, moments, words, words, words, words, degrees, degrees, shapes, words, words, moments
)  # fmt: skip
tables = st.lists(rows, min_size=1, max_size=40)
boxes = st.sampled_from([None, (-74.5, 40.0, -73.0, 41.0)])


@pytest.fixture(autouse=True, scope="module")
def few_are_many() -> Iterator[None]:
    """Read all that can be at once, however little it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storing, "MANY", 1)
        yield


def payload(table: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Payload:
    """A table as an export."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([header, *table])
    return export(written.getvalue())


def export(text: str) -> Payload:
    """A text as an export."""
    content = text.encode()
    return Payload("export", "https://given.example/export.csv", lambda: io.BytesIO(content), NOW)


def source(**options: Any) -> Source:
    """A feed of a city whose clocks change."""
    return Source(
        "f", "testville", "socrata", "https://given.example/export.csv", "America/New_York", options=options
    )


def features(chunk: Chunk) -> list[Row]:
    """All features of a chunk."""
    return [*(row for lines in chunk.lines for row in lines.rows()), *chunk.rows["features"].values()]


def plain(chunk_list: Sequence[Chunk]) -> list[Any]:
    """All that storing would learn of chunks, without the hashes of rows as they were sent."""
    return [
        [row._replace(source_hash=None) for chunk in chunk_list for row in features(chunk)],
        [reject for chunk in chunk_list for reject in chunk.rejects],
        sum((chunk.rejected for chunk in chunk_list), start=type(chunk_list[0].rejected)()),
        sum(chunk.others for chunk in chunk_list),
    ]


def sorted_plain(chunk_list: Sequence[Chunk]) -> list[Any]:
    """The same in an order of its own."""
    first, second, *rest = plain(chunk_list)
    return [sorted(first, key=lambda row: row.record), sorted(second, key=lambda r: r.record), *rest]


@settings(max_examples=100, deadline=None)
@given(
    table=tables,
    bbox=boxes,
    kind=st.sampled_from(["service_request", "road_work"]),
    header=st.sampled_from([HEADER, LINKED]),
)
def test_columns_give_what_rows_give(table: list[Any], bbox: Any, kind: str, header: Sequence[str]) -> None:
    """Rows, their hashes, what is set aside and what is counted are the same, whatever stands in the cells."""
    of, context = source(feature_kind=kind), Context(now=NOW, bbox=bbox)
    given_table = payload(table, header)

    one_by_one = [chunk for chunk, _ in chunks(SOCRATA.parse([given_table], of), context)]
    at_once = [chunk for chunk, _ in chunks(SOCRATA.blocks([given_table], of), context)]

    assert sorted_plain(one_by_one) == sorted_plain(at_once)


@settings(max_examples=60, deadline=None)
@given(
    days=st.lists(
        st.tuples(
            st.sampled_from(["11/20/2026", "03/08/2026", "2026-11-01T00:00:00.000", "", " ", "N/A", "11/20/2026 09:00:00 AM", "soon"]),
            st.sampled_from(["14:30:05", "1:30 AM", "02:30", " 4:05 p.m. ", "24:00", "25:00", "", "N/A", "noon"]),
        ),
        max_size=15,
    ),
    part=st.sampled_from(["created", "end"]),
)  # fmt: skip
def test_columns_give_days_with_their_clocks_as_rows_do(days: list[tuple[str, str]], part: str) -> None:
    """The clocks of days stand in a column of their own, on days on which the clocks change, too."""
    told = [("11/20/2026", "14:30")] * 200 + days
    table = [[str(n), "Open", *both, "40.7", "-73.9"] for n, both in enumerate(told)]
    given_table = payload(
        table, ("Unique Key", "status", f"{part}_date", f"{part}_time", "latitude", "longitude")
    )
    of, context = source(feature_kind="road_work"), Context(now=NOW)

    one_by_one = [chunk for chunk, _ in chunks(SOCRATA.parse([given_table], of), context)]
    at_once = [chunk for chunk, _ in chunks(SOCRATA.blocks([given_table], of), context)]

    assert sorted_plain(one_by_one) == sorted_plain(at_once)
    some = [record for record in SOCRATA.parse([given_table], of) if isinstance(record, Feature)][:200]
    assert {datetime(2026, 11, 20, 19, 30, tzinfo=UTC)} == {
        record.starts_at or record.ends_at for record in some
    }


@settings(max_examples=60, deadline=None)
@given(
    places=st.lists(
        st.sampled_from(
            ["1 A St\n(40.7, -73.9)", " é 2 \u3000(40.7,-73.9) ", "(40.7, -73.9)", "", "2 B St (rear)", "a & b (40.7, -73.9)", "c (0.0, 0.0)", "d (95.5, 1.5)"]
        ),
        max_size=15,
    )
)  # fmt: skip
def test_columns_give_addresses_with_degrees_as_rows_do(places: list[str]) -> None:
    """People read the address alone, however its row is read."""
    told = ["1 A St\n(40.7, -73.9)"] * 200 + places
    given_table = payload(
        [[str(n), "Open", where] for n, where in enumerate(told)], ("Unique Key", "status", "location")
    )
    of, context = source(), Context(now=NOW)

    one_by_one = [chunk for chunk, _ in chunks(SOCRATA.parse([given_table], of), context)]
    at_once = [chunk for chunk, _ in chunks(SOCRATA.blocks([given_table], of), context)]

    assert sorted_plain(one_by_one) == sorted_plain(at_once)


def test_most_rows_of_a_real_table_are_read_at_once() -> None:
    """The proof above would hold of a path that is never taken."""
    table = [
        [str(n), "01/02/2024 03:04:05 PM", "", "Open", "Noise", "loud, very", "1 A St", "40.7", "-73.9", "", "z", "B", ""]
        for n in range(50)
    ]  # fmt: skip
    (block,) = SOCRATA.blocks([payload(table)], source())
    assert isinstance(block, blocks.Block)

    found = read_block(block, Context(now=NOW), None)

    assert (50, []) == (found.lines.size, found.alone)


def test_texts_that_end_a_piece_may_begin_markup() -> None:
    """Nothing is behind the last cell of all."""
    grid = Grid(pieces.Piece(f"a&{pieces.CELL}b<{pieces.ROW}".encode(), {}), 2, ",")

    assert grid.marked_up is None


def test_known_rows_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a payload in which one row changed that row is read."""
    table = [[str(n), "", "", "Open", "Noise", "", "", "40.7", "-73.9", "", "z", "B", ""] for n in range(9)]
    (block,) = SOCRATA.blocks([payload(table)], source())
    assert isinstance(block, blocks.Block)
    known = Known(HashSet(block.hashes()))
    table[4][5] = "louder"

    ((chunk, _),) = chunks(SOCRATA.blocks([payload(table)], source()), Context(now=NOW), known)

    assert [str(n) for n in range(9) if n != 4] == [id_ for same in chunk.same for id_ in same.ids]
    assert ["4"] == [row.external_id for row in features(chunk)]


@pytest.mark.parametrize(
    "differs", [{"timezone": "Europe/Paris"}, {"feature_kind": "event"}, {"fields": {"external_id": "Unique Key"}}]
)  # fmt: skip
def test_another_reading_of_a_row_has_another_hash(differs: dict[str, Any]) -> None:
    """A row is known only as it was read: other options, and it is read again."""
    table = [[str(n), "", "", "Open", "Noise", "", "", "40.7", "-73.9", "", "z", "B", ""] for n in range(9)]
    (one,) = SOCRATA.blocks([payload(table)], source())
    (other,) = SOCRATA.blocks([payload(table)], source(**differs))
    assert isinstance(one, blocks.Block)
    assert isinstance(other, blocks.Block)

    assert not np.intersect1d(one.hashes(), other.hashes()).size


def grids(content: bytes, width: int = 2, encoding: str = "utf-8") -> Iterator[Grid]:
    """A file without a header, as grids."""
    parts = pieces.pieces(pieces.texts(io.BytesIO(content), Layout(encoding, ","), 0), ",", width)
    return (Grid(piece, width, ",") for piece in parts)


@settings(max_examples=300, deadline=None)
@given(
    text=st.text(st.sampled_from('a,"\r\n \t;é\x1e\x1f\xa0'), max_size=60), size=st.integers(1, 40),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)  # fmt: skip
def test_files_are_split_as_csv_reads_them(text: str, size: int, encoding: str) -> None:
    """Rows are those that the reader of the library gives, whatever surrounds them and wherever a piece ends."""
    assume(_quotes_end(text))
    expected = list(csv.reader(io.StringIO(text, newline="")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PIECE_BYTES", size)

        rows = [row for grid in grids(text.encode(encoding), encoding=encoding) for row in grid.rows()]

    told = [row for row in expected if len(row) > 1 or "".join(row).strip()]
    assert list(map(_sent, told)) == rows


def _quotes_end(text: str) -> bool:
    """Tell whether a line more would be a row of its own."""
    *_, last = csv.reader(io.StringIO(f"{text}\nlast", newline=""))
    return last == ["last"]


@pytest.mark.parametrize("end", ["", 'c,"d, e",x,y\n', 'c,"b,x,y\n{lost}', 'c,5",x,y\n'])
def test_a_quote_that_nothing_ends_costs_its_line_alone(end: str) -> None:
    """The rows behind it are read: to the end of the file, and where another quote seems to end it many rows later."""
    lost = "".join(f"{number},lamp,x,y\n" for number in range(30))
    content = f'a,"b,x,y\n{lost}{end.format(lost=lost)}'
    rows = [grid.cells(at) for grid in grids(content.encode(), width=4) for at in range(grid.size)]
    bad = [row for row in rows if isinstance(row, BadRow)]

    assert content.count("\n") == len(rows)
    assert [("bad_row", "its quotes do not end")] * content.count('"b') == [row[:2] for row in bad]


def test_a_cell_of_many_lines_is_one_cell() -> None:
    """What residents write may be long, as long as its row is whole."""
    story = "\n".join(["It is still dark."] * 50)
    (grid,) = grids(f'1,"{story}"\n2,lamp\n'.encode())

    assert [["1", story], ["2", "lamp"]] == [grid.cells(0), grid.cells(1)]


def _sent(row: list[str]) -> bytes:
    """A row as a grid tells it."""
    has_marks = any(mark in cell for cell in row for mark in (pieces.CELL, pieces.ROW))
    return orjson.dumps(row) if has_marks else pieces.CELL.join(row).encode()


def test_rows_that_differ_are_told_apart() -> None:
    """What marks the ends of cells may stand in one."""
    (one,) = grids(b'"a\x1fb",c\n')
    (other,) = grids(b'a,"b\x1fc"\n')

    assert one.rows() != other.rows()
    assert [["a\x1fb", "c"], ["a", "b\x1fc"]] == [one.cells(0), other.cells(0)]


def test_a_row_has_the_same_hash_quoted_or_not() -> None:
    """A row that is quoted today, or whose neighbour is, is still known."""
    header = ",".join(name.replace(",", " ") for name in HEADER) + "\n"
    rows = [[str(n), "", "", "Open", "Noise", "a", "", "40.7", "-73.9", "", "z", "B", ""] for n in range(9)]
    plain_rows = "".join(",".join(row) + "\n" for row in rows)
    quoted = "".join(",".join(f'"{cell}"' for cell in row) + "\r\n" for row in rows)
    (one,), (other,) = (SOCRATA.blocks([export(header + text)], source()) for text in (plain_rows, quoted))
    assert isinstance(one, blocks.Block)
    assert isinstance(other, blocks.Block)

    assert one.hashes().tolist() == other.hashes().tolist()


def test_long_cells_set_their_row_aside() -> None:
    """A cell of more than `csv` reads is refused, quoted or not; the rows beside it are kept."""
    long = "x" * (csv.field_size_limit() + 1)
    header = ",".join(name.replace(",", " ") for name in HEADER) + "\n"
    row = ",,Open,{},b,,40.7,-73.9,,z,B,"
    written = [
        f"1,{row.format('a')}",
        f"2,{row.format(long)}",
        f"3,{row.format(chr(34) + long + chr(34))}",
        f"4,{row.format('a')}",
    ]
    ((chunk, _),) = chunks(SOCRATA.blocks([export(header + "\n".join(written))], source()), Context(now=NOW))

    assert ["1", "4"] == [row.external_id for row in features(chunk)]
    assert {"bad_row": 2} == chunk.rejected


@settings(max_examples=30, deadline=None)
@given(table=tables)
def test_columns_are_copied_as_rows_are(table: list[Any]) -> None:
    """What the database reads of rows that were read at once is what it reads of each by itself."""
    (block, *_) = SOCRATA.blocks([payload(table)], source())
    # Without a column of ids rows are read one by one.
    assume(isinstance(block, blocks.Block))
    lines = read_block(block, Context(now=NOW), None).lines
    ids = [uuid_utils.uuid7() for _ in lines.ids]
    writing = Writing(uuid4(), "testville", uuid4(), 1, NOW, NOW)

    one_by_one = b"".join(line_blocks(TABLES["features"], writing, list(lines.rows()), ids))

    assert one_by_one == b"".join(line_blocks(TABLES["features"], writing, lines, ids))
