"""Cities and the districts people know them by."""

from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from shared.accounts.rules import Permission
from shared.cities import queries
from shared.db import transaction
from web.openapi import Answer, needs, noun
from web.params import BySlug, page
from web.shapes import GeoJson

api = noun("cities", "The cities and their areas")


class Attribution(BaseModel):
    """Whom the map thanks."""

    text: str
    url: str | None = None


class City(BaseModel):
    """A city; bounds are west, south, east, north, the centre is lon, lat."""

    slug: str
    name: str
    timezone: str
    bounds: list[float]
    center: list[float]
    zoom: float
    basemap: str | None
    attribution: list[Attribution]
    simulated: bool
    kinds: list[str]


class CityList(BaseModel):
    """All cities."""

    items: list[City]
    next: str | None


class AreaProperties(BaseModel):
    """What is known of an area; the centroid lies inside it."""

    id: UUID
    slug: str
    name: str
    kind: str
    centroid: list[float]


class Area(BaseModel):
    """An area as a GeoJSON feature."""

    type: Literal["Feature"]
    id: UUID
    geometry: GeoJson
    properties: AreaProperties


class AreaCollection(BaseModel):
    """A city's areas as a GeoJSON feature collection."""

    type: Literal["FeatureCollection"]
    features: list[Area]


@api.get("/cities", responses={200: CityList})
@needs(Permission.PUBLIC)
def list_cities() -> Answer:
    """List the cities served here."""
    with transaction() as tx:
        items: list[dict[str, Any]] = queries.list_cities(tx)
    return page(items, None)


@api.get("/cities/<string:slug>", responses={200: City})
@needs(Permission.PUBLIC)
def get_city(path: BySlug) -> Answer:
    """Show one city."""
    with transaction() as tx:
        return queries.get_city(tx, path.slug)


@api.get("/cities/<string:slug>/areas", responses={200: AreaCollection})
@needs(Permission.PUBLIC)
def list_areas(path: BySlug) -> Answer:
    """Give a city's areas as GeoJSON."""
    with transaction() as tx:
        return queries.area_collection(tx, path.slug)
