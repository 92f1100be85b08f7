"""
[p] The Australian Bureau of Meteorology: what its stations measured, and forecasts of its API.

Sources: http://www.bom.gov.au/catalogue/observations/about-weather-observations.shtml, and the answers themselves
(`/fwo/<product>/<product>.<station>.json`, `/v1/locations/<geohash>/forecasts/{daily,hourly}`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Observation, Payload, Record, Rejected, Result, Thing
from tasks.feeds.connectors.weather.stations import reported, station_at
from tasks.feeds.connectors.weather.values import as_forecast, result
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.times import from_rfc3339

#: Our name's source and the unit of what a station measured.
_MEASURED: Final = {
    "air_temp": ("temperature", "degC"),
    "apparent_t": ("apparent_temperature", "degC"),
    "dewpt": ("dewpoint", "degC"),
    "rel_hum": ("relativeHumidity", "%"),
    "wind_spd_kmh": ("windSpeed", "km/h"),
    "gust_kmh": ("windGust", "km/h"),
    "press_msl": ("pressure_msl", "hPa"),
    "vis_km": ("visibility", "km"),
}
#: The same of a forecast, whose names lie within one another.
_FORECAST: Final = {
    ("temp",): ("temperature", "degC"),
    ("temp_max",): ("temp_max", "degC"),
    ("temp_min",): ("temp_min", "degC"),
    ("temp_feels_like",): ("apparent_temperature", "degC"),
    ("dew_point",): ("dewpoint", "degC"),
    ("relative_humidity",): ("relativeHumidity", "%"),
    ("wind", "speed_kilometre"): ("windSpeed", "km/h"),
    ("wind", "gust_speed_kilometre"): ("windGust", "km/h"),
    ("rain", "chance"): ("probabilityOfPrecipitation", "%"),
    ("rain", "amount", "max"): ("precipitation_max", "mm"),
    ("uv", "max_index"): ("uv_index", None),
}
_UTC_DIGITS: Final = re.compile(r"\d{14}", re.ASCII)
_GEOHASH_IN_URL: Final = re.compile(r"/locations/([0-9a-z]{4,12})/")


def measured(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return what a station measured, newest first, or nothing if it is no such answer."""
    held = document.get("observations") if isinstance(document, dict) else None
    rows = held.get("data") if isinstance(held, dict) else None
    return rows if isinstance(rows, list) else None


def periods(document: Any) -> Sequence[Any] | None:  # Any: as above.
    """Return the days or hours of a forecast, or nothing if it is none."""
    rows = document.get("data") if isinstance(document, dict) else None
    is_forecast = (
        isinstance(rows, list) and rows and all(isinstance(row, dict) and "rain" in row for row in rows)
    )
    return rows if is_forecast else None


def observations(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each station once, and one observation per row."""
    yield from reported(rows, payload, _measurement)


def _measurement(row: Any, record: str) -> tuple[Thing, Observation]:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the row is no object")
    station = str(row.get("wmo") or "").strip()
    if not station:
        raise Rejection("no_identity", "the row names no station")
    written = str(row.get("aifstime_utc"))
    if not _UTC_DIGITS.fullmatch(written):
        raise Rejection("bad_time", f"{written!r:.50} is not a time we can read")
    results = tuple(
        one for name, told in _MEASURED.items() if (one := result(told[0], row.get(name), told[1]))
    )
    if not results:
        raise Rejection("no_result", f"station {station} measured nothing")
    thing = station_at(station, row.get("name"), row, record)
    moment = _moment(written)
    return thing, Observation(
        external_id=station, record=record, observed_at=moment, phenomenon_time=moment, results=results
    )


def _moment(digits: str) -> datetime:
    try:
        return datetime.strptime(digits, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise Rejection("bad_time", f"{digits!r} is not a time we can read") from None


def forecast(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield the place of a forecast, which the URL names by its geohash, and one observation per day or hour."""
    in_url = _GEOHASH_IN_URL.search(payload.url)
    thing_id = f"bom-forecast:{in_url.group(1)}" if in_url else "bom-forecast"
    yield Thing(external_id=thing_id, record=f"{payload.name}#0", kind="weather_model", name="Forecast")
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        try:
            yield _period(row, thing_id, record, payload.fetched_at)
        except Rejection as why:
            yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))


def _period(row: Mapping[str, Any], thing_id: str, record: str, now: datetime) -> Observation:
    moment = from_rfc3339(row.get("time") or row.get("date"))
    if moment is None:
        raise Rejection("bad_time", "the period has no time")
    results = as_forecast(filter(None, (_value(row, *one) for one in _FORECAST.items())), moment, now)
    if not results:
        raise Rejection("no_result", "the period holds no value")
    return Observation(external_id=thing_id, record=record, phenomenon_time=moment, results=results)


def _value(row: Any, path: Sequence[str], told: tuple[str, str | None]) -> Result | None:  # Any: JSON.
    for name in path:
        row = row.get(name) if isinstance(row, dict) else None
    return result(told[0], row, told[1])
