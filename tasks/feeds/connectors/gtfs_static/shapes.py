"""[p] The way of each route on the map: the shape that most of its trips follow, in each direction."""

import csv
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from tasks.feeds.connectors.gtfs_static.package import Table
from tasks.feeds.connectors.gtfs_static.trips import Trip
from tasks.feeds.reading.places import Geometry

Places: TypeAlias = NDArray[np.float64]
#: Degrees: some 10 m, which a map of a city does not show.
_TOLERANCE: Final = 0.0001
_DIGITS: Final = 5
#: Of a shape of more points only every second is looked at, or every third: to simplify takes the square of them.
_MOST_POINTS: Final = 5_000


def most_used(trips: Iterable[Trip]) -> dict[str, list[str]]:
    """Return each route's shapes: the one that most trips of a direction follow."""
    counted: dict[tuple[str, int | None], Counter[str]] = {}
    for trip in trips:
        if trip.shape_id:
            counted.setdefault((trip.route_id, trip.direction_id), Counter())[trip.shape_id] += 1
    found: dict[str, list[str]] = {}
    for (route_id, _), shapes in counted.items():
        shape_id = min(shapes, key=lambda one: (-shapes[one], one))
        if shape_id not in found.setdefault(route_id, []):
            found[route_id].append(shape_id)
    return found


def drawn(table: Table, wanted: Mapping[str, list[str]]) -> dict[str, Geometry]:
    """Return the geometry of each route as a MultiLineString; bad points are left out, as are lines of one point."""
    lines = _lines(table, {shape_id for shapes in wanted.values() for shape_id in shapes})
    found = {
        route_id: [lines[shape_id] for shape_id in sorted(shapes) if shape_id in lines]
        for route_id, shapes in wanted.items()
    }
    return {
        route_id: {"type": "MultiLineString", "coordinates": parts}
        for route_id, parts in found.items()
        if parts
    }


def _lines(table: Table, wanted: set[str]) -> dict[str, list[list[float]]]:
    points: dict[str, array[float]] = {shape_id: array("d") for shape_id in wanted}
    place = table.place("shape_id")
    numbers = [table.place(f"shape_pt_{name}") for name in ("sequence", "lon", "lat")]
    if min(place, *numbers) < 0:
        return {}
    told = itemgetter(*numbers)
    # Tables of millions of points are no rarity: of a row only these four cells are looked at.
    for row in table.rows:
        if isinstance(row, csv.Error):
            continue
        try:
            held = points[row[place].strip()]
            sequence, lon, lat = map(float, told(row))
        except (LookupError, ValueError):
            continue
        if -180 <= lon <= 180 and -90 <= lat <= 90:
            held.extend((sequence, lon, lat))
    return {shape_id: line for shape_id, held in points.items() if len(line := _line(held)) > 1}


def _thinned(places: Places) -> Places:
    """Return places that are spread evenly over a line, the first and the last among them."""
    step = -(-len(places) // _MOST_POINTS)
    return np.concatenate((places[:-1:step], places[-1:]))


def _line(held: "array[float]") -> list[list[float]]:
    points = np.frombuffer(held).reshape(-1, 3)
    if len(points) < 2:
        return []
    sequence, lon, lat = points.T
    places = points[np.lexsort((lat, lon, sequence)), 1:]
    line = shapely.simplify(shapely.LineString(_thinned(places)), _TOLERANCE)
    return [[round(lon, _DIGITS), round(lat, _DIGITS)] for lon, lat in shapely.get_coordinates(line).tolist()]
