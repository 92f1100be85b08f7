"""
[p] The World Air Quality Index (aqicn.org): indices of stations, one alone, or all within bounds or found by a search.

Its values are indices by the scale of the United States, whatever the stations measured.
Source: https://aqicn.org/json-api/doc/
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload, Record, Rejected, Result, Thing
from tasks.feeds.connectors.air_quality.readings import Reading, observed_property, of_sites, result
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.places import point
from tasks.feeds.reading.times import from_rfc3339

#: What a station tells of the weather, in units of its own; all else are indices.
_WEATHER: Final = {"t": ("temperature", "degC"), "h": ("humidity", "%"), "p": ("pressure", "hPa")}
#: What a station has that is kept without the wrapper of the answer.
_OF_A_STATION: Final = frozenset(("aqi", "idx", "iaqi", "time"))
_INDICES: Final = frozenset(("pm25", "pm10", "o3", "no2", "so2", "co"))


def rows_of(document: Any, name: str) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """
    Return the stations of a document, or nothing if it is not the index's.

    Raises: Malformed, with the service's own words, if it failed.
    """
    if isinstance(document, dict) and document.keys() >= _OF_A_STATION:
        return [document]
    if not isinstance(document, dict) or document.keys() - {"status", "data", "msg", "ver"}:
        return None
    data = document.get("data")
    if document.get("status") == "error":
        raise Malformed(f"{name}: {excerpt(data or document.get('msg')):.200}")
    if document.get("status") != "ok":
        return None
    if isinstance(data, dict) and "aqi" in data:
        return [data]
    return data if isinstance(data, list) else None


def records(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each station as a thing, with an observation of what it tells."""

    def read(
        row: Any, record: str
    ) -> tuple[Thing, Iterator[Reading | Rejected]]:  # Any: JSON of a publisher.
        thing = _station(row, record)
        return thing, _readings(row, thing.external_id, record)

    return of_sites(rows, payload, read)


def _station(row: Any, record: str) -> Thing:  # Any: JSON of a publisher.
    number = row.get("idx", row.get("uid")) if isinstance(row, dict) else None
    if not isinstance(number, int | str) or not str(number).strip():
        raise Rejection("no_identity", "the row names no station")
    told = _told(row, "city") or _told(row, "station")
    pair = told.get("geo")
    lat, lon = pair[:2] if isinstance(pair, list) and len(pair) > 1 else (row.get("lat"), row.get("lon"))
    placed = point(lon, lat)
    lon, lat = placed["coordinates"] if placed else (None, None)
    name = str(told.get("name") or number)
    return Thing(
        external_id=str(number), record=record, kind="air_quality_station", name=name, lon=lon, lat=lat
    )


def _readings(row: Mapping[str, Any], thing_id: str, record: str) -> Iterator[Reading]:
    when = _told(row, "time")
    # Older answers, and a search, tell the local time and its offset apart.
    clock = when.get("s") or when.get("stime")
    local = f"{clock}{when.get('tz') or ''}" if clock else None
    moment = from_rfc3339(when.get("iso") or local or _told(row, "station").get("time"))
    if moment is None:
        raise Rejection("bad_time", "the station does not tell when")
    found = list(_results(row))
    if not found:
        raise Rejection("no_result", f"the index is {row.get('aqi')!r:.40}")
    yield from (Reading(thing_id, moment, one, record) for one in found)


def _results(row: Mapping[str, Any]) -> Iterator[Result]:
    """Return the index of all, those of pollutants, and the weather; a station that is silent writes `-`."""
    told = {name: _told(_told(row, "iaqi"), name).get("v") for name in (*_INDICES, *_WEATHER)}
    values = [("aqi_all", row.get("aqi"), "")]
    values += [(f"aqi_{observed_property(name)}", told[name], "") for name in sorted(_INDICES)]
    values += [(name, told[key], unit) for key, (name, unit) in _WEATHER.items()]
    for name, value, unit in values:
        try:
            yield result(name, value, unit)
        except Rejection:
            continue


def _told(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = row.get(name)
    return found if isinstance(found, dict) else {}
