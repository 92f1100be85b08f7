"""[p] Rows of a text table to what is stored, one pass a column."""

from collections.abc import Sequence
from hashlib import sha256
from itertools import repeat
from typing import Final

from tasks.feeds.encoding import fields
from tasks.feeds.encoding.binary import LENGTHS, NULL, clean, document, microseconds, sized, words
from tasks.feeds.encoding.lines import NO_LINES, Lines
from tasks.feeds.encoding.places import Placed, placed
from tasks.feeds.encoding.rows import DIGEST_BYTES
from tasks.feeds.encoding.times import NEVER, Moments
from tasks.feeds.quality import Context
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.words import is_closed

_TEXTS: Final = ("description", "status", "severity", "category", "address", "url")
_MOMENTS: Final = ("created_at", "closed_at", "updated_at", "starts_at", "ends_at")
_IS_OPEN: Final = words("open")
_IS_CLOSED: Final = words("closed")

Cells = Sequence[str]


class Columns:
    """Reads the rows of one table as its `Reader` does, many at a time."""

    def __init__(self, reader: Reader, names: Sequence[str]) -> None:
        self._at = reader.chosen
        self._kind = reader.kind
        self._moments = Moments(reader.times)
        self._fallback = words(reader.fallback)
        self._title = fields.texts(self._fallback)
        self._texts = {part: fields.texts() for part in _TEXTS if part in self._at}
        self._status = fields.Column(_status, lambda cells: None)
        rest = sorted(zip(names, reader.rest, strict=True), key=_by_bytes)
        self._rest = [(fields.members(name), at) for name, at in rest]
        self.id_place = reader.chosen["external_id"]

    @classmethod
    def of(cls, reader: Reader) -> "Columns | None":
        """Return the columns of a reader, or none when only reading row by row gives what it would."""
        names = [clean(name) for name in reader.rest_names]
        is_plain = reader.is_text and "external_id" in reader.chosen and reader.published is None
        return cls(reader, names) if is_plain and len(set(names)) == len(names) else None

    def read(
        self,
        cells: Sequence[Cells],
        ids: Sequence[str],
        hashes: Sequence[int],
        addresses: Sequence[tuple[str, int]],
        context: Context,
    ) -> tuple[Lines, list[int]]:
        """Return the rows, with their ids and hashes, that could be read, and the positions of the others."""
        alone: set[int] = set()
        moments = {part: self._moments.read(cells, self._at.get(part), alone) for part in _MOMENTS}
        observed = list(map(max, moments["created_at"], moments["closed_at"], moments["updated_at"]))
        latest = microseconds(context.now + context.ahead)
        if max(observed) > latest:
            alone.update(at for at, moment in enumerate(observed) if moment > latest)
        where = placed(cells, self._at, len(ids), context, alone)
        try:
            fields = self._fields(cells, ids, moments, observed, where)
        except UnicodeEncodeError:
            return NO_LINES, list(range(len(ids)))
        bodies = list(map(b"".join, fields))
        digests = [sha256(body).digest()[:DIGEST_BYTES] for body in bodies]
        lines = Lines(self._kind, addresses, ids, digests, bodies, observed, where.shapes, hashes)
        return lines.without(alone), sorted(alone)

    def _fields(
        self,
        cells: Sequence[Cells],
        ids: Sequence[str],
        moments: dict[str, list[int]],
        observed: list[int],
        where: Placed,
    ) -> "zip[tuple[bytes, ...]]":
        """Return the fields of each row's body, in the order of `FEATURE_BODY`."""
        none = [NULL] * len(ids)
        texts = {
            part: self._texts[part].fields(cells[self._at[part]]) if part in self._at else none
            for part in _TEXTS
        }
        closed = moments["closed_at"]
        return zip(
            fields.ids(ids),
            repeat(words(self._kind), len(ids)),
            self._titles(cells, len(ids)),
            texts["description"],
            self._statuses(cells, closed) if self._kind == "service_request" else texts["status"],
            texts["severity"],
            texts["category"],
            texts["address"],
            texts["url"],
            where.geometries,
            fields.moments(_either(moments["starts_at"], moments["created_at"])),
            fields.moments(_either(moments["ends_at"], closed)),
            fields.moments(observed),
            self._properties(cells, len(ids)),
            where.points,
            strict=True,
        )

    def _titles(self, cells: Sequence[Cells], size: int) -> Sequence[bytes]:
        place = self._at.get("title")
        if place is None:
            return [self._fallback] * size
        return self._title.fields(cells[place])

    def _statuses(self, cells: Sequence[Cells], closed: Sequence[int]) -> list[bytes]:
        """Say of each request whether it is open, by its date where nothing is written."""
        by_date = [_IS_OPEN if moment == NEVER else _IS_CLOSED for moment in closed]
        place = self._at.get("status")
        if place is None:
            return by_date
        said = self._status.fields(cells[place])
        return [word or other for word, other in zip(said, by_date, strict=True)]

    def _properties(self, cells: Sequence[Cells], size: int) -> Sequence[bytes]:
        """Write the members of each row as a field of `jsonb`."""
        if not self._rest:
            return [document({})] * size
        members = [column.fields(cells[at]) for column, at in self._rest]
        rows = list(map(b"".join, zip(*members, strict=True)))
        # The version of the format, braces, and no comma before the first.
        if all(rows) and max(map(len, rows)) < len(LENGTHS) - 2:
            lengths = [length + b"\x01{" for length in LENGTHS[2:]]
            return [lengths[len(row)] + row[1:] + b"}" for row in rows]
        return [sized(b"\x01{%b}" % row[1:]) for row in rows]


def _by_bytes(member: tuple[str, int]) -> bytes:
    return member[0].encode("utf-8", "surrogatepass")


def _either(one: list[int], other: list[int]) -> list[int]:
    if one[0] == NEVER and one.count(NEVER) == len(one):
        return other
    return [first if first != NEVER else second for first, second in zip(one, other, strict=True)]


def _status(cell: str) -> bytes:
    written = cell.strip()
    return b"" if not written else _IS_CLOSED if is_closed(written) else _IS_OPEN
