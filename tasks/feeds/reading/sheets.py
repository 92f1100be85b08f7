"""
[p] A sheet of a workbook as rows, and what a workbook keeps beside it, heard tag by tag: no tree, no grid is made.

Source: ECMA-376 Part 1, 18.3 (worksheets), 18.4 (shared strings).
"""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO, Any, Final, TypeAlias
from xml.parsers import expat

from tasks.feeds.connector import MOST_WHOLE_BYTES, Malformed
from tasks.feeds.reading.cells import BadRow
from tasks.feeds.reading.sheet_cells import Shown, value_of

#: Values by the place of their column, blank ones left out.
Cells: TypeAlias = Mapping[int, Any]
Heard: TypeAlias = Callable[[str, Mapping[str, str]], None]

_READ_BYTES: Final = 16 * 1024
#: No tag, and no row, of a publisher is longer.
_LONGEST_BYTES: Final = 8 * 1024 * 1024
#: The most characters that all cells may say: texts that are shared may be said again and again.
MOST_SAID: Final = 2 * 1024 * 1024 * 1024
MOST_SHARED: Final = 5_000_000
MOST_SHARED_BYTES: Final = MOST_WHOLE_BYTES
#: As for text tables.
_LONGEST_TEXT: Final = 131_072
_SAID: Final = ("v", "t")
_LETTERS: Final = 3


def heard(
    stream: IO[bytes],
    name: str,
    begins: Heard,
    ends: Callable[[str], None] = lambda tag: None,
    says: Callable[[str], None] = lambda text: None,
) -> Iterator[None]:
    """
    Tell the tags and the texts of an XML file as they come; yields after each part of it.

    Raises: Malformed, naming the payload, if it is no XML, has a document type or a tag without an end.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = begins
    parser.EndElementHandler = ends
    parser.CharacterDataHandler = says
    parser.StartDoctypeDeclHandler = lambda *_: _refuse(f"{name}: XML with a document type is refused")
    fed = 0
    try:
        while part := stream.read(_READ_BYTES):
            fed += len(part)
            parser.Parse(part)
            if fed - parser.CurrentByteIndex > _LONGEST_BYTES:
                raise Malformed(f"{name}: a tag of more than {_LONGEST_BYTES:,} bytes")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Malformed(f"{name}: not XML: {error!s:.100}") from None
    yield


def plain(tag: str) -> str:
    """Return the name of a tag without the prefix of its namespace, which is the writer's choice."""
    return tag[tag.find(":") + 1 :]


def _refuse(said: str) -> None:
    raise Malformed(said)


class _Texts:
    """Texts that are kept as their bytes, of which a workbook may share millions."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def size(self) -> int:
        return len(self._bytes)

    def add(self, text: str) -> None:
        self._bytes += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._bytes))

    def __getitem__(self, place: int) -> str:
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Beside:
    """What the cells of a workbook refer to."""

    #: As what each style shows a number.
    styles: Sequence[Shown] = ()
    shared: _Texts = field(default_factory=_Texts)
    #: Days by which the count of days is behind.
    behind: int = 0


class _Text:
    """Hears a text: what stands in a value, or in the parts of a text, without how it is pronounced."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._size = 0
        self._is_said = self._is_pronounced = False

    def clear(self) -> None:
        self.parts.clear()
        self._size = 0

    def begins(self, tag: str, _: Mapping[str, str]) -> None:
        if tag in _SAID:
            self._is_said = not self._is_pronounced
        elif tag == "rPh":
            self._is_pronounced = True

    def ends(self, tag: str) -> None:
        if tag in _SAID:
            self._is_said = False
        elif tag == "rPh":
            self._is_pronounced = False

    def says(self, text: str) -> None:
        if self._is_said:
            self._size += len(text)
            # What is longer than any text of a table need not be kept to be refused.
            if self._size <= 2 * _LONGEST_TEXT:
                self.parts.append(text)


