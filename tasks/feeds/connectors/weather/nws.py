"""[p] The US National Weather Service: measured observations and hourly forecasts as GeoJSON."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Observation, Payload, Record, Rejected, Result, Thing
from tasks.feeds.connectors.weather import metar
from tasks.feeds.connectors.weather.values import as_forecast, result
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.place_cells import geometry
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import from_rfc3339

_MEASURED: Final = (
    "temperature", "dewpoint", "windDirection", "windSpeed", "windGust", "barometricPressure", "seaLevelPressure",
    "visibility", "relativeHumidity", "precipitationLastHour",
)  # fmt: skip
#: Values of a period; those of the wind are quantities too where the feature flag `forecast_wind_speed_qv` asks for it.
_FORETOLD: Final = (
    "temperature", "dewpoint", "relativeHumidity", "probabilityOfPrecipitation", "windSpeed", "windGust",
)  # fmt: skip
_SPEED: Final = re.compile(r"(?:(\d{1,3}) to )?(\d{1,3}) (mph|km/h|kt)")


def as_geojson(document: Any) -> Any:  # Any: JSON of a publisher.
    """Return the JSON-LD form of an answer as the GeoJSON one; what is neither comes back as it is."""
    if not isinstance(document, dict) or "@context" not in document or "type" in document:
        return document
    if isinstance(document.get("@graph"), list):
        return {"type": "FeatureCollection", "features": [_as_feature(row) for row in document["@graph"]]}
    return _as_feature(document)


def _as_feature(row: Any) -> Any:  # Any: as above.
    if not isinstance(row, dict):
        return row
    try:
        shape = geometry(row.get("geometry"))
    except Rejection:
        shape = None
    return {"type": "Feature", "geometry": shape, "properties": row}


def periods(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the periods of a forecast, or nothing if it is none."""
    said = document.get("properties") if isinstance(document, dict) else None
    found = said.get("periods") if isinstance(said, dict) else None
    return found if isinstance(found, list) else None


def observations(document: Any) -> Sequence[Any] | None:  # Any: as above.
    """Return the features of measured observations, or nothing if there are none."""
    if not isinstance(document, dict):
        return None
    rows = document.get("features") if document.get("type") == "FeatureCollection" else [document]
    return (
        rows
        if isinstance(rows, list) and (document.get("type") in ("Feature", "FeatureCollection"))
        else None
    )


