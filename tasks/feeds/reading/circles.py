"""[p] A circle on the ground as a ring of positions."""

import math
from typing import Final

from shared.errors import Rejection

_POINTS: Final = 36
_TURNS: Final = [2 * math.pi * step / _POINTS for step in range(_POINTS)]
#: Which way each position of a ring lies from its centre: east, north.
_COMPASS: Final = [(math.cos(turn), math.sin(turn)) for turn in _TURNS]
_KM_PER_DEGREE: Final = 111.32


def ring(lon: float, lat: float, radius_km: float) -> list[list[float]]:
    """
    Return the closed ring of lon, lat around a centre.

    Raises: Rejection for a radius that is none, or one that reaches a pole.
    """
    tall = radius_km / _KM_PER_DEGREE
    if not 0 < tall < 20 or abs(lat) + tall >= 90:
        raise Rejection("bad_geometry", f"a circle of {radius_km:g} km around latitude {lat:g}")
    wide = tall / math.cos(math.radians(lat))
    found = [[round(lon + wide * east, 5), round(lat + tall * north, 5)] for east, north in _COMPASS]
    return [*found, found[0]]
