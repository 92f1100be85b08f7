"""Workbooks and zips as tables: what a cell means, where the table stands, and what is refused before it costs."""

import gzip
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.feeds.connector import Feature, Malformed, Record, Rejected
from tasks.feeds.reading import sheets, tables, zips
from tests.support.feeds import parse, payload, source
from tests.support.workbooks import TYPES, cell, packed, sheet, workbook

ROWS = [
    ["case_id", "opened", "status", "longitude", "latitude"],
    *([f"A-{n}", f"2024-03-{n:02d}", "Closed", -87.63, 41.88] for n in range(1, 6)),
]
TEXT = "\n".join(",".join(map(str, row)) for row in ROWS).encode()


def read(content: bytes, kind: str = "socrata", **options: Any) -> list[Record]:
    """Parse one table of a city."""
    return parse(source(kind, timezone="America/Chicago", **options), payload(content, "p"))


def rows(content: bytes) -> tuple[list[str], list[Any]]:
    """Return the names and the rows of a table."""
    table = tables.load(payload(content, "p"))
    return list(table.names), list(table.rows)


def said(content: bytes) -> list[tuple[Any, ...]]:
    """Return what the rows of a table say; each must be one that is kept."""
    found = read(content)
    assert all(isinstance(row, Feature) for row in found)
    return [(row.external_id, row.starts_at, row.status, row.geometry) for row in found]  # type: ignore[union-attr]


def values(*cells: str, **rest: Any) -> list[Any]:
    """Return what cells of one row hold, which stand behind an id."""
    names = [f"c{at}" for at in range(len(cells))]
    _, (row,) = rows(workbook([["id", *names], ["1", *cells]], **rest))
    return list(row[1:])


def test_a_row_of_a_workbook_is_the_same_as_of_a_text() -> None:
    """The form is a habit of a program."""
    assert said(TEXT) == said(workbook(ROWS))


def test_a_prefix_of_the_tags_is_the_writers_choice() -> None:
    """Some libraries write `x:row`."""
    assert said(TEXT) == said(workbook(ROWS, prefix="x"))


def test_numbers_truths_errors_and_formulas_are_what_is_meant() -> None:
    """Whole numbers are whole, text keeps its zeros, an error says nothing, and of a formula its result counts."""
    found = values(
        cell("B2", "12"),
        cell("C2", "12.0"),
        cell("D2", "0.25", style=1),
        cell("E2", "00123", "inlineStr"),
        cell("F2", "1", "b"),
        cell("G2", "#N/A", "e"),
        '<c r="H2" t="str"><f>A1&amp;"x"</f><v>caseidx</v></c>',
        '<c r="I2"><f>1+1</f><v>2</v></c>',
        cell("J2", "123456789012345678"),
        cell("K2", "1E+300"),
        formats=["0%"],
    )

    assert [12, 12, 0.25, "00123", True, None, "caseidx", 2, 123456789012345678, 1e300] == found
    assert [int, int] == [type(value) for value in found[:2]]


@pytest.mark.parametrize(
    ("code", "number", "expected"),
    [
        ("yyyy-mm-dd", "45352", "2024-03-01"),
        ("m/d/yy", "45352.5", "2024-03-01T12:00:00"),
        ("dd/mm/yyyy hh:mm", "45352", "2024-03-01T00:00:00"),
        ("yyyy-mm-dd hh:mm:ss", "45352.354166666664", "2024-03-01T08:30:00"),
        ("[$-409]mmm d, yyyy;@", "45352", "2024-03-01"),
        ("mmm-yy", "45352", "2024-03-01"),
        ("h:mm AM/PM", "0.354166666666667", "08:30:00"),
        ("h:mm AM/PM", "45352.5", "2024-03-01T12:00:00"),
        ("[h]:mm", "1.25", "30:00:00"),
        ("yyyy-mm-dd", "1", "1900-01-01"),
        ("yyyy-mm-dd", "61", "1900-03-01"),
        ("yyyy-mm-dd", "-1", -1),
        ("yyyy-mm-dd", "9999999", 9999999),
        ("yyyy-mm-dd", "1E+308", 1e308),
        ("[h]:mm", "-1E+308", -1e308),
        ("[h]:mm", "1E+16", 10**16),
        ("0.00&quot; days&quot;", "3", 3),
        ("#,##0\\ \\d", "3", 3),
        ("[Red]0.0", "3", 3),
        ("General", "45352", 45352),
        ("0.00E+00", "3", 3),
    ],
)
def test_a_number_is_a_time_where_it_is_shown_as_one(code: str, number: str, expected: Any) -> None:
    """Texts, colours and currencies of a format are none of its letters."""
    (found,) = values(cell("B2", number, style=1), formats=[code])

    assert expected == (found.isoformat() if hasattr(found, "isoformat") else found)


