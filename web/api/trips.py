"""Trips under way, and departures at stops, as publishers predict them; and where vehicles were before."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import transaction
from shared.observations import departures, trails, trips
from web.api.observations import Thing
from web.openapi import Answer, needs, noun
from web.params import ById
from web.shapes import Freshness, Source, Sourced

api = noun("trips", "Trips under way, and departures at stops")


class Line(Sourced):
    """
    A trip's line by the timetable, colours as `#RRGGBB`, and how the trip stands to it.

    `relationship` is the standard's word in lower case: scheduled, added, canceled ...; of a departure also skipped
    and no_data.
    """

    trip_id: str
    start_date: str | None
    route: str | None
    route_name: str | None
    route_color: str | None
    route_text_color: str | None
    headsign: str | None
    delay_seconds: int | None
    relationship: str


class Call(BaseModel):
    """
    A trip's call at a stop; `thing_id` is the stop's, whose departures can be asked for.

    Where `is_approximate`, the timetable tells no times: those scheduled lie evenly between the ones that it tells
    before and after, and delays are counted from them.
    """

    stop_id: str | None
    thing_id: UUID | None
    name: str | None
    stop_sequence: int | None
    scheduled_arrival: datetime | None
    scheduled_departure: datetime | None
    is_approximate: bool
    predicted_arrival: datetime | None
    predicted_departure: datetime | None
    delay_seconds: int | None
    relationship: str


class Trip(Line):
    """The trip that a vehicle is on, with its calls in order; times, freshness and source are the prediction's."""

    vehicle_id: UUID
    calls: list[Call]


class Passed(BaseModel):
    """A place where a vehicle was, in degrees, and when."""

    lon: float
    lat: float
    observed_at: datetime


class Trail(Sourced):
    """
    Up to 31 places of a vehicle, the oldest first and where it is now last.

    A trail begins anew after a silence of 15 minutes; vehicles for rent have none, only where they are.
    """

    vehicle_id: UUID
    items: list[Passed]


class Departure(Line):
    """
    A departure at a stop; what is canceled or skipped has no prediction.

    `is_approximate` as of a call: the time scheduled is none that is published.
    """

    stop_id: str
    stop_name: str | None
    scheduled: datetime | None
    is_approximate: bool
    predicted: datetime | None


class DepartureFeed(BaseModel):
    """A feed that predicts departures at a stop, and how fresh it is though it may predict none."""

    freshness: Freshness
    source: Source


class Departures(BaseModel):
    """A stop, the feeds that predict its departures, and these, soonest first."""

    thing: Thing
    feeds: list[DepartureFeed]
    items: list[Departure]


@api.get("/vehicles/<uuid:id>/trip", responses={200: Trip})
@needs(Permission.PUBLIC)
def get_vehicle_trip(path: ById) -> Answer:
    """Give the trip that a vehicle is on, with its calls."""
    with transaction() as tx:
        return trips.trip_of_vehicle(tx, path.id, utcnow())


@api.get("/vehicles/<uuid:id>/trail", responses={200: Trail})
@needs(Permission.PUBLIC)
def get_vehicle_trail(path: ById) -> Answer:
    """Give where a vehicle was lately."""
    with transaction() as tx:
        return trails.trail_of_vehicle(tx, path.id, utcnow())


@api.get("/things/<uuid:id>/departures", responses={200: Departures})
@needs(Permission.PUBLIC)
def list_departures(path: ById) -> Answer:
    """List the departures at a stop within two hours, at most 50."""
    with transaction() as tx:
        return departures.list_departures(tx, path.id, utcnow())
