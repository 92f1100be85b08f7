"""[p] Columns of text to the fields that COPY reads: one pass a column, each word written once."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from struct import Struct
from typing import Final, NamedTuple

import orjson

from tasks.feeds.bulk_places import Placed, placed
from tasks.feeds.bulk_times import NEVER, Moments
from tasks.feeds.quality import Context
from tasks.feeds.reading import CLOSED, Reader
from tasks.feeds.store_binary import EPOCH, NULL, clean, document, microseconds, sized, words
from tasks.feeds.store_encode import Row, digest_of

#: Words of a column that are remembered as they are written.
_REMEMBERED: Final = 2_000
_MICROSECOND: Final = timedelta(microseconds=1)
_PACK: Final = Struct(">iq").pack

Cells = Sequence[str]


class _Words(dict[str, bytes]):
    """A cell's field, written once for a column of few words."""

    def __init__(self, write: Callable[[str], bytes]) -> None:
        super().__init__()
        self._write = write

    def __missing__(self, cell: str) -> bytes:
        field = self._write(cell)
        if len(self) < _REMEMBERED:
            self[cell] = field
        return field


class Part(NamedTuple):
    """Rows of a block, with the id, the address and the hash of each."""

    rows: Sequence[Cells]
    ids: Sequence[str]
    addresses: Sequence[str]
    hashes: Sequence[int]


class Columns:
    """Reads the rows of one table as its `Reader` does, many at a time."""

    def __init__(self, reader: Reader, names: Sequence[str]) -> None:
        self._at = reader.chosen
        self._kind = reader.kind
        self._moments = Moments(reader.times)
        fallback = words(reader.fallback)
        parts = ("description", "status", "severity", "category", "address", "url")
        self._texts = {part: _Words(_text) for part in parts if part in self._at}
        self._title = _Words(lambda cell: _text(cell) if cell.strip() else fallback)
        self._no_title = fallback
        members = zip(names, reader.rest, strict=True)
        self._rest = [(place, _Words(_member(name))) for name, place in sorted(members, key=_by_bytes)]

    @classmethod
    def of(cls, reader: Reader) -> "Columns | None":
        """Return the columns of a reader, or none when only reading row by row gives what it would."""
        names = [clean(name) for name in reader.rest_names]
        is_plain = reader.is_text and "external_id" in reader.chosen and reader.published is None
        return cls(reader, names) if is_plain and len(set(names)) == len(names) else None

    def ids(self, rows: Sequence[Cells]) -> list[str]:
        """Return the rows' ids if all have one and no two the same, else nothing."""
        place = self._at["external_id"]
        found = [clean(row[place].strip()) for row in rows]
        return found if len(set(found)) == len(found) and all(found) else []

    def read(self, part: Part, context: Context) -> tuple[list[Row], list[int]]:
        """Return the rows that could be read, and the positions of the others."""
        rows = part.rows
        cells: list[Cells] = list(zip(*rows, strict=True))
        alone: set[int] = set()
        try:
            texts = {
                part: list(map(write.__getitem__, cells[self._at[part]]))
                for part, write in self._texts.items()
            }
            title = self._titles(cells, len(rows))
            properties = self._properties(cells, len(rows))
        except UnicodeEncodeError:
            return [], list(range(len(rows)))
        moments = {part: self._moments.read(cells, self._at.get(part), alone) for part in _MOMENTS}
        closed = moments["closed_at"]
        observed = list(map(max, moments["created_at"], closed, moments["updated_at"]))
        latest = microseconds(context.now + context.ahead)
        alone.update(at for at, moment in enumerate(observed) if moment > latest)
        where: Placed = placed(cells, self._at, len(rows), context, alone)
        none = [NULL] * len(rows)
        bodies = map(
            b"".join,
            zip(
                map(words, part.ids),
                [words(self._kind)] * len(rows),
                title,
                texts.get("description", none),
                self._statuses(cells, closed, texts.get("status", none)),
                texts.get("severity", none),
                texts.get("category", none),
                texts.get("address", none),
                texts.get("url", none),
                where.fields,
                _fields(_either(moments["starts_at"], moments["created_at"])),
                _fields(_either(moments["ends_at"], closed)),
                _fields(observed),
                properties,
                strict=True,
            ),
        )  # fmt: skip
        found = [
            Row(id_, digest_of(body), body, address, _moment(moment), None, place, self._kind, False, hash_)
            for id_, body, address, moment, place, hash_ in zip(
                part.ids, bodies, part.addresses, observed, where.places, part.hashes, strict=True
            )
        ]
        return [row for at, row in enumerate(found) if at not in alone] if alone else found, sorted(alone)

    def _titles(self, cells: Sequence[Cells], size: int) -> list[bytes]:
        place = self._at.get("title")
        return [self._no_title] * size if place is None else list(map(self._title.__getitem__, cells[place]))

    def _statuses(self, cells: Sequence[Cells], closed: Sequence[int], written: list[bytes]) -> list[bytes]:
        """Say of a request whether it is open; of anything else what was written."""
        if self._kind != "service_request":
            return written
        by_date = [_IS_OPEN if moment == NEVER else _IS_CLOSED for moment in closed]
        place = self._at.get("status")
        if place is None:
            return by_date
        said = map(_STATUSES.__getitem__, cells[place])
        return [word or other for word, other in zip(said, by_date, strict=True)]

    def _properties(self, cells: Sequence[Cells], size: int) -> list[bytes]:
        """Write the members of each row as a field of `jsonb`."""
        if not self._rest:
            return [document({})] * size
        members = map(
            b"".join, zip(*(map(write.__getitem__, cells[at]) for at, write in self._rest), strict=True)
        )
        return [sized(b"\x01{%b}" % of[1:]) for of in members]


_MOMENTS: Final = ("created_at", "closed_at", "updated_at", "starts_at", "ends_at")


def _by_bytes(member: tuple[str, int]) -> bytes:
    return member[0].encode("utf-8", "surrogatepass")


def _text(cell: str) -> bytes:
    return words(cell.strip() or None)


def _member(name: str) -> Callable[[str], bytes]:
    """Return what writes one cell as a member of a JSON object, a comma before it."""
    key = b"," + orjson.dumps(name) + b":"
    return lambda cell: key + orjson.dumps(clean(cell)) if cell and not cell.isspace() else b""


def _either(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [first if first != NEVER else second for first, second in zip(one, other, strict=True)]


def _fields(moments: Sequence[int]) -> list[bytes]:
    return [NULL if moment == NEVER else _PACK(8, moment) for moment in moments]


def _moment(count: int) -> datetime | None:
    return None if count == NEVER else EPOCH + count * _MICROSECOND


_IS_OPEN: Final = words("open")
_IS_CLOSED: Final = words("closed")


def _status(cell: str) -> bytes:
    written = cell.strip().lower()
    return b"" if not written else _IS_CLOSED if written.startswith(CLOSED) else _IS_OPEN


_STATUSES: Final = _Words(_status)
