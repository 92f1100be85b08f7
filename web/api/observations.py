"""Things that are observed, what was observed, and vehicles where they are now."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from typing_extensions import TypeAliasType

from shared.accounts.rules import Permission
from shared.cities.queries import find_city
from shared.clock import utcnow
from shared.db import transaction
from shared.observations import queries
from web.openapi import Answer, needs, noun
from web.paging import decode_id, encode_id
from web.params import DEFAULT_LIMIT, BoundingBox, ById, Cursor, Limit, Line, Words, among, page
from web.shapes import Sourced

api = noun("observations", "Stations and sensors, their results, and vehicles")

VehicleKind = TypeAliasType(
    "VehicleKind",
    Literal["bus", "tram", "subway", "rail", "ferry", "bicycle", "scooter", "moped", "car", "other"],
)


class ThingQuery(BaseModel):
    """Which things to list; `observed` those with results, or without (the stops of a timetable)."""

    city: Line
    bbox: BoundingBox = None
    property: Line | None = None
    observed: bool | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class ObservationQuery(BaseModel):
    """Which results: from one moment until before another, the last day by default, summed up by bucket."""

    from_: AwareDatetime | None = Field(None, alias="from")
    to: AwareDatetime | None = None
    bucket: Literal["5m", "1h", "1d"] | None = None


class VehicleQuery(BaseModel):
    """Which vehicles to list."""

    city: Line
    bbox: BoundingBox = None
    kind: Annotated[Words, among(get_args(VehicleKind.__value__))] = None
    cursor: Cursor = None


class Datastream(BaseModel):
    """One observed property of a thing with its latest result; `unit` is a UCUM code."""

    id: UUID
    observed_property: str
    unit: str | None
    result: float | None
    phenomenon_time: datetime | None
    thing_id: UUID | None = None


class Thing(Sourced):
    """Something with a place that is observed."""

    id: UUID
    city: str
    kind: str
    external_id: str
    name: str
    lon: float | None
    lat: float | None
    properties: dict[str, Any]
    datastreams: list[Datastream]


class ThingList(BaseModel):
    """A page of things, the last changed first."""

    items: list[Thing]
    next: str | None


class Observation(BaseModel):
    """A result at a moment, or with a bucket what many results came to from `start` on."""

    phenomenon_time: datetime | None = None
    result: float | None = None
    start: datetime | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    count: int | None = None


class ObservationList(BaseModel):
    """A datastream with its results, oldest first."""

    datastream: Datastream
    items: list[Observation]


class Vehicle(Sourced):
    """A vehicle now; bearing in degrees clockwise from north, names and colours (`#RRGGBB`) by the timetable."""

    id: UUID
    external_id: str
    kind: VehicleKind
    label: str | None
    route: str | None
    lon: float
    lat: float
    bearing: float | None
    speed_mps: float | None
    trip_id: str | None
    route_name: str | None = None
    route_color: str | None = None
    route_text_color: str | None = None
    headsign: str | None = None
    properties: dict[str, Any]


class VehicleList(BaseModel):
    """The vehicles that were asked for, up to 10,000 a page."""

    items: list[Vehicle]
    next: str | None


@api.get("/things", responses={200: ThingList})
@needs(Permission.PUBLIC)
def list_things(query: ThingQuery) -> Answer:
    """List things with their latest results."""
    chosen = queries.ThingFilter(query.city, query.bbox, query.property, query.observed)
    with transaction() as tx:
        find_city(tx, query.city)
        found = queries.list_things(tx, chosen, query.limit, query.cursor, utcnow())
    return page(found.items, found.next)


@api.get("/datastreams/<uuid:id>/observations", responses={200: ObservationList})
@needs(Permission.PUBLIC)
def list_observations(path: ById, query: ObservationQuery) -> Answer:
    """Give the results of a datastream."""
    with transaction() as tx:
        return queries.list_observations(tx, path.id, query.from_, query.to, query.bucket, utcnow())


@api.get("/vehicles", responses={200: VehicleList})
@needs(Permission.PUBLIC)
def list_vehicles(query: VehicleQuery) -> Answer:
    """List vehicles where they are now."""
    after = decode_id(query.cursor)
    with transaction() as tx:
        find_city(tx, query.city)
        items, last = queries.list_vehicles(tx, query.city, query.bbox, query.kind or (), utcnow(), after)
    return page(items, encode_id(last))
