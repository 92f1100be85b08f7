"""[p] Open-Meteo: columns of hours (or days), and the present moment."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.errors import Rejection
from shared.feeds.kinds.weather import WeatherOptions
from tasks.feeds.connector import Malformed, Observation, Payload, Record, Rejected, Source, Thing
from tasks.feeds.connectors.weather.values import as_forecast, result
from tasks.feeds.reading.cells import check_width
from tasks.feeds.reading.times import LocalTimes, from_posix

#: Columns of times, the finest that is always told first; `minutely_15` only where nothing else is asked for.
_COLUMNS: Final = ("hourly", "daily", "minutely_15")
#: The present moment, as it is called now and as it was.
_NOW: Final = ("current", "current_weather")
_UNITS_BEFORE: Final = {"temperature": "°C", "windspeed": "km/h", "winddirection": "°"}


def is_openmeteo(document: Any) -> bool:  # Any: JSON of a publisher.
    """Tell whether a document is one of Open-Meteo's places."""
    return (
        isinstance(document, dict) and "latitude" in document and bool({*_COLUMNS, *_NOW} & document.keys())
    )


def places_of(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the places of a document, which is one or a list of them, or nothing if it is none of Open-Meteo's."""
    places = document if isinstance(document, list) else [document]
    return places if places and all(map(is_openmeteo, places)) else None


def records_of(places: Sequence[Any], payload: Payload, source: Source) -> Iterator[Record]:
    """Yield the records of several places, numbered through."""
    first = 0
    for place in places:
        yield from records(place, payload, source, first)
        first += count(place)


def records(document: Mapping[str, Any], payload: Payload, source: Source, first: int) -> Iterator[Record]:
    """
    Yield the place and one observation per hour, else per day, else of now.

    Where there are hours, they also tell of now and of the days.
    """
    place = _place(document, f"{payload.name}#{first}", source)
    if count(document):
        yield place
    columns = next((name for name in _COLUMNS if isinstance(document.get(name), dict)), "")
    if not columns:
        yield _current(document, place, payload) or Rejected(
            record=place.record, reason="no_result", detail="neither hours nor a present moment"
        )
        return
    times = document[columns].get("time")
    if not isinstance(times, list):
        raise Malformed(f"{payload.name}: `{columns}` has no times")
    check_width(len(document[columns]), f"{payload.name}: `{columns}`")
    units = _object(document, f"{columns}_units")
    for at, written in enumerate(times):
        values = {name: _at(column, at) for name, column in document[columns].items() if name != "time"}
        yield _observation(written, values, units, document, place, payload, f"{payload.name}#{first + at}")


def count(document: Mapping[str, Any]) -> int:
    """Return how many records a document holds."""
    for name in _COLUMNS:
        times = _object(document, name).get("time")
        if isinstance(times, list):
            return len(times)
    return 1


def _object(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _at(column: Any, at: int) -> Any:  # Any: a column of JSON.
    return column[at] if isinstance(column, list) and at < len(column) else None


def _place(document: Mapping[str, Any], record: str, source: Source) -> Thing:
    lat, lon = document.get("latitude"), document.get("longitude")
    if not (
        isinstance(lat, int | float) and isinstance(lon, int | float) and abs(lat) <= 90 and abs(lon) <= 180
    ):
        lat = lon = None
    properties: dict[str, Any] = {"modelled": True}
    if isinstance(document.get("elevation"), int | float):
        properties["elevation_m"] = document["elevation"]
    return Thing(
        external_id=f"open-meteo:{lat},{lon}",
        record=record,
        kind="weather_model",
        name=WeatherOptions.read(source.options).name,
        lon=lon,
        lat=lat,
        properties=properties,
    )


def _current(document: Mapping[str, Any], place: Thing, payload: Payload) -> Observation | None:
    name = next((name for name in _NOW if isinstance(document.get(name), dict)), "")
    current = _object(document, name)
    units = _object(document, f"{name}_units") or (_UNITS_BEFORE if name == "current_weather" else {})
    values = {name: value for name, value in current.items() if name not in ("time", "interval")}
    if not values:
        return None
    made = _observation(current.get("time"), values, units, document, place, payload, place.record)
    return made if isinstance(made, Observation) else None


def _observation(
    written: Any,  # Any: JSON of a publisher.
    values: Mapping[str, Any],
    units: Mapping[str, Any],
    document: Mapping[str, Any],
    place: Thing,
    payload: Payload,
    record: str,
) -> Observation | Rejected:
    try:
        moment = _moment(written, document)
    except Rejection as why:
        return Rejected(record=record, reason=why.reason, detail=why.detail)
    results = (result(name, value, str(units.get(name) or "")) for name, value in values.items())
    found = as_forecast((one for one in results if one), moment, payload.fetched_at)
    if not found:
        return Rejected(record=record, reason="no_result", detail=f"no value at {written!s:.40}")
    observed = moment if moment <= payload.fetched_at else None
    return Observation(
        external_id=place.external_id,
        record=record,
        observed_at=observed,
        phenomenon_time=moment,
        results=found,
    )


def _moment(written: Any, document: Mapping[str, Any]) -> datetime:  # Any: JSON of a publisher.
    """Read a local time without offset by the document's own, or a POSIX time."""
    if isinstance(written, int | float):
        moment = from_posix(written)
    else:
        offset = document.get("utc_offset_seconds")
        moment = LocalTimes("UTC").parse(str(written or ""))
        if moment and isinstance(offset, int | float) and abs(offset) <= 86_400:
            moment -= timedelta(seconds=offset)
    if moment is None:
        raise Rejection("bad_time", "the row has no time")
    return moment.astimezone(UTC)