def forecast(document: Mapping[str, Any], rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield the place of a forecast and one observation per period."""
    place = forecast_place(document, f"{payload.name}#0")
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        if number == 0:
            yield place
        try:
            yield _period(row, place.external_id, record, payload)
        except Rejection as why:
            yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))


def forecast_place(document: Mapping[str, Any], record: str) -> Thing:
    """Return the place of a forecast: the centre of its cell."""
    place = _centre(document)
    thing_id = f"nws-forecast:{place[1]},{place[0]}" if place else "nws-forecast"
    return _thing(thing_id, record, "weather_model", "Forecast", place)


def _centre(document: Mapping[str, Any]) -> tuple[float, float] | None:
    shape = document.get("geometry")
    try:
        ring = shape["coordinates"][0][:-1]  # type: ignore[index]  # what is no polygon raises
        lon, lat = (sum(float(vertex[axis]) for vertex in ring) / len(ring) for axis in (0, 1))
    except (TypeError, KeyError, IndexError, ValueError, ZeroDivisionError):
        return None
    return (round(lon, 4), round(lat, 4)) if abs(lon) <= 180 and abs(lat) <= 90 else None


def _thing(thing_id: str, record: str, kind: str, name: str, place: tuple[float, float] | None) -> Thing:
    lon, lat = place or (None, None)
    return Thing(external_id=thing_id, record=record, kind=kind, name=name, lon=lon, lat=lat)


def _period(
    row: Any, thing_id: str, record: str, payload: Payload
) -> Observation:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the period is no object")
    moment = from_rfc3339(row.get("startTime"))
    if moment is None:
        raise Rejection("bad_time", "the period has no startTime")
    found = [
        result("temperature", row.get("temperature"), str(row.get("temperatureUnit") or "")),
        _speed(row.get("windSpeed")),
        *(_quantity(name, row.get(name)) for name in _FORETOLD),
    ]
    results = as_forecast((one for one in found if one), moment, payload.fetched_at)
    if not results:
        raise Rejection("no_result", "the period holds no value")
    return Observation(
        external_id=thing_id,
        record=record,
        phenomenon_time=moment,
        results=results,
        properties={"summary": row["shortForecast"]} if isinstance(row.get("shortForecast"), str) else {},
    )


def _speed(written: Any) -> Result | None:  # Any: JSON of a publisher.
    """Read `5 to 10 mph`, of which the higher counts."""
    found = _SPEED.fullmatch(written) if isinstance(written, str) else None
    return result("windSpeed", int(found.group(2)), found.group(3)) if found else None


def _quantity(name: str, value: Any) -> Result | None:  # Any: JSON of a publisher.
    """Read a value, the higher of two, with its unit code; the flag X says that it failed the service's checks."""
    if not isinstance(value, dict) or value.get("qualityControl") == "X":
        return None
    told = value.get("value") if value.get("value") is not None else value.get("maxValue")
    return result(name, told, str(value.get("unitCode") or ""))


def measured(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each station once, and one observation per feature."""
    seen: set[str] = set()
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        try:
            if station := _station_alone(row, record):
                yield station
                continue
            thing, observation = _measurement(row, record)
        except Rejection as why:
            yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))
            continue
        if thing.external_id not in seen:
            seen.add(thing.external_id)
            yield thing
        yield observation


def _station_alone(row: Any, record: str) -> Thing | None:  # Any: JSON of a publisher.
    """Return the station of a list of stations (`/stations`); a row that measured is none."""
    said = row.get("properties") if isinstance(row, dict) else None
    if not isinstance(said, dict) or "stationIdentifier" not in said or "timestamp" in said:
        return None
    station = str(said["stationIdentifier"] or "").strip()
    if not station:
        raise Rejection("no_identity", "the station has no identifier")
    return _thing(station, record, "weather_station", str(said.get("name") or station), _spot(row))


def _spot(row: Mapping[str, Any]) -> tuple[float, float] | None:
    shape = row.get("geometry")
    pair = shape.get("coordinates") if isinstance(shape, dict) else None
    placed = point(pair[0], pair[1]) if isinstance(pair, list) and len(pair) >= 2 else None
    return (placed["coordinates"][0], placed["coordinates"][1]) if placed else None


def _measurement(row: Any, record: str) -> tuple[Thing, Observation]:  # Any: JSON of a publisher.
    said = row.get("properties") if isinstance(row, dict) else None
    if not isinstance(said, dict):
        raise Rejection("not_an_object", "the feature has no properties")
    station = str(said.get("stationId") or str(said.get("station") or "").rsplit("/", 1)[-1])
    if not station:
        raise Rejection("no_identity", "the observation names no station")
    moment = from_rfc3339(said.get("timestamp"))
    if moment is None:
        raise Rejection("bad_time", "the observation has no timestamp")
    results = tuple(one for name in _MEASURED if (one := _quantity(name, said.get(name))))
    # For minutes the service has no more than the report.
    results = results or metar.measured(str(said.get("rawMessage") or ""))
    if not results:
        raise Rejection("no_result", f"station {station} measured nothing")
    thing = _thing(station, record, "weather_station", str(said.get("stationName") or station), _spot(row))
    text = said.get("textDescription")
    return thing, Observation(
        external_id=station,
        record=record,
        observed_at=moment,
        phenomenon_time=moment,
        results=results,
        properties={"summary": text} if isinstance(text, str) and text else {},
    )
