"""The city's pulse: a few numbers, and what they were over the last day."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from shared.accounts.rules import Permission
from shared.clock import utcnow
from shared.db import transaction
from shared.pulse import queries
from web.openapi import Answer, needs, noun
from web.params import Line
from web.shapes import Freshness

api = noun("pulse", "A few numbers of a city, now and over the last day")

Point = Annotated[tuple[datetime, float | None], Field(description="start of the hour, value")]


class PulseQuery(BaseModel):
    """Of which city."""

    city: Line


class PulseTile(BaseModel):
    """
    A number with its history; an hour of which nothing is known is null.

    Without freshness the number is not whole: a source that may add to it was never read. `unread` counts those
    that were tried and failed; the others are about to be read for the first time.
    """

    key: str
    label: str
    value: float | None
    unit: str | None
    series: list[Point]
    freshness: Freshness | None
    unread: int


class Pulse(BaseModel):
    """The tiles of a city."""

    city: str
    at: datetime
    tiles: list[PulseTile]


@api.get("/pulse", responses={200: Pulse})
@needs(Permission.PUBLIC)
def get_pulse(query: PulseQuery) -> Answer:
    """Give a city's numbers with their last 24 hours."""
    with transaction() as tx:
        return queries.pulse(tx, query.city, utcnow())