class _Shared(_Text):
    """Hears the texts that cells share."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.texts = _Texts()
        self._name = name

    def begins(self, tag: str, attributes: Mapping[str, str]) -> None:
        tag = plain(tag)
        if tag == "si":
            self.clear()
        super().begins(tag, attributes)

    def ends(self, tag: str) -> None:
        tag = plain(tag)
        if tag == "si":
            if len(self.texts) >= MOST_SHARED:
                raise Malformed(f"{self._name}: more than {MOST_SHARED:,} shared texts")
            self.texts.add("".join(self.parts))
            if self.texts.size > MOST_SHARED_BYTES:
                raise Malformed(f"{self._name}: shared texts of more than {MOST_SHARED_BYTES:,} bytes")
        super().ends(tag)


def shared_texts(stream: IO[bytes], name: str) -> _Texts:
    """
    Read the texts that cells share, without how they are pronounced.

    Raises: Malformed as `heard` does, and if they are too many.
    """
    shared = _Shared(name)
    for _ in heard(stream, name, shared.begins, shared.ends, shared.says):
        pass
    return shared.texts


class _Rows(_Text):
    """Hears a sheet; `done` are the rows that ended since it was emptied, blank ones left out."""

    def __init__(self, beside: Beside, name: str) -> None:
        super().__init__()
        self.done: list[Cells | BadRow] = []
        self._beside = beside
        self._styles = {str(place): shown for place, shown in enumerate(beside.styles)}
        self._name = name
        self._cells: dict[int, Any] = {}
        self._why = ""
        self._column = -1
        self._kind = "n"
        self._style = "0"
        self._row_size = self._said = 0

    def begins(self, tag: str, attributes: Mapping[str, str]) -> None:
        if ":" in tag:
            tag = plain(tag)
        if tag == "c":
            get = attributes.get
            told = get("r")
            self._column = _column(told.rstrip("0123456789")) if told else self._column + 1
            if self._column < 0:
                raise Malformed(f"{self._name}: a cell at {told!r:.40}")
            self._kind, self._style = get("t", "n"), get("s", "0")
            if self.parts:
                self.clear()
        elif tag == "row":
            self._cells, self._why, self._column, self._row_size = {}, "", -1, 0
        else:
            super().begins(tag, attributes)

    def ends(self, tag: str) -> None:
        if ":" in tag:
            tag = plain(tag)
        if tag == "c":
            if self.parts:
                self._ends_cell()
        elif tag == "row":
            if self._why:
                self.done.append(BadRow("bad_row", self._why, ""))
            elif self._cells:
                self.done.append(self._cells)
            self._cells = {}
        else:
            super().ends(tag)

    def _ends_cell(self) -> None:
        text, kind = "".join(self.parts), self._kind
        if kind == "s":
            text = self._shared(text)
        self._row_size += len(text)
        self._said += len(text)
        if self._said > MOST_SAID:
            raise Malformed(f"{self._name}: cells of more than {MOST_SAID:,} characters")
        if len(text) > _LONGEST_TEXT:
            self._why = f"field larger than field limit ({_LONGEST_TEXT})"
        elif self._row_size > _LONGEST_BYTES:
            self._why = f"a row of more than {_LONGEST_BYTES:,} characters"
        else:
            shown = self._styles.get(self._style, Shown.NUMBER)
            value = value_of(text, kind, shown, self._beside.behind)
            if value is not None:
                self._cells[self._column] = value

    def _shared(self, text: str) -> str:
        place = whole(text)
        if place >= len(self._beside.shared):
            raise Malformed(f"{self._name}: a cell refers to a text that there is not: {text!r:.40}")
        return self._beside.shared[place]


def rows_of(stream: IO[bytes], beside: Beside, name: str) -> Iterator[Cells | BadRow]:
    """
    Yield the rows of a sheet that say anything; no row and no column between is made.

    Raises: Malformed as `heard` does, and if a cell is nowhere, or refers to what there is not.
    """
    rows = _Rows(beside, name)
    for _ in heard(stream, name, rows.begins, rows.ends, rows.says):
        yield from rows.done
        rows.done.clear()


@lru_cache(maxsize=4096)
def _column(letters: str) -> int:
    """Return the place of a column by its letters, or -1 if they are none."""
    place = 0
    for letter in letters.upper():
        if not "A" <= letter <= "Z" or len(letters) > _LETTERS:
            return -1
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def whole(text: str) -> int:
    """Return a number of few digits; what is none is beyond all that there are."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 10**9
