"""Features: what happens in a city."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from typing_extensions import TypeAliasType

from shared.accounts.rules import Permission
from shared.cities.queries import find_city
from shared.clock import utcnow
from shared.db import transaction
from shared.features import lists, queries
from shared.feeds import rules
from web.openapi import Answer, needs, noun
from web.params import DEFAULT_LIMIT, BoundingBox, ById, Cursor, Limit, Line, Words, among, page
from web.shapes import GeoJson, Sourced

api = noun("features", "What happens: service requests, alerts, road works, events, news")

FeatureKind = TypeAliasType("FeatureKind", rules.FeatureKind)


class FeatureQuery(BaseModel):
    """Which features to list; `since` also brings those withdrawn since."""

    city: Line
    bbox: BoundingBox = None
    kind: Annotated[Words, among(rules.FEATURE_KINDS)] = None
    since: AwareDatetime | None = None
    q: Annotated[
        str, Field(max_length=200, description="a part of title, description or address, or a publisher's id")
    ] = ""
    status: Line | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class Feature(Sourced):
    """Something that happens; `geometry` is GeoJSON in CRS84, lon and lat a point on it."""

    id: UUID
    city: str
    kind: FeatureKind
    external_id: str
    title: str
    description: str | None
    status: str | None
    severity: str | None
    category: str | None
    address: str | None
    url: str | None
    geometry: GeoJson | None
    lon: float | None
    lat: float | None
    starts_at: datetime | None
    ends_at: datetime | None
    updated_at: datetime
    properties: dict[str, Any]
    version: int
    withdrawn: bool


class FeatureVersion(BaseModel):
    """What changed with a version: field to [old, new]."""

    version: int
    changed_at: datetime
    changes: dict[str, list[Any]]


class FeatureDetail(Feature):
    """A feature with its history, the last version first."""

    versions: list[FeatureVersion]


class FeatureList(BaseModel):
    """A page of features, the last changed first; only a page without `next` is the last, however few it holds."""

    items: list[Feature]
    next: str | None
    searched: Annotated[
        int | None,
        Field(
            description="the page ends because so many features were looked through; `next` looks further back"
        ),
    ]


@api.get("/features", responses={200: FeatureList})
@needs(Permission.PUBLIC)
def list_features(query: FeatureQuery) -> Answer:
    """List features, the last changed first; the one whose publisher's id `q` is comes before all others."""
    chosen = lists.FeatureFilter(query.city, query.bbox, query.kind or (), query.since, query.q, query.status)
    with transaction() as tx:
        find_city(tx, query.city)
        found = lists.list_features(tx, chosen, query.limit, query.cursor, utcnow())
    return page(found.items, found.next, searched=found.searched)


@api.get("/features/<uuid:id>", responses={200: FeatureDetail})
@needs(Permission.PUBLIC)
def get_feature(path: ById) -> Answer:
    """Show one feature with its versions."""
    with transaction() as tx:
        return queries.get_feature(tx, path.id, utcnow())
