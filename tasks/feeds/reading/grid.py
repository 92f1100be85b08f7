"""[p] The cells of many rows of text: where each begins and ends among their bytes."""

import csv
from collections.abc import Set
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson

from tasks.feeds.reading.cells import BadRow, Row
from tasks.feeds.reading.pieces import CELL, ROW, Piece

Places = npt.NDArray[np.int32]
Rows = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]
Octets = npt.NDArray[np.uint8]

_EXCERPT: Final = 500
_ROW: Final = ord(ROW)
#: The two marks differ in their last bit only.
_MARK: Final = ord(CELL)
_SPACE: Final = 0x20
_TAB, _NEWLINE, _RETURN = b"\t\n\r"
#: What may follow the sign that begins a tag, a comment or an entity, besides a letter.
_MARKUP_GOES_ON: Final = np.frombuffer(b"/!#", dtype=np.uint8)
#: Blanks of one cell that are taken away one by one, all cells at once; of more each cell by itself.
_BLANKS: Final = 8
#: What Unicode counts as blank besides, by its bytes: the first two of some are those of other signs, too.
_ODD_BLANKS: Final = [
    int.from_bytes(character.encode())
    for character in "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
]
_TWO_BYTES: Final = np.array([code for code in _ODD_BLANKS if code < 1 << 16])
_THREE_BYTES: Final = np.array([code for code in _ODD_BLANKS if code >= 1 << 16])
_BEGINNINGS: Final = np.array(sorted({*_TWO_BYTES.tolist(), *(_THREE_BYTES >> 8).tolist()}))
_LEADS: Final = sorted(set((_BEGINNINGS >> 8).tolist()))


