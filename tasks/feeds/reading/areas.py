"""[p] Areas whose edges cross, made valid as long as that is no endless work."""

from typing import Final

import shapely

from shared.errors import Rejection

#: Pairs of edges that may cross each other: some for every edge, and so many besides.
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
    edges = _edges(area)
    most, pairs = _PAIRS_BESIDES + _PAIRS_OF_EACH * len(edges), 0
    tree = shapely.STRtree(edges)
    for first in range(0, len(edges), _AT_ONCE):
        pairs += tree.query(edges[first : first + _AT_ONCE]).shape[1]
        if pairs > most:
            raise Rejection("bad_geometry", f"more than {most:,} pairs of its edges may cross")
    return shapely.make_valid(area)


def _edges(area: shapely.Geometry) -> list[shapely.LineString]:
    polygons = [part for part in shapely.get_parts(shapely.get_parts(area)) if part.geom_type == "Polygon"]
    rings = [shapely.get_coordinates(ring) for ring in shapely.get_rings(polygons)]
    return [
        edge
        for ring in rings
        for edge in shapely.linestrings([[ring[at], ring[at + 1]] for at in range(len(ring) - 1)])
    ]
