"""[p] Columns of coordinates to geometries as COPY reads them, and to the places they stand for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson

from shared.errors import Rejection
from tasks.feeds.places import geometry, point
from tasks.feeds.quality import Context, is_outside
from tasks.feeds.store_binary import LENGTHS, NULL, document
from tasks.feeds.store_encode import Place, place_of

Cells = Sequence[str]
_POINT: Final = b'\x01{"coordinates":%b,"type":"Point"}'


@dataclass(slots=True)
class Placed:
    """A field and a place of each row."""

    fields: list[bytes] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)


def placed(
    cells: Sequence[Cells], at: Mapping[str, int], size: int, context: Context, alone: set[int]
) -> Placed:
    """Return where rows are; the positions of those whose place must be looked at are added to `alone`."""
    nowhere = ("",) * size
    has_degrees = "longitude" in at and "latitude" in at
    lons = cells[at["longitude"]] if has_degrees else nowhere
    lats = cells[at["latitude"]] if has_degrees else nowhere
    shapes = cells[at["geometry"]] if "geometry" in at else nowhere
    found = Placed()
    fields, places = found.fields, found.places
    is_bounded = context.bbox is not None
    for number, (lon, lat) in enumerate(zip(lons, lats, strict=True)):
        try:
            x, y = float(lon), float(lat)
        except ValueError:
            x = y = 0.0
        if (x or y) and -180.0 <= x <= 180.0 and -90.0 <= y <= 90.0 and not is_bounded:
            written = _POINT % orjson.dumps((x, y))
            fields.append(LENGTHS[len(written)] + written)
            places.append((x, y))
            continue
        try:
            shape = point(lon, lat) or geometry(shapes[number])
            if shape is not None and is_outside(shape, context):
                alone.add(number)
            fields.append(document(shape))
            places.append(place_of(shape))
        except (Rejection, TypeError, ValueError):
            alone.add(number)
            fields.append(NULL)
            places.append(None)
    return found