class Grid:
    """
    Rows of a piece, blank ones left out, each known by its place among them.

    `whole` are the places of those that have a cell for each column; `starts` and `ends` have a line for each of
    them and a column for each cell, `column` has one of their columns. `doubtful` tells of the same rows whether they hold what only reading them
    by themselves settles: control characters, or blanks beside the usual where a cell begins or ends.
    `short` are the numbers of cells of rows that lack their last ones; empty cells beyond the last column are none.
    """

    def __init__(self, piece: Piece, width: int, delimiter: str, short: Set[int] = frozenset()) -> None:
        self.data = piece.data
        self.octets: Octets = np.frombuffer(piece.data, dtype=np.uint8)
        self.width = width
        self._delimiter = delimiter
        self._short = short
        self._marks = np.flatnonzero((self.octets | 1) == _MARK).astype(np.int32)
        lasts = np.flatnonzero(self.octets[self._marks] == _ROW)
        widths = np.diff(lasts, prepend=-1)
        ends = self._marks[lasts]
        begins = np.concatenate((np.zeros(1, dtype=np.int32), ends[:-1] + 1))
        is_odd = np.zeros(len(lasts), dtype=np.bool_)
        is_odd[list(piece.odd)] = True
        is_row = np.ones(len(lasts), dtype=np.bool_)
        for at in np.flatnonzero((widths == 1) & ~is_odd).tolist():
            is_row[at] = bool(self.data[begins[at] : ends[at]].decode().strip())
        is_whole = is_row & ~is_odd & (widths == width)
        places = np.cumsum(is_row) - 1
        self._odd = {int(places[at]): row for at, row in piece.odd.items()}
        self._begins, self._ends = begins[is_row], ends[is_row]
        self.size = len(self._begins)
        self.whole: Rows = places[is_whole]
        self._lasts, self._first = lasts[is_whole], begins[is_whole]

    def column(self, at: int) -> tuple[Places, Places]:
        """Return where the cells of a column begin and end."""
        marks = self._lasts + (at + 1 - self.width)
        return self._marks[marks - 1] + 1 if at else self._first, self._marks[marks]

    @cached_property
    def _cells(self) -> npt.NDArray[np.int64]:
        """Tell of each cell which mark ends it."""
        marks: npt.NDArray[np.int64] = self._lasts[:, None] + np.arange(1 - self.width, 1)
        return marks

    @cached_property
    def ends(self) -> Places:
        """Tell where each cell of the whole rows ends."""
        return self._marks[self._cells]

    @cached_property
    def starts(self) -> Places:
        """Tell where each cell of the whole rows begins."""
        starts = np.empty_like(self.ends)
        starts[:, 1:] = self.ends[:, :-1] + 1
        starts[:, 0] = self._first
        return starts

    def rows(self) -> list[bytes]:
        """Return each row as it was sent, the same whether it was quoted, for no other the same; one that is none is empty."""
        data = self.data
        found = [
            data[begin:end] for begin, end in zip(self._begins.tolist(), self._ends.tolist(), strict=True)
        ]
        for place, row in self._odd.items():
            found[place] = b"" if isinstance(row, csv.Error) else orjson.dumps(row)
        return found

    def cells(self, place: int) -> Row:
        """Return the cells of a row, or why it is none."""
        odd = self._odd.get(place)
        if isinstance(odd, csv.Error):
            return BadRow("bad_row", str(odd), "")
        found = odd or self.data[self._begins[place] : self._ends[place]].decode().split(CELL)
        if len(found) in self._short:
            found = [*found, *[""] * (self.width - len(found))]
        elif len(found) > self.width and not any(found[self.width :]):
            found = found[: self.width]
        if len(found) != self.width:
            said = f"{len(found)} columns instead of {self.width}"
            return BadRow("bad_width", said, self._delimiter.join(found)[:_EXCERPT])
        longest = csv.field_size_limit()
        if sum(map(len, found)) > longest and max(map(len, found)) > longest:
            return BadRow("bad_row", f"field larger than field limit ({longest})", "")
        return found

    @cached_property
    def is_ascii(self) -> bool:
        """Tell whether a byte is a character."""
        return self.data.isascii()

    @cached_property
    def _text(self) -> str:
        return self.data.decode()

    def texts(self, starts: Places, ends: Places) -> list[str]:
        """Return cells as text."""
        if self.is_ascii:
            text = self._text
            return [text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        data = self.data
        return [data[start:end].decode() for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]

    def stripped(self, starts: Places, ends: Places) -> tuple[Places, Places]:
        """Return cells without the usual blanks around them."""
        octets = self.octets
        for _ in range(_BLANKS):
            is_blank = (octets[starts] <= _SPACE) & (starts < ends)
            if not is_blank.any():
                break
            starts = starts + is_blank
        for _ in range(_BLANKS):
            is_blank = (octets[ends - 1] <= _SPACE) & (starts < ends)
            if not is_blank.any():
                return starts, ends
            ends = ends - is_blank
        starts, ends = starts.copy(), ends.copy()
        for at in np.flatnonzero((octets[starts] <= _SPACE) | (octets[ends - 1] <= _SPACE)).tolist():
            cell = self.data[starts[at] : ends[at]]
            starts[at] += len(cell) - len(cell.lstrip())
            ends[at] = starts[at] + len(cell.strip())
        return starts, ends

    @cached_property
    def doubtful(self) -> Flags:
        """Tell of each whole row whether it must be read by itself."""
        places = [*self._controls().tolist(), *self._blanks_at_ends()]
        longest = csv.field_size_limit()
        found = np.zeros(len(self.whole), dtype=np.bool_)
        if (self._ends - self._begins).max(initial=0) > longest:
            found |= (self.ends - self.starts > longest).any(axis=1)
        if places:
            is_doubtful = np.zeros(self.size, dtype=np.bool_)
            is_doubtful[np.searchsorted(self._ends, places)] = True
            found |= is_doubtful[self.whole]
        return found

    @cached_property
    def _low(self) -> npt.NDArray[np.int64]:
        """Return where characters below the blank are that are no marks."""
        is_low = self.octets < _SPACE
        if np.count_nonzero(is_low) == len(self._marks):
            return np.zeros(0, dtype=np.int64)
        is_low[self._marks] = False
        return np.flatnonzero(is_low)

    def _controls(self) -> npt.NDArray[np.int64]:
        low = self.octets[self._low]
        places: npt.NDArray[np.int64] = self._low[(low != _TAB) & (low != _NEWLINE) & (low != _RETURN)]
        return places

    def _blanks_at_ends(self) -> list[int]:
        """Return where odd blanks are beside the end of a cell, or beside a usual one."""
        if self.is_ascii:
            return []
        octets = self.octets
        at = np.flatnonzero(np.logical_or.reduce([octets == lead for lead in _LEADS]))
        # The last byte of all is a mark: two follow each of these.
        codes = octets[at].astype(np.int32) << 8 | octets[at + 1]
        is_begun = (codes[:, None] == _BEGINNINGS).any(axis=1)
        at, codes = at[is_begun], codes[is_begun]
        is_two = (codes[:, None] == _TWO_BYTES).any(axis=1)
        is_three = ((codes << 8 | octets[at + 2])[:, None] == _THREE_BYTES).any(axis=1)
        behind = np.minimum(at + 3 - is_two, len(octets) - 1)
        is_beside = (octets[at - 1] <= _SPACE) | (octets[behind] <= _SPACE)
        places: list[int] = at[(is_two | is_three) & is_beside].tolist()
        return places

    @cached_property
    def escaped(self) -> Flags | None:
        """Tell of each cell whether JSON writes it otherwise than it is, or nothing when none is such."""
        places = [self._low]
        if b'"' in self.data or b"\\" in self.data:
            places.append(np.flatnonzero((self.octets == ord('"')) | (self.octets == ord("\\"))))
        return self._cells_at(np.concatenate(places))

    @cached_property
    def marked_up(self) -> Flags | None:
        """Tell of each cell whether it may hold markup (`<br>`, `&amp;`), or nothing when none does."""
        if b"<" not in self.data and b"&" not in self.data:
            return None
        at = np.flatnonzero((self.octets == ord("<")) | (self.octets == ord("&")))
        # The last byte of all is a mark. Of a letter the sixth bit tells its case alone.
        behind = self.octets[at + 1]
        lower = behind | 0x20
        is_name = (lower >= ord("a")) & (lower <= ord("z"))
        return self._cells_at(at[is_name | np.isin(behind, _MARKUP_GOES_ON)])

    def _cells_at(self, places: npt.NDArray[np.int64]) -> Flags | None:
        """Tell of each cell whether one of the places is in it, or nothing when there are none."""
        if not len(places):
            return None
        found = np.zeros(len(self._marks), dtype=np.bool_)
        found[np.searchsorted(self._marks, places)] = True
        is_cell: Flags = found[self._cells]
        return is_cell
