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
    now = moment(writing.now)
    withdrawn = now if row.withdrawn else NULL
    return f"{_place(row)}\t{now}\t{withdrawn}"


def _place(row: Row) -> str:
    """Write point and cells; a shape is placed by a point on it."""
    place = row.place
    position: Position | None = point_of(place) if isinstance(place, Mapping) else place
    if position is None:
        return _NOWHERE
    lon, lat = position
    return "\t({!r},{!r})\t{}\t{}\t{}".format(lon, lat, *cells(lon, lat))


def _thing_tail(row: Row, writing: Writing) -> str:
    place = row.place
    h3_8 = cell(place[0], place[1], 8) if isinstance(place, tuple) else NULL
    return f"\t{h3_8}\t{moment(writing.now)}"


TABLES: Final[dict[Noun, Table]] = {
    "things": Table(
        "things",
        store_encode.THING_BODY,
        own="h3_8, updated_at",
        tail=_thing_tail,
        age="published_at",
        has_observed_at=False,
    ),
    "features": Table(
        "features",
        store_encode.FEATURE_BODY,
        own="point, h3_6, h3_8, h3_10, updated_at, withdrawn_at",
        tail=_feature_tail,
        age="published_at",
        has_withdrawn_at=True,
        has_version=True,
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