def test_a_workbook_may_count_days_from_1904() -> None:
    """Those that were begun on a Mac do."""
    (found,) = values(cell("B2", "43890", style=1), formats=["yyyy-mm-dd"], of_1904=True)

    assert "2024-03-01" == found.isoformat()


def test_a_time_of_a_cell_is_the_citys() -> None:
    """A workbook knows no zones; written times with one keep theirs."""
    opened = [cell("B2", "45352.5", style=1), cell("B3", "2024-03-01T12:00:00Z", "d")]
    table = [["case_id", "opened"], *(["A", one] for one in opened)]
    found = read(
        workbook(table, formats=["yyyy-mm-dd hh:mm"]),
        fields={"external_id": "case_id", "created_at": "opened"},
    )

    assert [datetime(2024, 3, 1, 18, tzinfo=UTC), datetime(2024, 3, 1, 12, tzinfo=UTC)] == [
        one.starts_at for one in found if isinstance(one, Feature)
    ]


def test_a_mapping_reads_days_of_workbooks_as_times() -> None:
    """They are the city's midnight, and text among the properties."""
    fields = {"external_id": "to_string(case_id)", "starts_at": "opened", "title": "opened"}
    content = workbook([["case_id", "opened"], [7, cell("B2", "45352", style=1)]], formats=["yyyy-mm-dd"])
    (found,) = read(content, "mapping", fields=fields, properties={"day": "opened"})

    assert isinstance(found, Feature)
    assert ("7", datetime(2024, 3, 1, 6, tzinfo=UTC)) == (found.external_id, found.starts_at)
    assert ("2024-03-01", "2024-03-01") == (found.title, found.properties["day"])


def test_shared_texts_are_told_without_how_they_are_pronounced() -> None:
    """Rich text is in parts, Japanese has its reading beside it, and `_x000D_` is the end of a line."""
    shared = [
        "<r><t>東京</t></r><r><t xml:space='preserve'> 都</t></r><rPh sb='0' eb='1'><t>とうきょう</t></rPh>",
        "<t>a_x000D_\nb_x005F_x000D_</t>",
    ]

    assert ["東京 都", "a\r\nb_x000D_"] == values(cell("B2", 0, "s"), cell("C2", 1, "s"), shared=shared)


def test_a_table_of_two_columns_is_below_its_title_too() -> None:
    """A title fills one of them, which is half."""
    names, (row, _) = rows(workbook([["Requests"], [], ["id", "note"], [1, "a"], [2, None]]))

    assert (["id", "note"], [1, "a"]) == (names, list(row))


def test_the_table_is_below_its_titles_and_right_of_its_margin() -> None:
    """Reports begin with a merged title, a date and a blank row."""
    table = [["Requests 2024"], ["as of March"], [], *([None, *row] for row in ROWS)]

    assert said(TEXT) == said(workbook(table))


