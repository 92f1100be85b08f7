"""
[p] JSON that is too long to be held: the rows of its one long list are read group by group, and so are lines of it.

The bounds of the list and of its groups are found by brackets, which only a valid document has where they belong. An
invalid one is never read for all that: the groups and what stands around the list are each parsed, and side by side
they are the document.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import IO, Any, Final, NamedTuple, TypeAlias

from tasks.feeds.connector import Malformed
from tasks.feeds.reading import long_lists
from tasks.feeds.reading.delimited import SNIFFED_BYTES, encoding_of
from tasks.feeds.reading.documents import json_of, parsed
from tasks.feeds.reading.json_lines import MARK, SEPARATOR, are_rows, row_of
from tasks.feeds.reading.long_lists import LongList, searched

#: What is longer is not read whole; neither is what stands around a long list.
MOST_HELD_BYTES: Final = 4 << 20
#: No row of a publisher is longer.
_LONGEST_BYTES: Final = 8 << 20
#: A few packed megabytes hold a thousand million of `{},`; those of two gigabytes of real rows are below.
MOST_ROWS: Final = 20_000_000
#: In others a byte of a letter may be that of a bracket.
_ENCODINGS: Final = ("utf-8", "utf-8-sig")

#: Opens a document from its start, each time it is called; its reading raises Malformed if what it comes in is broken.
Opened: TypeAlias = Callable[[], AbstractContextManager[IO[bytes]]]


class Inseparable(Exception):
    """Say that a document can only be read whole: it is not in UTF-8, has no long list alone, or rows too long."""


class Apart(NamedTuple):
    """
    A document and its rows apart.

    `document` has `some` in the place of its long list: its first two rows, and null if not all of them are objects.
    `rows` are all of them, each time from the first.
    """

    document: Any
    some: list[Any]
    rows: Iterable[Any]


def is_long(opened: Opened) -> bool:
    """Tell whether a document is too long to be held."""
    with opened() as stream:
        _skip(stream, MOST_HELD_BYTES)
        return bool(stream.read(1))


def listed(opened: Opened, name: str, find: Callable[[Any], Any]) -> Iterable[Any]:
    """
    Return what is found in a long document, if that is its long list.

    Raises: Inseparable if it is not, or if the document can only be read whole; Malformed if any of it is no JSON.
    """
    document, some, rows = apart(opened, name)
    if find(document) is not some:
        raise Inseparable
    # The last is read before the first is given.
    deque(rows, maxlen=0)
    return rows


def apart(opened: Opened, name: str) -> Apart:
    """
    Return a long document and its rows apart; these are lines, if it is no document but its first line is an object.

    Raises: Inseparable, also while rows are read for the first time; Malformed if it is no JSON, too deep
    or of too many rows, then too.
    """
    with opened() as stream:
        if encoding_of(stream.read(SNIFFED_BYTES)) not in _ENCODINGS:
            raise Inseparable
    with opened() as stream:
        search = searched(stream, name)
    if search.goes_on:
        lines = _Lines(opened, name)
        if not are_rows(islice(lines.texts(), 2)):
            raise Malformed(f"{name}: not JSON: more behind its end at byte {search.ends:,}")
        some = list(islice(lines, 2))
        return Apart(some, some, lines)
    if search.ends is None:
        raise Malformed(f"{name}: not JSON: unexpected end of data")
    found = search.longest
    if (
        found is None
        or search.bytes - found.size > MOST_HELD_BYTES
        or max(ends - begins for begins, ends in pairwise(found.bounds)) > _LONGEST_BYTES
    ):
        raise Inseparable
    _check(found.count, name)
    rows = _Groups(opened, name, found.bounds)
    some = [*islice(rows, 2), *([] if found.has_objects_only else [None])]
    return Apart(_around(opened, name, found, some), some, rows)


def _around(opened: Opened, name: str, found: LongList, some: list[Any]) -> Any:  # Any: JSON.
    """Return a document with some rows in the place of its long list."""
    with opened() as stream:
        before = stream.read(found.begins)
        _skip(stream, found.size + 1)
        behind = stream.read()
    # No other text of the document is that long.
    mark = "x" * (len(before) + len(behind) + 1)
    document = json_of(before.lstrip(SEPARATOR) + b'"' + mark.encode() + b'"' + behind, name, _ENCODINGS[0])
    if document == mark:
        return some
    if not _put(document, mark, some):
        raise Inseparable
    return document


def _put(held: Any, mark: str, some: list[Any]) -> bool:  # Any: JSON.
    """Put some rows in the place of a mark within objects; tells whether it was there."""
    if not isinstance(held, dict):
        return False
    for key, value in held.items():
        if value == mark:
            held[key] = some
            return True
        if _put(value, mark, some):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Groups:
    """The rows of a list, of which so many are parsed at once as are between two bounds."""

    opened: Opened
    name: str
    bounds: list[int]

    def __iter__(self) -> Iterator[Any]:
        with self.opened() as stream:
            _skip(stream, self.bounds[0] + 1)
            for begins, ends in pairwise(self.bounds):
                yield from self._parsed(stream.read(ends - begins)[:-1], begins)

    def _parsed(self, rows: bytes, begins: int) -> list[Any]:
        name = f"{self.name}: from byte {begins:,}"
        found: list[Any] = parsed(b"[" + rows + b"]", name, _ENCODINGS[0])
        if not found:
            raise Malformed(f"{name}: not JSON: a comma without a value")
        return found


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of JSON, read one by one."""

    opened: Opened
    name: str

    def __iter__(self) -> Iterator[Any]:
        return map(row_of, self.texts())

    def texts(self) -> Iterator[bytes]:
        with self.opened() as stream:
            held, count = stream.read(len(MARK)).removeprefix(MARK), 0
            while block := stream.read(long_lists.BLOCK_BYTES):
                *lines, held = (held + block).replace(SEPARATOR, b"\n").splitlines(keepends=True)
                count += len(lines)
                _check(count, self.name)
                yield from filter(None, map(bytes.strip, lines))
                if len(held) > _LONGEST_BYTES:
                    raise Inseparable
            if last := held.strip():
                yield last


def _check(rows: int, name: str) -> None:
    if rows > MOST_ROWS:
        raise Malformed(f"{name}: more than {MOST_ROWS:,} rows")


def _skip(stream: IO[bytes], count: int) -> None:
    while count and (block := stream.read(min(count, long_lists.BLOCK_BYTES))):
        count -= len(block)
