"""[p] Columns of coordinates to geometries and points as COPY reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from shared.errors import Rejection
from tasks.feeds.encoding.binary import NULL
from tasks.feeds.encoding.geometries import Shape, place_fields, shape_of
from tasks.feeds.encoding.weave import Slices, Weave
from tasks.feeds.quality import Context, is_outside
from tasks.feeds.reading.grid import Flags, Grid, Places, Rows
from tasks.feeds.reading.place_cells import geometry
from tasks.feeds.reading.places import point

Numbers = npt.NDArray[np.float64]
_NAMES: Final = ("longitude", "latitude", "geometry")
_POINT: Final = np.dtype([("length", ">i4"), ("lon", ">f8"), ("lat", ">f8")])


class Cells(NamedTuple):
    """Where the cells of a column begin and end."""

    starts: Places
    ends: Places


@dataclass(slots=True)
class Placed:
    """Where rows are: simply by degrees, or, for those by place among them, by a geometry that was read by itself."""

    lons: Numbers
    lats: Numbers
    fields: dict[int, tuple[bytes, bytes]]
    shapes: list[Shape | None]

    def take(self, kept: Rows) -> "Placed":
        """Return some of them."""
        places = {old: new for new, old in enumerate(kept.tolist())}
        fields = {places[at]: found for at, found in self.fields.items() if at in places}
        return Placed(self.lons[kept], self.lats[kept], fields, [self.shapes[at] for at in kept.tolist()])

    def geometries(self, weave: Weave) -> Slices:
        """Return the fields `geometry`."""
        return weave.replaced(weave.constant(NULL), {at: written for at, (written, _) in self.fields.items()})

    def points(self, weave: Weave) -> Slices:
        """Return the fields `point`."""
        items = np.empty(len(self.lons), dtype=_POINT)
        items["length"], items["lon"], items["lat"] = 16, self.lons, self.lats
        return weave.replaced(weave.records(items), {at: written for at, (_, written) in self.fields.items()})


def placed(grid: Grid, cells: Mapping[str, Cells], context: Context, alone: Flags) -> Placed:
    """Return where rows are; those whose place must be looked at by itself are noted in `alone`."""
    lons, lats = (_degrees(grid, cells[name], len(alone)) for name in ("longitude", "latitude"))
    found = Placed(lons, lats, {}, [None] * len(alone))
    is_place = (np.abs(lons) <= 180.0) & (np.abs(lats) <= 90.0) & ((lons != 0) | (lats != 0))
    rows = np.flatnonzero(~is_place) if context.bbox is None else np.arange(len(alone))
    texts = [grid.texts(of.starts[rows], of.ends[rows]) for of in map(cells.__getitem__, _NAMES)]
    for at, lon, lat, shape in zip(rows.tolist(), *texts, strict=True):
        try:
            place = point(lon, lat) or geometry(shape)
            if place is not None and is_outside(place, context):
                alone[at] = True
            found.fields[at], found.shapes[at] = place_fields(place), shape_of(place)
        except (Rejection, TypeError, ValueError):
            alone[at] = True
    return found


def _degrees(grid: Grid, cells: Cells, rows: int) -> Numbers:
    """Read a column of numbers; what is none is no number."""
    if not (cells.ends > cells.starts).any():
        return np.full(rows, nan)
    texts = grid.texts(cells.starts, cells.ends)
    try:
        return np.array(list(map(float, texts)))
    except ValueError:
        return np.array([_number(text) for text in texts])


def _number(text: str) -> float:
    try:
        return float(text) if text else nan
    except ValueError:
        return nan
