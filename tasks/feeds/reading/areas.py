"""[p] Areas whose edges cross, made valid as long as that is no endless work."""

from collections.abc import Sequence
from typing import Final

import shapely

from shared.errors import Rejection

#: Pairs of edges, or of rings, that may meet each other: some for each of them, and so many besides.
_PAIRS_OF_EACH: Final = 20
_PAIRS_BESIDES: Final = 100_000
_AT_ONCE: Final = 256


def valid(area: shapely.Geometry) -> shapely.Geometry:
    """
    Return an area as a valid one.

    Raises: Rejection if too many of its edges may cross: each crossing becomes a vertex.
    """
    if shapely.is_valid(area):
        return area
    check_pairs(_edges(area), "of its edges may cross")
    return shapely.make_valid(area)


def check_pairs(shapes: Sequence[shapely.Geometry], said: str) -> None:
    """
    Count the pairs of shapes whose boxes meet.

    Raises: Rejection, which says what is `said` of them, if there are too many for the number of shapes.
    """
    most, pairs = _PAIRS_BESIDES + _PAIRS_OF_EACH * len(shapes), 0
    tree = shapely.STRtree(shapes)
    for first in range(0, len(shapes), _AT_ONCE):
        pairs += tree.query(shapes[first : first + _AT_ONCE]).shape[1]
        if pairs > most:
            raise Rejection("bad_geometry", f"more than {most:,} pairs {said}")


def _edges(area: shapely.Geometry) -> list[shapely.LineString]:
    polygons = [part for part in shapely.get_parts(shapely.get_parts(area)) if part.geom_type == "Polygon"]
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(polygons)]
    return [
        edge
        for ring in rings
        for edge in shapely.linestrings([[ring[at], ring[at + 1]] for at in range(len(ring) - 1)])
    ]
