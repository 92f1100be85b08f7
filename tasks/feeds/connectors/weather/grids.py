"""
[p] The US National Weather Service's raw forecast of a grid's cell: each variable by periods of its own.

Source: https://weather-gov.github.io/api/gridpoints
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Described, Observation, Payload, Record, Rejected, Result
from tasks.feeds.connectors.weather import nws
from tasks.feeds.connectors.weather.values import as_forecast, result
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.times import from_rfc3339

_READ: Final = (
    "temperature", "dewpoint", "relativeHumidity", "apparentTemperature", "windDirection", "windSpeed", "windGust",
    "probabilityOfPrecipitation", "quantitativePrecipitation", "skyCover", "visibility", "pressure",
)  # fmt: skip


def layers(document: Any) -> Mapping[str, Any] | None:  # Any: JSON of a publisher.
    """Return the variables of a cell by name, or nothing if it is none."""
    said = document.get("properties") if isinstance(document, dict) else None
    if not isinstance(said, dict) or "gridId" not in said:
        return None
    return {name: said[name] for name in _READ if isinstance(said.get(name), dict)}


def records(document: Mapping[str, Any], found: Mapping[str, Any], payload: Payload) -> Iterator[Record]:
    """
    Yield the place of a cell and one observation per beginning of a period; all are of the one record.

    The answer for a point only links to what the service has there.
    """
    record = f"{payload.name}#0"
    if not found:
        yield Described(record=record)
        return
    thing = nws.forecast_place(document, record)
    yield thing
    told: dict[datetime, list[Result]] = {}
    for name, layer in found.items():
        for one in layer["values"] if isinstance(layer.get("values"), list) else ():
            try:
                moment = _begins(one)
            except Rejection as why:
                yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(one))
                continue
            if (value := result(name, one.get("value"), str(layer.get("uom") or ""))) is not None:
                told.setdefault(moment, []).append(value)
    for moment, results in sorted(told.items()):
        yield Observation(
            external_id=thing.external_id,
            record=record,
            phenomenon_time=moment,
            results=as_forecast(results, moment, payload.fetched_at),
        )


def _begins(one: Any) -> datetime:  # Any: as above.
    """Return the beginning of `2026-11-22T06:00:00+00:00/PT3H`."""
    written = one.get("validTime") if isinstance(one, dict) else None
    moment = from_rfc3339(written.split("/")[0]) if isinstance(written, str) else None
    if moment is None:
        raise Rejection("bad_time", f"a value without a time: {written!r:.60}")
    return moment
