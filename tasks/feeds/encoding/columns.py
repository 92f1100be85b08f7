"""[p] Rows of a text table to what is stored, one pass a column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import orjson

from tasks.feeds.encoding.binary import NEVER, NULL, clean, microseconds, words
from tasks.feeds.encoding.places import Placed, placed
from tasks.feeds.encoding.some import Some
from tasks.feeds.encoding.times import Moments
from tasks.feeds.encoding.weave import Numbers, Slices, Weave
from tasks.feeds.quality import Context
from tasks.feeds.reading.grid import Flags, Grid, Rows
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.locations import before_degrees
from tasks.feeds.reading.rows import PROSE, REQUEST, Reader
from tasks.feeds.reading.words import is_closed

_MOMENTS: Final = ("created_at", "closed_at", "updated_at", "starts_at", "ends_at")
_PLACES: Final = ("longitude", "latitude", "geometry")
#: By what a request says of itself: nothing, that it is open, that it is closed.
_UNSAID, _OPEN, _CLOSED = range(3)
_STATES: Final = (NULL, words("open"), words("closed"))
#: What `jsonb` begins with: the version of its format.
_VERSION: Final = b"\x01"


@dataclass(slots=True)
class Read:
    """Rows that were read: the body of each, when it was observed, and its shape, if it has one."""

    bodies: list[bytes]
    observed: Numbers
    where: Placed


class Columns:
    """Reads the rows of one table as its `Reader` does, many at a time."""

    def __init__(self, reader: Reader, names: Sequence[str]) -> None:
        self._at = reader.chosen
        self._is_request = reader.kind == REQUEST
        self._kind = words(reader.kind)
        self._moments = Moments(reader.times)
        self._clocks = reader.clocks
        self._fallback = words(reader.fallback)
        self._is_place_in_address = reader.is_place_in_address
        #: Names of members as JSON writes them, in their order, and where their columns are.
        self._rest = [(orjson.dumps(name), at) for name, at in sorted(zip(names, reader.rest, strict=True))]
        self.id_place = reader.chosen["external_id"]

    @classmethod
    def of(cls, reader: Reader) -> "Columns | None":
        """Return the columns of a reader, or none when only reading row by row gives what it would."""
        names = [clean(name) for name in reader.rest_names]
        is_plain = reader.is_text and "external_id" in reader.chosen and reader.published is None
        return cls(reader, names) if is_plain and len(set(names)) == len(names) else None

    def read(self, grid: Grid, rows: Rows, context: Context) -> tuple[Read, Flags]:
        """Return those of a grid's whole rows that could be read at once, and which of them could not."""
        some = Some(grid, rows)
        alone = self._marked_up(grid, rows)
        moments = {part: self._times(some, part, alone) for part in _MOMENTS}
        observed = np.maximum(moments["created_at"], moments["updated_at"])
        if self._is_request:
            observed = np.maximum(observed, moments["closed_at"])
        alone |= observed > microseconds(context.now + context.ahead)
        where = placed(grid, {part: some.cells(self._at.get(part)) for part in _PLACES}, context, alone)
        if alone.any():
            kept = np.flatnonzero(~alone)
            some, where, observed = Some(grid, rows[kept]), where.take(kept), observed[kept]
            moments = {part: counts[kept] for part, counts in moments.items()}
        return Read(self._bodies(some, moments, observed, where), observed, where), alone

    def _marked_up(self, grid: Grid, rows: Rows) -> Flags:
        """Tell which rows may have markup in what people read."""
        found = np.zeros(len(rows), dtype=np.bool_)
        if grid.marked_up is not None:
            for part in PROSE:
                if part in self._at:
                    found |= grid.marked_up[rows, self._at[part]]
        return found

    def _times(self, some: Some, part: str, alone: Flags) -> Numbers:
        if part not in self._at:
            return np.full(some.size, NEVER, dtype=np.int64)
        clocks = self._clocks.get(self._at[part])
        if clocks is not None:
            return self._moments.read_both(some.grid, some.cells(self._at[part]), some.cells(clocks), alone)
        return self._moments.read(some.grid, *some.cells(self._at[part]), alone)

    def _bodies(
        self, some: Some, moments: Mapping[str, Numbers], observed: Numbers, where: Placed
    ) -> list[bytes]:
        """Return each row's body, with the fields of `FEATURE_BODY` in their order."""
        weave = Weave(some.grid.data, some.size)
        weave.add(*self._text(weave, some, "external_id"), weave.constant(self._kind))
        weave.add(*self._text(weave, some, "title", self._fallback), *self._text(weave, some, "description"))
        if self._is_request:
            weave.add(self._states(weave, some, moments["closed_at"]))
        else:
            weave.add(*self._text(weave, some, "status"))
        weave.add(*self._text(weave, some, "severity"), *self._text(weave, some, "category"))
        weave.add(
            *self._address(weave, some),
            *self._link(weave, some),
            where.geometries(weave),
            weave.moments(_either(moments["starts_at"], moments["created_at"])),
            weave.moments(_either(moments["ends_at"], moments["closed_at"])),
            weave.moments(observed),
            *self._properties(weave, some),
            where.points(weave),
        )
        return weave.woven()

    def _text(self, weave: Weave, some: Some, part: str, blank: bytes = NULL) -> Sequence[Slices]:
        """Return the field of a text without the blanks around it, `blank` where nothing else is there."""
        if part not in self._at:
            return [weave.constant(blank)]
        starts, ends = some.grid.stripped(*some.cells(self._at[part]))
        sizes = ends - starts
        return weave.where(sizes > 0, weave.lengths(sizes), blank), Slices(starts, sizes)

    def _address(self, weave: Weave, some: Some) -> Sequence[Slices]:
        """Return the field of an address, of one that ends in its place without that."""
        if not self._is_place_in_address:
            return self._text(weave, some, "address")
        starts, ends = some.grid.stripped(*some.cells(self._at["address"]))
        cells = some.grid.texts(starts, ends)
        sizes = np.array([len(before_degrees(cell).encode()) for cell in cells], dtype=np.int32)
        return weave.lengths(sizes), Slices(starts, sizes)

    def _link(self, weave: Weave, some: Some) -> Sequence[Slices]:
        """Return the field of a link, of one that does not lead to the web nothing."""
        if "url" not in self._at:
            return [weave.constant(NULL)]
        starts, ends = some.grid.stripped(*some.cells(self._at["url"]))
        is_link = np.array(
            [web_link(cell) is not None for cell in some.grid.texts(starts, ends)], dtype=np.bool_
        )
        sizes = np.where(is_link, ends - starts, np.int32(0))
        return weave.lengths(sizes), Slices(starts, sizes)

    def _states(self, weave: Weave, some: Some, closed: Numbers) -> Slices:
        """Say of each request whether it is open, by its date where nothing is written."""
        states = np.where(closed == NEVER, _OPEN, _CLOSED)
        if "status" in self._at:
            cells = some.grid.texts(*some.cells(self._at["status"]))
            meant = {cell: _state(cell) for cell in set(cells)}
            said = np.array(list(map(meant.__getitem__, cells)), dtype=np.intp)
            states = np.where(said == _UNSAID, states, said)
        return weave.choice(states, _STATES)

    def _properties(self, weave: Weave, some: Some) -> Sequence[Slices]:
        """Write the members of each row as a field of `jsonb`; a blank cell is none."""
        pieces = [weave.constant(_VERSION + b"{")]
        has_any = np.zeros(some.size, dtype=np.bool_)
        for name, at in self._rest:
            starts, ends = some.cells(at)
            bare_starts, bare_ends = some.grid.stripped(starts, ends)
            is_there = bare_ends > bare_starts
            # What ends the member before, a comma, and what begins this one.
            between = weave.choice(has_any.astype(np.intp), (name + b':"', b'",' + name + b':"'))
            cells = weave.replaced(Slices(starts, ends - starts), some.escaped(at))
            pieces += [_only(between, is_there), _only(cells, is_there)]
            has_any |= is_there
        pieces.append(weave.choice(has_any.astype(np.intp), (b"}", b'"}')))
        return [weave.lengths(np.sum([piece.sizes for piece in pieces], axis=0, dtype=np.int32)), *pieces]


def _only(slices: Slices, which: Flags) -> Slices:
    """Return slices of which those of rows that are not `which` are empty."""
    return Slices(slices.starts, np.where(which, slices.sizes, np.int32(0)))


def _either(one: Numbers, other: Numbers) -> Numbers:
    return np.where(one != NEVER, one, other)


def _state(cell: str) -> int:
    written = cell.strip()
    return _UNSAID if not written else _CLOSED if is_closed(written) else _OPEN
