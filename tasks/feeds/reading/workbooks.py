"""
[p] An Excel workbook (XLSX) as a table: the sheet that is asked for, else its first that has one, read row by row.

Sheets are heard as they are unpacked: those who make a grid of them make a terabyte of a cell in the last corner.
Source: ECMA-376 Part 1, 12.3 (parts) and 18.2 (workbook).
"""

import posixpath
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import IO, Final, NamedTuple

from tasks.feeds.connector import Malformed
from tasks.feeds.reading import headers, zips
from tasks.feeds.reading.cells import BadRow, Row, check_width, each_once, letters
from tasks.feeds.reading.sheet_cells import FROM_1904, Shown, shown_as
from tasks.feeds.reading.sheets import Beside, Cells, heard, plain, rows_of, shared_texts, whole

_LOOKED_AT: Final = 200
#: Tags of a part that tells of the others; those with the most are styles that were copied again and again.
_MOST_TAGS: Final = 1_000_000
_LONGEST_FORMAT: Final = 255
_FEWEST_COLUMNS: Final = 2
#: Sheets that an error names.
_SHOWN: Final = 20
#: How the kinds of relations end that lead from a zip to its workbook, and on to its parts.
_WORKBOOK, _SHEET, _STYLES, _SHARED = "/officeDocument", "/worksheet", "/styles", "/sharedStrings"


class _Link(NamedTuple):
    kind: str
    path: str


def is_workbook(archive: zipfile.ZipFile) -> bool:
    """Tell whether a zip holds an Office file; which one is told by reading it."""
    return "[Content_Types].xml" in archive.namelist()


def rows_in(archive: zipfile.ZipFile, name: str, sheet: str = "") -> tuple[Sequence[str], Iterator[Row]]:
    """
    Return the column names and the rows of a sheet by its name, else of the first visible one with two columns.

    Raises: Malformed if there is none, or if the workbook is broken; while rows are read, too.
    """
    book = _Book(archive, name)
    beside = book.beside()
    for path in book.named(sheet) if sheet else book.sheets:
        rows = _guarded(book, path, beside)
        ahead = list(islice(rows, _LOOKED_AT))
        if (header := _header(ahead)) is not None:
            above, columns, names = header
            check_width(len(columns), name)
            return names, _in_columns(chain(ahead[above + 1 :], rows), columns)
    which = f"sheet {sheet!r:.40} has no" if sheet else "no sheet of the workbook has a"
    raise Malformed(f"{name}: {which} table of {_FEWEST_COLUMNS} columns")


