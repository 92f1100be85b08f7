"""[p] Areas across the antimeridian, cut there, so that no band around the whole Earth is drawn."""

from collections.abc import Sequence
from typing import Final

import shapely

from shared.errors import Rejection
from tasks.feeds.reading.areas import valid
from tasks.feeds.reading.places import Geometry, checked

#: Degrees: whoever counts on across the antimeridian goes around the Earth once more, and not further.
_FARTHEST: Final = 720.0


def areas_of(rings: Sequence[list[list[float]]]) -> Geometry | None:
    """
    Return closed rings of lon, lat as one geometry; nothing if there are none.

    Raises: Rejection if one is no place on Earth.
    """
    parts = [part for ring in rings if ring for part in cut(ring)]
    if not parts:
        return None
    if len(parts) == 1:
        return checked({"type": "Polygon", "coordinates": [parts[0]]})
    return checked({"type": "MultiPolygon", "coordinates": [[part] for part in parts]})


def cut(ring: list[list[float]]) -> list[list[list[float]]]:
    """
    Cut a ring at the antimeridian into the parts on either side of it, as RFC 7946 asks.

    A step of more than half the Earth is meant the short way round.

    Raises: Rejection if its positions are not on Earth.
    """
    if not all(abs(number) <= _FARTHEST for position in ring for number in position):
        raise Rejection("bad_geometry", "its positions are not on Earth")
    turned = [ring[0]]
    for lon, lat in ring[1:]:
        before = turned[-1][0]
        turned.append([lon - 360 * round((lon - before) / 360) if abs(lon - before) > 180 else lon, lat])
    west, east = min(lon for lon, _ in turned), max(lon for lon, _ in turned)
    if west >= -180 and east <= 180:
        return [ring]
    if east - west >= 360 or not all(abs(lat) <= 90 for _, lat in ring):
        raise Rejection("bad_geometry", "its positions are not on Earth")
    area = valid(shapely.Polygon(turned))
    parts: list[list[list[float]]] = []
    for shift in (-360, 0, 360):
        inside = shapely.intersection(area, shapely.box(shift - 180, -90, shift + 180, 90))
        parts += [
            [[round(lon - shift, 6), lat] for lon, lat in part.exterior.coords]
            for part in shapely.get_parts(inside)
            if part.geom_type == "Polygon" and not part.is_empty
        ]
    return parts
