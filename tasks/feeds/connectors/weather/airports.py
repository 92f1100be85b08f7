"""[p] Reports of airports as the Aviation Weather Center's JSON: decoded, with the place and the time of each."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Observation, Payload, Record, Rejected, Thing
from tasks.feeds.connectors.weather.values import result
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import from_posix

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
    """Return the reports of a document, or nothing if it holds none."""
    if not isinstance(document, list):
        return None
    return document if any(isinstance(row, dict) and "icaoId" in row for row in document) else None


def records(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each station once, and one observation per report."""
    seen: set[str] = set()
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        try:
            thing, observation = _report(row, record)
        except Rejection as why:
            yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))
            continue
        if thing.external_id not in seen:
            seen.add(thing.external_id)
            yield thing
        yield observation


def _report(row: Any, record: str) -> tuple[Thing, Observation]:  # Any: JSON of a publisher.
    if not isinstance(row, dict):
        raise Rejection("not_an_object", "the report is no object")
    station = str(row.get("icaoId") or "").strip()
    if not station:
        raise Rejection("no_identity", "the report names no station")
    moment = from_posix(row.get("obsTime"))
    if moment is None:
        raise Rejection("bad_time", "the report has no obsTime")
    told = ((name, unit, _number(row.get(field))) for field, (name, unit) in _VALUES.items())
    results = tuple(found for name, unit, value in told if (found := result(name, value, unit)))
    if not results:
        raise Rejection("no_result", f"station {station} measured nothing")
    placed = point(row.get("lon"), row.get("lat"))
    lon, lat = placed["coordinates"] if placed else (None, None)
    name = str(row.get("name") or station)
    thing = Thing(external_id=station, record=record, kind="weather_station", name=name, lon=lon, lat=lat)
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
