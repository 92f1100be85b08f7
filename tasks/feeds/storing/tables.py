"""The four keyed tables that feeds fill: which columns a line has."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from tasks.feeds.connector import Feature, Record, Thing, TripUpdate, Vehicle
from tasks.feeds.encoding import rows as encoded
from tasks.feeds.encoding.binary import NULL, bigint, moment
from tasks.feeds.encoding.geometries import shape_point
from tasks.feeds.encoding.rows import Row
from tasks.feeds.storing.table import Table, Writing
from tasks.feeds.storing.trail import TRAIL

Noun = Literal["things", "features", "vehicles", "trip_updates"]


def _feature_tail(row: Row, writing: Writing) -> bytes:
    """Write what the body of a shape lacks, withdrawal, and the hash of the row as it was sent."""
    withdrawn = moment(writing.now) if row.withdrawn else NULL
    return shape_point(row.shape) + withdrawn + bigint(row.source_hash)


TABLES: Final[dict[Noun, Table]] = {
    "things": Table(
        "things",
        encoded.THING_BODY,
        age="published_at",
        has_observed_at=False,
        has_updated_at=True,
    ),
    "features": Table(
        "features",
        encoded.FEATURE_BODY,
        own="withdrawn_at, source_hash",
        tail=_feature_tail,
        age="published_at",
        has_withdrawn_at=True,
        has_version=True,
        has_updated_at=True,
    ),
    "vehicles": Table("vehicles", encoded.VEHICLE_BODY, also_set=TRAIL),
    "trip_updates": Table("trip_updates", encoded.TRIP_BODY),
}


@dataclass(frozen=True, slots=True)
class Encoder:
    """Where records of a type go, and how one becomes a row."""

    noun: Noun
    encode: Callable[[Any], Row]  # each takes its own type of record


ENCODERS: Final[dict[type[Record], Encoder]] = {
    Thing: Encoder("things", encoded.thing_row),
    Feature: Encoder("features", encoded.feature_row),
    Vehicle: Encoder("vehicles", encoded.vehicle_row),
    TripUpdate: Encoder("trip_updates", encoded.trip_row),
}
