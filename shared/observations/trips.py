"""The trip that a vehicle is on, with its calls, in the API's shape."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import select

from shared.db import Transaction
from shared.errors import NotFound
from shared.feeds.items import Origin, origins, times
from shared.feeds.models import Feed
from shared.observations.models import ThingRow, TripUpdateRow, VehicleRow
from shared.observations.trip_matching import Kinship, Publisher, Rank, Told, kinship, rank

#: What riders see of a trip's line, as the timetable gives it.
LINE: Final = ("route_name", "route_color", "route_text_color", "headsign")
_EVENTS: Final = ("departure", "arrival", "scheduled_departure", "scheduled_arrival")


def trip_of_vehicle(tx: Transaction, vehicle_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return the trip that a vehicle is on, as the update that fits it best predicts it (see `trip_matching`).

    Raises: NotFound, with what is not known: the vehicle, its trip, or what becomes of that.
    """
    vehicle = listed_vehicle(tx, vehicle_id)
    row = _update_of(tx, vehicle, now)
    if row is None:
        trip = f"of its trip {vehicle.trip_id}" if vehicle.trip_id else "of it, and it tells no trip"
        raise NotFound(f"vehicle {vehicle.external_id}: no trip update speaks {trip}")
    origin = origins(tx, [row.feed_id], now)[row.feed_id]
    return _trip_json(row, vehicle, origin, _stops_of(tx, row), now)


def listed_vehicle(tx: Transaction, vehicle_id: UUID) -> VehicleRow:
    """
    Return a vehicle that its publisher lists.

    Raises: NotFound.
    """
    vehicle = tx.get(VehicleRow, vehicle_id)
    if vehicle is None:
        raise NotFound(f"no vehicle {vehicle_id}")
    if vehicle.missing_since is not None:
        raise NotFound(f"vehicle {vehicle.external_id} is no longer listed by its publisher")
    return vehicle


def _update_of(tx: Transaction, vehicle: VehicleRow, now: datetime) -> TripUpdateRow | None:
    """Return the update in force that fits a vehicle best; of equals the one that is under way."""
    kin = _kin(tx, vehicle)
    is_of_it = (
        TripUpdateRow.trip_id == vehicle.trip_id
        if vehicle.trip_id is not None
        else TripUpdateRow.vehicle == vehicle.external_id
    )
    rows = tx.scalars(
        select(TripUpdateRow).where(
            TripUpdateRow.feed_id.in_(kin), TripUpdateRow.missing_since.is_(None), is_of_it
        )
    )
    told = _told(vehicle.trip_id, vehicle.properties, vehicle.route, vehicle.external_id)
    fitting = [(found, row) for row in rows if (found := rank(_told_by(row), told, kin[row.feed_id]))]
    return max(fitting, key=lambda pair: _precedence(pair[0], pair[1], now))[1] if fitting else None


def _kin(tx: Transaction, vehicle: VehicleRow) -> dict[UUID, Kinship]:
    """Return the feeds that are of one agency with a vehicle's."""
    publishers = {
        feed.id: Publisher(feed.id, _timetable_of(feed), urlsplit(feed.url).hostname)
        for feed in tx.scalars(select(Feed).where(Feed.city == vehicle.city))
    }
    own = publishers[vehicle.feed_id]
    found = {id_: kinship(own, publisher) for id_, publisher in publishers.items()}
    return {id_: kin for id_, kin in found.items() if kin is not Kinship.NONE}


def _timetable_of(feed: Feed) -> str | None:
    """Return the slug of the timetable that a feed names; an option is any JSON."""
    slug = feed.options.get("static")
    return str(slug) if slug else None


def _told(trip_id: str | None, properties: dict[str, Any], route: str | None, vehicle: str | None) -> Told:
    return Told(trip_id, properties.get("start_date"), properties.get("start_time"), route, vehicle)


def _told_by(row: TripUpdateRow) -> Told:
    return _told(row.trip_id, row.properties, row.route, row.vehicle)._replace(start_date=row.start_date)


def _precedence(found: Rank, row: TripUpdateRow, now: datetime) -> tuple[Any, ...]:
    """Return what to choose by: how well it fits, then what is under way and ends first, then its age."""
    ends_at = _ends_at(row)
    is_over = ends_at is None or ends_at < now
    soonest = 0.0 if ends_at is None else -ends_at.timestamp()
    return found, not is_over, soonest, row.observed_at or datetime.min.replace(tzinfo=UTC)


def _ends_at(row: TripUpdateRow) -> datetime | None:
    for call in reversed(row.stops):
        if written := next((call[name] for name in _EVENTS if name in call), None):
            return datetime.fromisoformat(written)
    return None


def _stops_of(tx: Transaction, row: TripUpdateRow) -> dict[str, UUID]:
    """Return the things that a trip's stops are, by their ids in the timetable that its feed names."""
    stop_ids = {call["stop_id"] for call in row.stops if "stop_id" in call}
    feed = tx.get_one(Feed, row.feed_id)
    found = tx.execute(
        select(ThingRow.external_id, ThingRow.id)
        .join(Feed, Feed.id == ThingRow.feed_id)
        .where(Feed.city == row.city, Feed.slug == _timetable_of(feed))
        .where(ThingRow.external_id.in_(stop_ids))
    )
    return {row.external_id: row.id for row in found}


def _trip_json(
    row: TripUpdateRow, vehicle: VehicleRow, origin: Origin, stops: dict[str, UUID], now: datetime
) -> dict[str, Any]:
    return {
        "vehicle_id": str(vehicle.id),
        "trip_id": row.trip_id,
        "start_date": row.start_date,
        "route": row.route,
        **line_of(row.properties),
        "delay_seconds": row.delay_seconds,
        "relationship": row.properties.get("relationship", "scheduled"),
        "calls": [_call_json(call, stops) for call in row.stops],
        "times": times(row.observed_at, row.fetched_at, row.published_at),
        "freshness": origin.judge(row.observed_at, False, now),
        "source": origin.source,
    }


def line_of(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the names and colours of a trip's line, those that are not known as none."""
    return {name: properties.get(name) for name in LINE}


def _call_json(call: dict[str, Any], stops: dict[str, UUID]) -> dict[str, Any]:
    thing_id = stops.get(call.get("stop_id", ""))
    return {
        "stop_id": call.get("stop_id"),
        "thing_id": None if thing_id is None else str(thing_id),
        "name": call.get("name"),
        "stop_sequence": call.get("stop_sequence"),
        "scheduled_arrival": call.get("scheduled_arrival"),
        "scheduled_departure": call.get("scheduled_departure"),
        "is_approximate": call.get("is_approximate", False),
        "predicted_arrival": call.get("arrival"),
        "predicted_departure": call.get("departure"),
        "delay_seconds": call.get("delay_seconds"),
        "relationship": call.get("relationship", "scheduled"),
    }
