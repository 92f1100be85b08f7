"""Conditions on `point` columns, as their indexes answer them where they have one."""

import math
from typing import Any, Final

from sqlalchemy import ARRAY, ColumnElement, Float, Integer, and_, func, or_, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from shared.geo import Box

Point = InstrumentedAttribute[Any]
#: Strips of latitude in a degree; each is some 1.1 km high.
STRIPS: Final = 100
#: What an index by strips is made of: it keeps each strip's points by their longitude, and finds a box as soon as
#: GiST does, whose upkeep costs a first load twice as much. The point itself is in it for what is only counted.
STRIP: Final = f"(floor(point[1] * {STRIPS})::int)"
LON, LAT = "(point[0])", "(point[1])"
#: An index is asked for so many strips at most, four degrees.
MOST_STRIPS: Final = 4 * STRIPS


def in_box(column: Point, box: Box) -> ColumnElement[bool]:
    """Return the condition that a point lies in a box or on its edge, for GiST; one past the antimeridian is two."""
    if box.west > box.east:
        return or_(*(in_box(column, half) for half in _halves(box)))
    corners = func.point(box.west, box.south), func.point(box.east, box.north)
    return column.bool_op("<@")(func.box(*corners))


def in_strips(column: Point, box: Box) -> ColumnElement[bool] | None:
    """Return the same for an index by strips, or none for a box higher than such an index is asked for."""
    strips = range(math.floor(box.south * STRIPS), math.floor(box.north * STRIPS) + 1)
    if len(strips) > MOST_STRIPS:
        return None
    if box.west > box.east:
        return or_(*(_in_strips(column, half, strips) for half in _halves(box)))
    return _in_strips(column, box, strips)


def _in_strips(column: Point, box: Box, strips: range) -> ColumnElement[bool]:
    place = type_coerce(column, ARRAY(Float))
    lon, lat = place[0], place[1]
    return and_(
        func.floor(lat * STRIPS).cast(Integer).in_(strips),
        lon.between(box.west, box.east),
        lat.between(box.south, box.north),
    )


def _halves(box: Box) -> tuple[Box, Box]:
    """Return the halves of a box on both sides of the antimeridian."""
    return box._replace(east=180.0), box._replace(west=-180.0)
