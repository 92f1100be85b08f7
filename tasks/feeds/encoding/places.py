"""[p] Columns of coordinates to geometries as COPY reads them, and to the places they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from math import nan
from struct import Struct
from typing import Final

import numpy as np
import orjson

from shared.errors import Rejection
from shared.geo import point_of
from tasks.feeds.encoding import binary
from tasks.feeds.encoding.binary import LENGTHS, NULL, document
from tasks.feeds.encoding.rows import Place, place_of
from tasks.feeds.quality import Context, is_outside
from tasks.feeds.reading.places import geometry, point

Cells = Sequence[str]
_BEFORE: Final = b'\x01{"coordinates":'
_AFTER: Final = b',"type":"Point"}'
#: What stands before two coordinates, by how many bytes they take.
_HEADS: Final = tuple(LENGTHS[len(_BEFORE) + n + len(_AFTER)] + _BEFORE for n in range(100))
_POINT: Final = Struct(">idd").pack


@dataclass(slots=True)
class Placed:
    """A geometry, a place and the field of a point of each row."""

    fields: list[bytes] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    points: list[bytes] = field(default_factory=list)


def placed(
    cells: Sequence[Cells], at: Mapping[str, int], size: int, context: Context, alone: set[int]
) -> Placed:
    """Return where rows are; the positions of those whose place must be looked at are added to `alone`."""
    nowhere = ("",) * size
    has_degrees = "longitude" in at and "latitude" in at
    lons = cells[at["longitude"]] if has_degrees else nowhere
    lats = cells[at["latitude"]] if has_degrees else nowhere
    shapes = cells[at["geometry"]] if "geometry" in at else nowhere
    xs, ys = _numbers(lons), _numbers(lats)
    found = _points(xs, ys)
    for number in _doubtful(xs, ys) if context.bbox is None else range(size):
        place: Place = None
        written = NULL
        try:
            shape = point(lons[number], lats[number]) or geometry(shapes[number])
            if shape is not None and is_outside(shape, context):
                alone.add(number)
            written, place = document(shape), place_of(shape)
        except (Rejection, TypeError, ValueError):
            alone.add(number)
        on_it = point_of(place) if isinstance(place, Mapping) else place
        found.fields[number] = written
        found.places[number] = place
        found.points[number] = binary.point(on_it)
    return found


def _numbers(column: Cells) -> list[float]:
    """Read a column of numbers; what is none is no number."""
    try:
        return list(map(float, column))
    except ValueError:
        return [_number(cell) for cell in column]


def _number(cell: str) -> float:
    try:
        return float(cell) if cell else nan
    except ValueError:
        return nan


def _doubtful(xs: list[float], ys: list[float]) -> list[int]:
    """Return the positions of pairs that are not simply a place on Earth."""
    lons, lats = np.array(xs), np.array(ys)
    is_place = (np.abs(lons) <= 180.0) & (np.abs(lats) <= 90.0) & ((lons != 0) | (lats != 0))
    return list(map(int, np.flatnonzero(~is_place)))


def _points(xs: list[float], ys: list[float]) -> Placed:
    places = list(zip(xs, ys, strict=True))
    pairs = list(map(orjson.dumps, places))
    fields = map(
        b"".join, zip(map(_HEADS.__getitem__, map(len, pairs)), pairs, repeat(_AFTER))
    )  # the last has no end
    return Placed(list(fields), list[Place](places), list(map(_POINT, repeat(16), xs, ys)))
