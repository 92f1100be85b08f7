"""Look around a place: the area that holds it, and open reports that may be about the same thing."""

from datetime import datetime
from math import cos, radians

from sqlalchemy import select

from shared.cities.models import Area
from shared.db import Transaction
from shared.geo import Box, cells, distance_m
from shared.places import in_box
from shared.reports import rules
from shared.reports.models import Report
from shared.reports.rules import Status

_METRES_PER_DEGREE = 111_195.0


def area_at(tx: Transaction, city: str, point: tuple[float, float]) -> Area | None:
    """Return the smallest area of a city that holds a place: by H3 cell first, then exactly."""
    # Imported here: few processes look around a place, and shapely costs each its memory.
    from shapely.errors import ShapelyError
    from shapely.geometry import Point, shape

    near = select(Area).where(Area.city == city, Area.cells.any_() == cells(*point)[1]).order_by(Area.slug)
    holding = []
    for area in tx.scalars(near):
        try:
            outline = shape(area.geometry)
        except (ShapelyError, ValueError, TypeError, LookupError):
            continue  # an area without a sound outline holds nothing
        if outline.covers(Point(point)):
            holding.append((outline.area, area.slug, area))
    return min(holding, key=lambda found: found[:2])[2] if holding else None


def possible_duplicates(tx: Transaction, report: Report, since: datetime) -> list[Report]:
    """Return open reports of the same category near a report, nearest first."""
    if report.point is None:
        return []
    lon, lat = report.point
    down = rules.DUPLICATE_RADIUS_M / _METRES_PER_DEGREE
    across = down / max(0.01, cos(radians(lat)))
    around = Box(lon - across, lat - down, lon + across, lat + down)
    query = select(Report).where(
        Report.city == report.city,
        Report.category == report.category,
        Report.id != report.id,
        Report.created_at >= since,
        Report.status.in_([Status.PUBLISHED, Status.IN_PROGRESS]),
        in_box(Report.point, around),
    )
    near = ((distance_m(report.point, other.point), other) for other in tx.scalars(query) if other.point)
    found = [(distance, other) for distance, other in near if distance <= rules.DUPLICATE_RADIUS_M]
    return [other for _, other in sorted(found, key=lambda pair: (pair[0], pair[1].id))]
