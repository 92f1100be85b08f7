"""[p] Where the long list of a JSON document begins and ends, and where between its elements it may be cut."""

from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple

import numpy as np

from tasks.feeds.connector import Malformed
from tasks.feeds.reading.json_size import MOST_LEVELS, TOO_DEEP, Marks, Nesting

BLOCK_BYTES: Final = 1 << 18
#: Levels at which the list may begin: around it are objects.
_LEVELS: Final = 4
_BLANK: Final = b" \t\r\n"
_COMMA, _LIST, _OBJECT, _CLOSES = b",[{}"


@dataclass(slots=True)
class LongList:
    """A list, or an object until its end tells: where it begins and ends, and commas between its elements."""

    begins: int
    is_list: bool
    cuts: list[int] = field(default_factory=list)
    ends: int = 0
    _commas: int = 0
    _objects: int = 0

    @property
    def size(self) -> int:
        return self.ends - self.begins

    @property
    def bounds(self) -> list[int]:
        """Return the places before the first and behind the last row of each group."""
        return [self.begins, *self.cuts, self.ends]

    @property
    def count(self) -> int:
        return self._commas + 1

    @property
    def has_objects_only(self) -> bool:
        return self._objects == self.count

    def take(self, marks: Marks, level: int) -> None:
        """Take the marks of a block that are in it; it begins at a level."""
        places, bytes_, levels = marks
        commas = places[(levels == level + 1) & (bytes_ == _COMMA)]
        self._commas += commas.size
        self._objects += int(np.count_nonzero((levels == level + 2) & (bytes_ == _OBJECT)))
        if commas.size:
            self.cuts.append(int(commas[-1]))


class _Level:
    """The list or object that is open at a level where a block ends; shorter ones are passed over."""

    def __init__(self, level: int) -> None:
        self._level = level
        self._open: LongList | None = None

    def take(self, marks: Marks) -> LongList | None:
        """Take the marks of a block; returns the list that was open before it, if it ends here."""
        closed = np.flatnonzero((marks.levels == self._level) & (marks.bytes | 0x20 == _CLOSES))
        ended = None
        if self._open is not None:
            last = int(closed[0]) if closed.size else len(marks.places)
            self._open.take(marks.only(slice(last)), self._level)
            if not closed.size:
                return None
            if self._open.is_list and marks.bytes[last] == ord("]") and self._open.cuts:
                ended = self._open
                ended.ends = int(marks.places[last])
            self._open = None
        begun = np.flatnonzero((marks.levels == self._level + 1) & (marks.bytes | 0x20 == _OBJECT))
        if begun.size and not (closed.size and closed[-1] > begun[-1]):
            first = int(begun[-1])
            self._open = LongList(int(marks.places[first]), bool(marks.bytes[first] == _LIST))
            self._open.take(marks.only(slice(first + 1, None)), self._level)
        return ended


class Search(NamedTuple):
    """What a document is: its bytes, its end if it has one, whether more than blanks is behind that, its longest list."""

    bytes: int
    ends: int | None
    goes_on: bool
    longest: LongList | None


def searched(stream: IO[bytes], name: str) -> Search:
    """
    Read a document to its end.

    Raises: Malformed if it is too deep; it names the payload.
    """
    nesting, levels = Nesting(), [_Level(level) for level in range(_LEVELS)]
    longest: LongList | None = None
    ends: int | None = None
    read = last = 0
    while block := stream.read(BLOCK_BYTES):
        marks = nesting.marks(block)
        if nesting.deepest > MOST_LEVELS:
            raise Malformed(f"{name}: {TOO_DEEP}")
        marks = marks.only(marks.levels <= _LEVELS + 1)
        found = [ended for level in levels if (ended := level.take(marks)) is not None]
        longest = max((longest, *found) if longest else found, key=lambda one: one.size, default=None)
        if ends is None and (closed := marks.places[marks.levels == 0]).size:
            ends = int(closed[0])
        if said := len(block.rstrip(_BLANK)):
            last = read + said - 1
        read += len(block)
    return Search(read, ends, ends is not None and ends < last, longest)