def test_the_first_visible_sheet_with_a_table_is_read() -> None:
    """Sheets before it explain, or are hidden lists."""
    notes = [["About these data"], ["They are the city's."]]
    hidden = [["code", "meaning"], ["1", "open"]]

    assert said(TEXT) == said(workbook(notes, hidden, ROWS, hidden, states={2: "veryHidden"}))


def test_blank_rows_and_missing_cells_are_nothing() -> None:
    """Rows end where their last value is; cells and rows that do not say where they are follow each other."""
    table = '<row><c t="inlineStr"><is><t>id</t></is></c><c t="inlineStr"><is><t>a</t></is></c></row>'
    table += '<row r="7"><c r="A7" s="3"/><c r="B7"/></row><row r="9"><c r="B9"><v>2</v></c></row><row><c><v>3</v></c></row>'

    assert (["id", "a"], [[None, 2], [3, None]]) == rows(workbook(table))


def test_names_that_are_blank_or_told_twice_are_one_columns_each() -> None:
    """A column without a name has its letter; nothing of a second one of a name is lost."""
    names, (row,) = rows(workbook([["id", "Note", None, "Note"], [1, "a", "b", "c"]]))

    assert (["id", "Note", "C", "Note 2"], [1, "a", "b", "c"]) == (names, row)


def test_a_cell_beside_the_table_sets_its_row_aside() -> None:
    """It belongs to no column; the rows around it are read."""
    table = [*ROWS, *([f"B-{n}", *ROWS[1][1:]] for n in range(300)), [*ROWS[1], None, "a note"]]
    *found, last = read(workbook(table))

    assert 305 == sum(isinstance(row, Feature) for row in found)
    assert isinstance(last, Rejected)
    assert ("bad_width", "a cell in column G, which has no name") == (last.reason, last.detail)


def test_a_cell_in_the_last_corner_costs_nothing() -> None:
    """Between it and the others there are 17 billion, of which none is made."""
    far = cell("XFD1048576", 1)
    names, found = rows(workbook(sheet(ROWS) + f'<row r="1048576">{far}</row>'))

    assert ("XFD", 6, 6, 1) == (names[-1], len(names), len(found), found[-1][-1])


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), r"an Excel workbook that is old \(\.xls\) or under a password"),
        (packed({"[Content_Types].xml": TYPES, "word/document.xml": "<a/>"}), r"lacks its part _rels/\.rels"),
        (workbook([["one column"], ["x"]]), "no sheet of the workbook has a table of 2 columns"),
        (workbook('<row><c r="ABCD1"><v>1</v></c></row>'), "a cell at 'ABCD1'"),
        (workbook([[cell("A1", 7, "s"), "b"]]), "a text that there is not: '7'"),
        (workbook("<row>"), "p: not XML"),
        (workbook([[f"c{at}" for at in range(26)]] * 2)[:-300], "a broken ZIP archive"),
        (
            workbook("", more={"xl/sharedStrings.xml": '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><sst/>'}),
            "XML with a document type is refused",
        ),
        (
            workbook("", more={"xl/worksheets/sheet1.xml": '<!DOCTYPE a [<!ENTITY e "x">]><worksheet>&e;</worksheet>'}),
            "XML with a document type is refused",
        ),
        (
            workbook("", more={"xl/workbook.bin": "", "_rels/.rels": '<a xmlns="b"><Relationship Type="c/officeDocument" Target="xl/workbook.bin"/></a>'}),
            "no Excel workbook",
        ),
    ],
    ids=[
        "old or under a password", "a letter", "no table", "no column", "no shared text", "no end", "cut off",
        "external entity", "entity", "binary",
    ],
)  # fmt: skip
def test_a_workbook_that_cannot_be_read_is_malformed(content: bytes, why: str) -> None:
    """The reason names what is wrong."""
    with pytest.raises(Malformed, match=why):
        read(content)