class _Book:
    """The parts of a workbook, found as they refer to each other."""

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive = archive
        self.name = name
        listed = zips.listed(archive, name)
        zips.check(listed, name)
        self._members = {member.filename.lstrip("/").lower(): member for member in listed}
        found = next((one.path for one in self._links("").values() if one.kind.endswith(_WORKBOOK)), "")
        if not found.endswith(".xml") or found.rpartition("/")[0] != "xl":
            raise Malformed(f"{name}: an Office file that is no Excel workbook (XLSX)")
        self._linked = self._links(found)
        self._behind = 0
        #: The paths of visible sheets, and those of all by their names.
        self.sheets: list[str] = []
        self._by_name: dict[str, str] = {}
        self._read_workbook(found)

    def open(self, path: str) -> IO[bytes]:
        """Open a part; raises Malformed if there is none."""
        if (member := self._members.get(path.lower())) is None:
            raise Malformed(f"{self.name}: the workbook lacks its part {path:.80}")
        return self._archive.open(member)

    def named(self, sheet: str) -> Sequence[str]:
        """Return the path of a sheet by its name; raises Malformed, which names those that there are."""
        if path := self._by_name.get(sheet.strip()):
            return [path]
        told = ", ".join(list(self._by_name)[:_SHOWN])
        raise Malformed(f"{self.name}: the workbook has no sheet {sheet!r:.40}, but {told:.300}")

    def beside(self) -> Beside:
        """Return what cells refer to."""
        of_kind = {one.kind.rpartition("/")[2]: one.path for one in self._linked.values()}
        styles, shared = (of_kind.get(kind[1:], "") for kind in (_STYLES, _SHARED))
        told = Beside(self._styles(styles) if styles.lower() in self._members else (), behind=self._behind)
        if shared.lower() not in self._members:
            return told
        return Beside(told.styles, shared_texts(self.open(shared), self.name), told.behind)

    def _links(self, path: str) -> dict[str, _Link]:
        """Return what a part refers to by its ids; the zip itself is the part without a path."""
        folder, _, file = path.rpartition("/")
        found: dict[str, _Link] = {}
        for tag, said in self._tags(posixpath.join(folder, "_rels", f"{file}.rels")):
            if tag == "Relationship" and said.get("TargetMode") != "External":
                target = said.get("Target", "").replace("\\", "/")
                absolute = posixpath.normpath(posixpath.join("/", folder, target))
                found[said.get("Id", "")] = _Link(said.get("Type", ""), absolute.lstrip("/"))
            if len(found) > zips.MOST_MEMBERS:
                raise Malformed(f"{self.name}: refers to more than {zips.MOST_MEMBERS:,} parts")
        return found

    def _read_workbook(self, path: str) -> None:
        for tag, said in self._tags(path):
            if tag == "workbookPr":
                self._behind = FROM_1904 if said.get("date1904") in ("1", "true") else 0
            elif tag == "sheet":
                # Which prefix the namespace of the id has is the writer's choice.
                id_ = next((value for key, value in said.items() if key.endswith(":id")), "")
                link = self._linked.get(id_)
                if link and link.kind.endswith(_SHEET) and link.path not in self._by_name.values():
                    self._by_name[said.get("name", "").strip()] = link.path
                    self.sheets += [link.path] if said.get("state", "visible") == "visible" else []

    def _styles(self, path: str) -> list[Shown]:
        codes: dict[int, str] = {}
        styles: list[Shown] = []
        within = ""
        for tag, said in self._tags(path):
            if tag == "numFmt":
                codes[whole(said.get("numFmtId", ""))] = said.get("formatCode", "")[:_LONGEST_FORMAT]
            elif tag in ("cellStyleXfs", "cellXfs"):
                within = tag
            elif tag == "xf" and within == "cellXfs":
                number = whole(said.get("numFmtId", "0"))
                styles.append(shown_as(number, codes.get(number, "")))
        return styles

    def _tags(self, path: str) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield the tags of a part."""
        found: list[tuple[str, Mapping[str, str]]] = []
        count = 0
        with self.open(path) as stream:
            for _ in heard(stream, self.name, lambda tag, said: found.append((plain(tag), said))):
                count += len(found)
                if count > _MOST_TAGS:
                    raise Malformed(f"{self.name}: {path} has more than {_MOST_TAGS:,} tags")
                yield from found
                found.clear()


def _guarded(book: _Book, path: str, beside: Beside) -> Iterator[Cells | BadRow]:
    try:
        with book.open(path) as stream:
            yield from rows_of(stream, beside, book.name)
    except zips.BROKEN as error:
        raise Malformed(f"{book.name}: {path} cannot be unpacked: {error!s:.100}") from None


def _header(rows: Sequence[Cells | BadRow]) -> tuple[int, Sequence[int], Sequence[str]] | None:
    """Return the place of the header, the columns of the table and their names; none if it has too few."""
    filled = [row for row in rows if not isinstance(row, BadRow)]
    counted = Counter(column for row in filled for column in row)
    # One cell beside the table makes no column of it.
    usual = sorted(column for column, times in counted.items() if times > 1 or len(filled) <= 2)
    texts = [[str(row.get(column, "")) for column in usual] for row in filled]
    if len(usual) < _FEWEST_COLUMNS:
        return None
    # What fills one cell is a title.
    first = next((at for at, row in enumerate(filled) if len(row) >= _FEWEST_COLUMNS), 0)
    header = filled[headers.above(texts, first)]
    at = next(place for place, row in enumerate(rows) if row is header)
    columns = sorted({*header, *chain.from_iterable(row for row in rows[at:] if not isinstance(row, BadRow))})
    told = [str(header.get(column, "")).strip() or letters(column) for column in columns]
    return at, columns, each_once(told)


def _in_columns(rows: Iterator[Cells | BadRow], columns: Sequence[int]) -> Iterator[Row]:
    known = frozenset(columns)
    for row in rows:
        if isinstance(row, BadRow):
            yield row
        elif row.keys() <= known:
            yield [row.get(column) for column in columns]
        else:
            beyond = letters(min(row.keys() - known))
            yield BadRow(
                "bad_width",
                f"a cell in column {beyond}, which has no name",
                "|".join(map(str, row.values()))[:500],
            )
