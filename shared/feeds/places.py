"""Conditions on `point` columns, as their GiST or SP-GiST index answers them."""

from typing import Any

from sqlalchemy import ColumnElement, Function, func, or_
from sqlalchemy.orm import InstrumentedAttribute

from shared.geo import Box


def in_box(column: "InstrumentedAttribute[Any]", box: Box) -> ColumnElement[bool]:
    """Return the condition that a point lies in a box; one past the antimeridian is two."""
    west, south, east, north = box
    if west <= east:
        return _within(column, west, south, east, north)
    return or_(_within(column, west, south, 180.0, north), _within(column, -180.0, south, east, north))


def _within(
    column: "InstrumentedAttribute[Any]", west: float, south: float, east: float, north: float
) -> ColumnElement[bool]:
    corners = func.box(_point(west, south), _point(east, north))
    return column.bool_op("<@")(corners)


def _point(lon: float, lat: float) -> "Function[Any]":
    return func.point(lon, lat)
