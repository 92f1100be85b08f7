"""The four keyed tables that feeds fill: which columns a line has, and what is derived from a place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from shared.geo import Position, cell, cells, point_of
from tasks.feeds import store_encode
from tasks.feeds.connector import Feature, Record, Thing, TripUpdate, Vehicle
from tasks.feeds.store_copy import NULL, moment
from tasks.feeds.store_encode import Row
from tasks.feeds.store_table import Table, Writing

Noun = Literal["things", "features", "vehicles", "trip_updates"]
_NOWHERE: Final = f"\t{NULL}\t{NULL}\t{NULL}\t{NULL}"


def _feature_tail(row: Row, writing: Writing) -> str:
    """Write point, cells and withdrawal; a shape is placed by a point on it."""
    place = row.place
    position: Position | None = point_of(place) if isinstance(place, Mapping) else place
    withdrawn = moment(writing.now) if row.withdrawn else NULL
    if position is None:
        return f"{_NOWHERE}\t{withdrawn}"
    lon, lat = position
    h3_6, h3_8, h3_10 = cells(lon, lat)
    return f"\t({lon!r},{lat!r})\t{h3_6}\t{h3_8}\t{h3_10}\t{withdrawn}"


def _thing_tail(row: Row, writing: Writing) -> str:
    place = row.place
    return f"\t{cell(place[0], place[1], 8) if isinstance(place, tuple) else NULL}"


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
        own="point, h3_6, h3_8, h3_10, withdrawn_at",
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
