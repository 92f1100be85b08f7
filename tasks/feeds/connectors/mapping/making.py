"""[p] One row to one record, by the expressions of a mapping."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.errors import Rejection
from shared.feeds.kinds.mapping import MappingOptions
from shared.feeds.mappings import KINDS
from shared.units import to_stored, ucum
from tasks.feeds.connector import Feature, Observation, Record, Result, Thing, Vehicle
from tasks.feeds.connectors.mapping.expressions import Expressions
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.place_cells import geometry
from tasks.feeds.reading.places import Geometry, point
from tasks.feeds.reading.times import LocalTimes, from_posix
from tasks.feeds.reading.words import NOTHING

#: A comma before three digits may part thousands, so that nobody can tell which number that is.
_DECIMAL_COMMA: Final = re.compile(r"[+-]?\d+,(?!\d{3}$)\d+", re.ASCII)


class Maker:
    """Makes records of one feed's rows, whose mapping was judged before."""

    def __init__(self, told: MappingOptions, times: LocalTimes) -> None:
        self._record = told.record
        self._kind = told.kind or KINDS[self._record]
        self._fields = Expressions(told.fields)
        self._properties = Expressions(told.properties)
        self._property_names = list(told.properties)
        self._results = told.results
        self._values = Expressions({name: _value_of(said) for name, said in self._results.items()})
        self._times = times

    def records(
        self, row: Any, record: str, fetched_at: datetime
    ) -> list[Record]:  # Any: JSON of a publisher.
        """
        Return the record of a row, and for a thing with results its observation too.

        Raises: Rejection.
        """
        external_id = self.identity(row)
        if external_id is None:
            raise Rejection("no_identity", "the row has no external_id")
        if self._record == "feature":
            return [self._feature(row, record, external_id)]
        if self._record == "vehicle":
            return [self._vehicle(row, record, external_id)]
        thing = self._thing(row, record, external_id)
        return [thing, *self._observations(row, record, external_id, fetched_at)]

    def identity(self, row: Any) -> str | None:  # Any: as above.
        """Return what names a row, if anything does; raises Rejection if the row does not bear the expression."""
        return self._fields.text("external_id", row)

    def _feature(self, row: Any, record: str, external_id: str) -> Feature:
        text = self._fields.text
        return Feature(
            external_id=external_id,
            record=record,
            observed_at=self._time("observed_at", row),
            published_at=self._time("published_at", row),
            kind=self._kind,
            title=text("title", row) or text("name", row) or external_id,
            description=text("description", row),
            status=text("status", row),
            severity=text("severity", row),
            category=text("category", row),
            address=text("address", row),
            url=web_link(text("url", row)),
            geometry=self._place(row),
            starts_at=self._time("starts_at", row),
            ends_at=self._time("ends_at", row),
            properties=self._kept(row),
        )

    def _thing(self, row: Any, record: str, external_id: str) -> Thing:
        lon, lat = self._position(row)
        return Thing(
            external_id=external_id,
            record=record,
            observed_at=self._time("observed_at", row),
            published_at=self._time("published_at", row),
            kind=self._kind,
            name=self._fields.text("name", row) or self._fields.text("title", row) or external_id,
            lon=lon,
            lat=lat,
            properties=self._kept(row),
        )

    def _vehicle(self, row: Any, record: str, external_id: str) -> Vehicle:
        lon, lat = self._position(row)
        text = self._fields.text
        bearing, speed = self._number("bearing", row), self._number("speed_mps", row)
        return Vehicle(
            external_id=external_id,
            record=record,
            observed_at=self._time("observed_at", row),
            published_at=self._time("published_at", row),
            kind=self._kind,
            lon=lon,
            lat=lat,
            label=text("label", row),
            route=text("route", row),
            trip_id=text("trip_id", row),
            bearing=bearing % 360 if bearing is not None else None,
            speed_mps=speed if speed is not None and speed >= 0 else None,
            properties=self._kept(row),
        )

    def _observations(
        self, row: Any, record: str, external_id: str, fetched_at: datetime
    ) -> list[Observation]:
        observed = self._time("observed_at", row)
        results = []
        for name, said in self._results.items():
            value = _as_number(self._values.value(name, row), name)
            if value is not None:
                stored, unit = to_stored(value, ucum(said.get("unit") if isinstance(said, Mapping) else ""))
                results.append(Result(name, round(stored, 4), unit))
        if not results:
            return []
        return [
            Observation(
                external_id=external_id,
                record=record,
                observed_at=observed,
                phenomenon_time=observed or fetched_at,
                results=tuple(results),
            )
        ]

    def _time(self, name: str, row: Any) -> datetime | None:
        value = self._fields.value(name, row)
        if isinstance(value, datetime):
            return self._times.to_utc(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return from_posix(value)
        return self._times.parse(value) if isinstance(value, str) else None

    def _number(self, name: str, row: Any) -> float | None:
        return _as_number(self._fields.value(name, row), name)

    def _position(self, row: Any) -> tuple[float | None, float | None]:
        place = self._place(row)
        if place is None:
            return None, None
        if place["type"] != "Point":
            raise Rejection("bad_geometry", f"a {place['type']} is no position")
        return place["coordinates"][0], place["coordinates"][1]

    def _place(self, row: Any) -> Geometry | None:
        if "lon" in self._fields and "lat" in self._fields:
            return point(self._fields.value("lon", row), self._fields.value("lat", row))
        return geometry(self._fields.value("geometry", row))

    def _kept(self, row: Any) -> dict[str, Any]:
        found = {name: self._properties.value(name, row) for name in self._property_names}
        return {name: value for name, value in found.items() if value is not None and value != ""}


def _value_of(said: Any) -> Any:  # Any: an option is JSON.
    return said.get("value") if isinstance(said, Mapping) else said


def _as_number(value: Any, name: str) -> float | None:  # Any: JSON of a publisher.
    if isinstance(value, str):
        value = value.strip()
        value = value.replace(",", ".") if _DECIMAL_COMMA.fullmatch(value) else value
    if value is None or value == "" or (isinstance(value, str) and value in NOTHING):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise Rejection("bad_value", f"{name} is {value!r:.60}, which is no number") from None
    if not math.isfinite(number):
        raise Rejection("bad_value", f"{name} is {value!r:.60}")
    return number
