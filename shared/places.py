"""Conditions on `point` columns, as their GiST index answers them where they have one."""

from typing import Any

from sqlalchemy import ColumnElement, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from shared.geo import Box


def in_box(column: "InstrumentedAttribute[Any]", box: Box) -> ColumnElement[bool]:
    """Return the condition that a point lies in a box or on its edge; one past the antimeridian is two."""
    if box.west > box.east:
        return or_(in_box(column, box._replace(east=180.0)), in_box(column, box._replace(west=-180.0)))
    corners = func.point(box.west, box.south), func.point(box.east, box.north)
    return column.bool_op("<@")(func.box(*corners))
