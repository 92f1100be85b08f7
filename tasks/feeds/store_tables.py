"""The four keyed tables that feeds fill: which columns a line has, and what is derived from a place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final, Literal

from shared.geo import Position, cell, cells, point_of
from tasks.feeds import store_encode
from tasks.feeds.connector import Feature, Record, Thing, TripUpdate, Vehicle
from tasks.feeds.store_binary import NULL, bigint, moment
from tasks.feeds.store_encode import Row
from tasks.feeds.store_table import Table, Writing

Noun = Literal["things", "features", "vehicles", "trip_updates"]
_NOWHERE: Final = NULL * 4
_PLACED: Final = Struct(">iddiqiqiq")


def _feature_tail(row: Row, writing: Writing) -> bytes:
    """Write point, cells and withdrawal; a shape is placed by a point on it."""
    place = row.place
    position: Position | None = point_of(place) if isinstance(place, Mapping) else place
    withdrawn = moment(writing.now) if row.withdrawn else NULL
    source = bigint(row.source_hash)
    if position is None:
        return _NOWHERE + withdrawn + source
    lon, lat = position
    h3_6, h3_8, h3_10 = cells(lon, lat)
    return _PLACED.pack(16, lon, lat, 8, h3_6, 8, h3_8, 8, h3_10) + withdrawn + source


def _thing_tail(row: Row, writing: Writing) -> bytes:
    place = row.place
    return bigint(cell(place[0], place[1], 8) if isinstance(place, tuple) else None)


TABLES: Final[dict[Noun, Table]] = {
    "things": Table(
        "things",
        store_encode.THING_BODY,
        own="h3_8",
        tail=_thing_tail,
        age="published_at",
        has_observed_at=False,
        has_updated_at=True,
    ),
    "features": Table(
        "features",
        store_encode.FEATURE_BODY,
        own="point, h3_6, h3_8, h3_10, withdrawn_at, source_hash",
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
