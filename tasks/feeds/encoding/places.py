"""[p] Columns of coordinates to geometries and points as COPY reads them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from math import nan
from struct import Struct
from typing import Final

import numpy as np

from shared.errors import Rejection
from tasks.feeds.encoding.binary import NULL
from tasks.feeds.encoding.geometries import Shape, place_fields, shape_of
from tasks.feeds.quality import Context, is_outside
from tasks.feeds.reading.places import geometry, point

Cells = Sequence[str]
_POINT: Final = Struct(">idd").pack


@dataclass(slots=True)
class Placed:
    """The fields `geometry` and `point` of each row, as `place_fields` writes them, and its shape."""

    geometries: list[bytes]
    points: list[bytes]
    shapes: list[Shape | None]


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
    found = Placed([NULL] * size, list(map(_POINT, repeat(16), xs, ys)), [None] * size)
    for number in _doubtful(xs, ys) if context.bbox is None else range(size):
        shape, fields = None, (NULL, NULL)
        try:
            shape = point(lons[number], lats[number]) or geometry(shapes[number])
            if shape is not None and is_outside(shape, context):
                alone.add(number)
            fields = place_fields(shape)
        except (Rejection, TypeError, ValueError):
            alone.add(number)
        found.geometries[number], found.points[number] = fields
        found.shapes[number] = shape_of(shape)
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
