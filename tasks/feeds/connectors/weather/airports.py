"""[p] Reports of airports as the Aviation Weather Center's JSON: decoded, with the place and the time of each."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Observation, Payload, Record, Thing
from tasks.feeds.connectors.weather.metar import measured
from tasks.feeds.connectors.weather.stations import reported, station_at
from tasks.feeds.connectors.weather.values import result
from tasks.feeds.reading.times import from_posix, from_rfc3339

#: Field -> our name's source and the unit.
_VALUES: Final = {
    "temp": ("temperature", "degC"),
    "dewp": ("dewpoint", "degC"),
    "wdir": ("windDirection", "deg"),
    "wspd": ("windSpeed", "kt"),
    "wgst": ("windGust", "kt"),
    "visib": ("visibility", "mi"),
    "altim": ("barometricPressure", "hPa"),
    "slp": ("seaLevelPressure", "hPa"),
}


def rows_of(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the reports of a document, a list or GeoJSON, or nothing if it holds none."""
    if isinstance(document, dict) and isinstance(document.get("features"), list):
        document = [_bare(feature) for feature in document["features"]]
    if not isinstance(document, list):
        return None
    return document if any(isinstance(row, dict) and "icaoId" in row for row in document) else None


def _bare(feature: Any) -> Any:  # Any: as above.
    """Return a report of GeoJSON as one of the list; what is none comes back as it is."""
    said = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(said, dict) or "rawOb" not in said:
        return feature
    shape = feature.get("geometry")
    place = shape.get("coordinates") if isinstance(shape, dict) else None
    lon, lat = place[:2] if isinstance(place, list) and len(place) > 1 else (None, None)
    return {"icaoId": said.get("id"), "name": said.get("site"), **said, "lon": lon, "lat": lat}


def records(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each station once, and one observation per report."""
    yield from reported(rows, payload, _report)


def _report(row: Any, record: str) -> tuple[Thing, Observation]:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the report is no object")
    station = str(row.get("icaoId") or "").strip()
    if not station:
        raise Rejection("no_identity", "the report names no station")
    told = row.get("obsTime")
    moment = from_rfc3339(told) if isinstance(told, str) and ":" in told else from_posix(told)
    if moment is None:
        raise Rejection("bad_time", "the report has no obsTime")
    decoded = ((name, unit, _number(row.get(field))) for field, (name, unit) in _VALUES.items())
    results = tuple(found for name, unit, value in decoded if (found := result(name, value, unit)))
    # Some who keep these reports keep what was reported alone.
    results = results or measured(str(row.get("rawOb") or ""))
    if not results:
        raise Rejection("no_result", f"station {station} measured nothing")
    thing = station_at(station, row.get("name"), row, record)
    return thing, Observation(
        external_id=station,
        record=record,
        observed_at=moment,
        phenomenon_time=moment,
        results=results,
        properties={"report": row["rawOb"][:500]} if isinstance(row.get("rawOb"), str) else {},
    )


def _number(value: Any) -> float | None:  # Any: JSON of a publisher.
    """Read a number, also of `10+`; `VRB` is none."""
    try:
        return float(value.rstrip("+") if isinstance(value, str) else value)
    except (TypeError, ValueError):
        return None
