"""The four keyed tables that feeds fill: which columns a line has, and the point that places a shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from shared.geo import Position, point_of
from tasks.feeds import store_encode
from tasks.feeds.connector import Feature, Record, Thing, TripUpdate, Vehicle
from tasks.feeds.store_binary import NULL, bigint, moment, point
from tasks.feeds.store_encode import Row
from tasks.feeds.store_table import Table, Writing

Noun = Literal["things", "features", "vehicles", "trip_updates"]


def _feature_tail(row: Row, writing: Writing) -> bytes:
    """Write point, withdrawal and the hash of the row as it was sent; a shape is placed by a point on it."""
    place = row.place
    position: Position | None = point_of(place) if isinstance(place, Mapping) else place
    withdrawn = moment(writing.now) if row.withdrawn else NULL
    return point(position) + withdrawn + bigint(row.source_hash)


TABLES: Final[dict[Noun, Table]] = {
    "things": Table(
        "things",
        store_encode.THING_BODY,
        age="published_at",
        has_observed_at=False,
        has_updated_at=True,
    ),
    "features": Table(
        "features",
        store_encode.FEATURE_BODY,
        own="point, withdrawn_at, source_hash",
        tail=_feature_tail,
        age="published_at",
        has_withdrawn_at=True,
        has_version=True,
        has_updated_at=True,
    ),
    "vehicles": Table("vehicles", store_encode.VEHICLE_BODY),
    "trip_updates": Table("trip_updates", store_encode.TRIP_BODY),
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """Where records of a type go, and how one becomes a row."""

    noun: Noun
    encode: Callable[[Any], Row]  # each takes its own type of record


ENCODERS: Final[dict[type[Record], Encoder]] = {
    Thing: Encoder("things", store_encode.thing_row),
    Feature: Encoder("features", store_encode.feature_row),
    Vehicle: Encoder("vehicles", store_encode.vehicle_row),
    TripUpdate: Encoder("trip_updates", store_encode.trip_row),
}
