"""Reads of the timetable in use, for what a realtime message refers to."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Row, text

from shared.db import Transaction


def current_timetable(tx: Transaction, city: str, slug: str) -> Row[Any] | None:
    """Return id, feed_id, timezone and services of the timetable that a feed of the city has told, if it has."""
    return tx.execute(
        text(
            "SELECT t.id, t.feed_id, t.timezone, t.services FROM transit_timetables t JOIN feeds f ON f.id = t.feed_id"
            " WHERE f.city = :city AND f.slug = :slug AND t.is_current"
        ),
        {"city": city, "slug": slug},
    ).first()


_TRIP: Final = (
    "trip_id, route_id, service_id, headsign, direction_id, shape_id, stop_ids, sequences, arrivals, departures,"
    " is_repeated"
)


def trips_of(tx: Transaction, timetable: Row[Any], ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return the trips of these ids that the timetable has."""
    return tx.execute(
        text(
            f"SELECT {_TRIP} FROM transit_trips WHERE timetable_id = :id AND trip_id = ANY(:ids)"  # noqa: S608
        ),
        {"id": timetable.id, "ids": sorted(ids)},
    ).all()


def trip_ids_of(tx: Transaction, timetable: Row[Any]) -> Sequence[str]:
    """Return the ids of all trips of the timetable."""
    return tx.scalars(
        text("SELECT trip_id FROM transit_trips WHERE timetable_id = :id"), {"id": timetable.id}
    ).all()


def trips_starting(
    tx: Transaction, timetable: Row[Any], services: Collection[str], starts: Collection[tuple[str, int]]
) -> Sequence[Row[Any]]:
    """
    Return the trips of these services that leave their first stop so: of a route, at seconds of its day.

    The timetable stands beside each start: a planner that has not counted a new timetable yet believes that it has
    hardly a trip, and would go through all of them.
    """
    told = sorted(starts)
    return tx.execute(
        text(
            f"SELECT {_TRIP} FROM transit_trips"  # noqa: S608
            " JOIN unnest(CAST(:ids AS uuid[]), CAST(:routes AS text[]), CAST(:seconds AS int[]))"
            " AS told (timetable, route, seconds) ON timetable_id = told.timetable AND route_id = told.route"
            " AND coalesce(departures[1], arrivals[1]) = told.seconds"
            " WHERE service_id = ANY(:services) AND NOT is_repeated ORDER BY trip_id"
        ),
        {
            "ids": [str(timetable.id)] * len(told),
            "services": sorted(services),
            "routes": [route for route, _ in told],
            "seconds": [seconds for _, seconds in told],
        },
    ).all()


def routes_of(
    tx: Transaction, timetable: Row[Any], ids: Collection[str], drawn: Collection[str]
) -> Sequence[Row[Any]]:
    """Return the routes of these ids that the timetable has, with the geometry of those that are `drawn`."""
    return tx.execute(
        text(
            "SELECT route_id, agency, short_name, long_name, route_type, color, text_color,"
            " CASE WHEN route_id = ANY(:drawn) THEN geometry END AS geometry"
            " FROM transit_routes WHERE timetable_id = :id AND route_id = ANY(:ids)"
        ),
        {"id": timetable.id, "ids": sorted(ids), "drawn": sorted(drawn)},
    ).all()


def stops_of(tx: Transaction, timetable: Row[Any], ids: Collection[str]) -> Sequence[Row[Any]]:
    """Return the stops of these ids: stop_id, name, lon, lat."""
    return tx.execute(
        text(
            "SELECT external_id AS stop_id, name, point[0] AS lon, point[1] AS lat FROM things"
            " WHERE feed_id = :feed_id AND external_id = ANY(:ids)"
        ),
        {"feed_id": timetable.feed_id, "ids": sorted(ids)},
    ).all()
