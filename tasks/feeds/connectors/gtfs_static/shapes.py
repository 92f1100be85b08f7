"""[p] The way of each route on the map: the shape that most of its trips follow, in each direction."""

import csv
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import shapely

from tasks.feeds.connectors.gtfs_static.package import Table
from tasks.feeds.connectors.gtfs_static.trips import Trip
from tasks.feeds.reading.places import Geometry

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
    points: dict[str, array[float]] = {}
    for _, cells in table.records():
        if isinstance(cells, csv.Error) or cells.get("shape_id") not in wanted:
            continue
        try:
            sequence = float(cells["shape_pt_sequence"])
            lon, lat = float(cells["shape_pt_lon"]), float(cells["shape_pt_lat"])
        except (KeyError, ValueError):
            continue
        if -180 <= lon <= 180 and -90 <= lat <= 90:
            points.setdefault(cells["shape_id"], array("d")).extend((sequence, lon, lat))
    return {shape_id: line for shape_id, held in points.items() if len(line := _line(held)) > 1}


def thinned(places: Sequence[Any]) -> list[Any]:
    """Return places that are spread evenly over a line, the first and the last among them."""
    step = -(-len(places) // _MOST_POINTS)
    return [*places[: -1 : step or 1], *places[-1:]]


def _line(held: "array[float]") -> list[list[float]]:
    ordered = sorted(zip(held[::3], held[1::3], held[2::3], strict=True))
    places = [(lon, lat) for _, lon, lat in ordered]
    if len(places) < 2:
        return []
    line = shapely.simplify(shapely.LineString(thinned(places)), _TOLERANCE)
    return [[round(lon, _DIGITS), round(lat, _DIGITS)] for lon, lat in shapely.get_coordinates(line).tolist()]