def test_shared_texts_that_are_told_again_and_again_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A few of them, each of a hundred kilobytes, would fill the database."""
    monkeypatch.setattr(sheets, "MOST_SAID", 1_000_000)
    table = "".join(f"<row>{cell(f'A{n}', 0, 's')}{cell(f'B{n}', n)}</row>" for n in range(1, 13))
    with pytest.raises(Malformed, match="cells of more than 1,000,000 characters"):
        read(workbook(table, shared=[f"<t>{'x' * 100_000}</t>"]))

    monkeypatch.setattr(sheets, "MOST_SHARED", 3)
    with pytest.raises(Malformed, match="more than 3 shared texts"):
        read(workbook(table, shared=["<t/>"] * 4))

    monkeypatch.setattr(sheets, "MOST_SHARED_BYTES", 1000)
    with pytest.raises(Malformed, match="shared texts of more than 1,000 bytes"):
        read(workbook(table, shared=[f"<t>{'x' * 600}</t>"] * 2))


def test_a_text_that_is_longer_than_any_sets_its_row_aside() -> None:
    """As in a text table."""
    *_, last = read(workbook([*ROWS, ["x" * 140_000, *ROWS[1][1:]]]))

    assert isinstance(last, Rejected)
    assert ("bad_row", "field larger than field limit (131072)") == (last.reason, last.detail)


def test_a_tag_without_an_end_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be kept until it has one."""
    monkeypatch.setattr(sheets, "_LONGEST_BYTES", 100_000)
    with pytest.raises(Malformed, match="a tag of more than 100,000 bytes"):
        read(workbook(f'<row r="{"1" * 300_000}"/>'))


def test_a_zip_of_one_table_is_that_table() -> None:
    """Portals pack exports with their terms of use."""
    beside: dict[str, str | bytes] = {
        "LICENCE.txt": "x",
        "docs/readme.pdf": "%PDF",
        "__MACOSX/._cases.csv": "x",
    }
    document = json.dumps([dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]).encode()
    for name, content in {
        "data/cases.csv": TEXT,
        "CASES.JSON": document,
        "cases.xlsx": workbook(ROWS),
        "cases.csv.gz": gzip.compress(TEXT),
    }.items():
        assert said(TEXT) == said(packed({**beside, name: content}))
    assert said(TEXT) == said(packed({"cases.txt": TEXT}))


@pytest.mark.parametrize(
    "name",
    ["meta.json", "x/metadata.json", "cases_MetaData.csv", "Metadata_Country_cases.csv", "datapackage.json"],
)
def test_what_tells_of_the_table_of_a_zip_is_none_beside_it(name: str) -> None:
    """Alone it is all there is."""
    assert said(TEXT) == said(packed({"cases.csv": TEXT, name: '[{"title": "Cases"}]'}))
    assert said(TEXT) == said(packed({"metadata.csv": TEXT}))


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("about.json", {"title": "Cases", "columns": [{"name": "id"}, {"name": "opened"}]}),
        ("x/Cases.json", [{"id": "A-1"}]),
        ("cases.csv.json", {"data": [{"id": "A-1"}]}),
        ("style.json", "no JSON {"),
    ],
)
def test_json_beside_the_table_of_a_zip_is_another_only_with_rows_of_its_own(
    name: str, document: Any
) -> None:
    """What is named as the table is the same in another form, or tells of it; a description has lists, too."""
    content = document if isinstance(document, str) else json.dumps(document)
    beside = {"cases.csv": TEXT, name: content}

    assert said(TEXT) == said(packed(beside))
    for other in ({"data": [{"id": "A-1"}]}, {"type": "FeatureCollection", "features": []}, [{"id": "A-1"}]):
        with pytest.raises(Malformed, match="of 3 tables"):
            read(packed({**beside, "parks.json": json.dumps(other)}))


def mapped(content: bytes, **options: Any) -> list[Record]:
    """Read the table of a mapping."""
    return parse(source("mapping", fields={"external_id": "id"}, **options), payload(content, "p"))


