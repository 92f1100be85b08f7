"""
[p] Which trip update speaks of the trip that a vehicle is on.

Positions and predictions of one agency are mostly two feeds, and a trip id is unique in one agency's timetable only: in
another agency's feed the same id is another trip. Two feeds are held to be of one agency

- if they are the same feed, or their option `static` names the same timetable: then equal trip ids are one trip;
- if they have one host, and at most one of them names a timetable. A host may carry several agencies: that the trip
  ids are equal is then not enough, the vehicle or the route must be told by both and agree, and neither may differ.

Feeds that name two timetables, or have two hosts and no timetable in common, are never joined.
"""

from enum import IntEnum
from typing import NamedTuple
from uuid import UUID


class Publisher(NamedTuple):
    """A feed as far as it tells whose it is: the slug of its timetable, and its host."""

    feed_id: UUID
    static: str | None
    host: str | None


class Kinship(IntEnum):
    """How surely two feeds are of one agency."""

    NONE = 0
    HOST = 1
    TIMETABLE = 2
    FEED = 3


class Told(NamedTuple):
    """What a position or an update tells of a trip; what it does not tell is none."""

    trip_id: str | None
    start_date: str | None = None
    start_time: str | None = None
    route: str | None = None
    vehicle: str | None = None


class Rank(NamedTuple):
    """How well an update fits a vehicle; the greater fits better."""

    kinship: Kinship
    is_same_day: bool
    is_same_vehicle: bool


def kinship(one: Publisher, other: Publisher) -> Kinship:
    """Return how surely two feeds are of one agency."""
    if one.feed_id == other.feed_id:
        return Kinship.FEED
    if one.static and other.static:
        return Kinship.TIMETABLE if one.static == other.static else Kinship.NONE
    return Kinship.HOST if one.host and one.host == other.host else Kinship.NONE


def rank(update: Told, vehicle: Told, kin: Kinship) -> Rank | None:
    """
    Return how well an update fits a vehicle, or none if it speaks of another trip.

    The trip is known by its id, and by its start where both tell it; that of a vehicle which tells no trip by the
    vehicle's own id, which a host alone does not make certain.
    """
    if kin is Kinship.NONE or _differ(update.start_date, vehicle.start_date):
        return None
    if _differ(update.start_time, vehicle.start_time):
        return None
    is_same_vehicle = _agree(update.vehicle, vehicle.vehicle)
    if vehicle.trip_id is None:
        is_same = is_same_vehicle and kin is not Kinship.HOST
    else:
        is_same = update.trip_id == vehicle.trip_id and (
            kin is not Kinship.HOST or _is_confirmed(update, vehicle)
        )
    return Rank(kin, _agree(update.start_date, vehicle.start_date), is_same_vehicle) if is_same else None


def _is_confirmed(update: Told, vehicle: Told) -> bool:
    """Tell whether vehicle or route agree, and neither differs."""
    pairs = ((update.vehicle, vehicle.vehicle), (update.route, vehicle.route))
    return any(_agree(*pair) for pair in pairs) and not any(_differ(*pair) for pair in pairs)


def _agree(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other
