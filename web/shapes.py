"""Shapes that several nouns share on the wire."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import TypeAliasType

Freshness = TypeAliasType("Freshness", Literal["fresh", "late", "stale", "dead"])
GeoJson = dict[str, Any]
"""A GeoJSON object: open by its standard, so any JSON value may be in it."""


class Source(BaseModel):
    """Whose data this is and on which terms."""

    feed_id: UUID | None
    name: str
    kind: str
    attribution: str | None
    license: str | None
    url: str | None
    simulated: bool


class Times(BaseModel):
    """When it was observed, when we fetched it, when its publisher published it."""

    observed_at: datetime | None
    fetched_at: datetime
    published_at: datetime | None


class Sourced(BaseModel):
    """What every item shows beside itself: its times, how fresh it is, and its source."""

    times: Times
    freshness: Freshness
    source: Source


class JobAccepted(BaseModel):
    """The job that does what was asked for."""

    job_id: UUID