def test_a_sheet_may_be_named() -> None:
    """Also one that is hidden, and behind one that is a table too; a zip may be around it."""
    other = [["id", "name"], ["x", "X"]]
    content = workbook(
        [["id", "name"], ["a", "A"]], [["id", "name"], ["b", "B"]], other, states={3: "hidden"}
    )

    def ids(**options: Any) -> list[str]:
        return [one.external_id for one in mapped(content, **options) if isinstance(one, Feature)]

    assert [["a"], ["b"], ["x"]] == [ids(), ids(sheet="S2"), ids(sheet=" S3 ")]
    assert 1 == len(mapped(packed({"a.xlsx": content}), sheet="S3"))


@pytest.mark.parametrize(
    ("content", "sheet", "why"),
    [
        (workbook(ROWS, ROWS), "S3", "the workbook has no sheet 'S3', but S1, S2"),
        (workbook(ROWS, [["Notes"]]), "S2", "sheet 'S2' has no table of 2 columns"),
        (TEXT, "S1", "p: no workbook, and no sheet 'S1'"),
        (packed({"a.csv": TEXT}), "S1", r"a\.csv: no workbook, and no sheet 'S1'"),
    ],
)
def test_a_sheet_that_there_is_not_is_named(content: bytes, sheet: str, why: str) -> None:
    """No other is taken for it."""
    with pytest.raises(Malformed, match=why):
        mapped(content, sheet=sheet)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (packed({"b.csv": TEXT, "a.json": "[]"}), r"p: a ZIP archive of 2 tables \(a\.json, b\.csv\)"),
        (
            packed({"parks.shp": b"", "parks.dbf": b""}),
            r"a ZIP archive without a table \(parks\.dbf, parks\.shp\)",
        ),
        (packed({}), r"a ZIP archive without a table \(nothing\)"),
        (packed({"a.csv": packed({"b.csv": TEXT})}), r"p: a\.csv: a ZIP archive within another"),
        (packed({"a.csv": TEXT}, zipfile.ZIP_LZMA), r"a\.csv is not packed by deflate"),
        (
            packed({"a.csv": b"a,b\n1,2\n" * 4_000_000}),
            r"unpacks to 32,000,000 bytes; 16,777,216 are the most",
        ),
        (packed({"a.csv": "%PDF-1.7"}), r"p: a\.csv: a PDF document"),
    ],
    ids=["several", "none", "empty", "a zip within", "another method", "a bomb", "no table"],
)
def test_a_zip_that_is_not_of_one_table_is_malformed(content: bytes, why: str) -> None:
    """Whoever sent it reads what is in it."""
    with pytest.raises(Malformed, match=why):
        read(content)


def test_a_member_without_a_name_is_no_table() -> None:
    """It is passed over as any other that is none."""
    nameless = packed({"a.csv": TEXT, "qqqq": "x"}).replace(b"qqqq", b"\0qqq")

    assert said(TEXT) == said(nameless)


def test_no_more_is_read_of_a_member_than_it_claims() -> None:
    """A zip that lies about the size of a member is broken, and not a bomb."""
    content = packed({"a.csv": b"id,opened\n" + b"1,2024-01-01\n" * 100_000})
    told = (10 + 13 * 100_000).to_bytes(4, "little")
    with pytest.raises(Malformed, match=r"p: a\.csv: cannot be unpacked: Bad CRC"):
        read(content.replace(told, (23).to_bytes(4, "little")))


def test_a_member_under_a_password_is_malformed() -> None:
    """Nobody tells it to us."""
    content = bytearray(packed({"a.csv": TEXT}))
    # The flag that says so, in the member and in the list of members.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Malformed, match=r"a\.csv is under a password"):
        read(bytes(content))


def test_a_zip_lists_so_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """As any other."""
    monkeypatch.setattr(zips, "MOST_MEMBERS", 2)
    with pytest.raises(Malformed, match="lists 3 members; 2 are the most"):
        read(packed({"a.csv": TEXT, "b": "", "c": ""}))
