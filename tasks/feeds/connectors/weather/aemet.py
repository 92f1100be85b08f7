"""
[p] Spain's AEMET: what its stations measured in the hour before `fint`, which is in UTC.

Source: https://opendata.aemet.es/dist/index.html (conventional observations, and the metadata that each answer links to)
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from shared.errors import Rejection
from tasks.feeds.connector import Described, Malformed, Observation, Payload, Record, Thing
from tasks.feeds.connectors.weather.stations import reported, station_at
from tasks.feeds.connectors.weather.values import result
from tasks.feeds.reading.documents import excerpt, load_json
from tasks.feeds.reading.times import LocalTimes

#: What each row has: the station, and when its hour ended.
_OF_A_ROW: Final = frozenset(("idema", "fint"))
#: What the answer has that only links to the rows.
_OF_A_LINK: Final = frozenset(("descripcion", "estado"))
_FOUND: Final = 200
_FIRST_BYTES: Final = 1000
#: Our name's source and the unit of what a station measured.
_MEASURED: Final = {
    "ta": ("temperature", "degC"),
    "tamax": ("temp_max", "degC"),
    "tamin": ("temp_min", "degC"),
    "tpr": ("dewpoint", "degC"),
    "hr": ("relativeHumidity", "%"),
    "vv": ("windSpeed", "m/s"),
    "vmax": ("windGust", "m/s"),
    "dv": ("windDirection", "deg"),
    "pres": ("surface_pressure", "hPa"),
    "pres_nmar": ("pressure_msl", "hPa"),
    "prec": ("precipitation", "mm"),
    "vis": ("visibility", "km"),
}


def link(answer: Payload, url: str) -> str | None:
    """Return where an answer says that its rows are, on the site that was asked; nothing if it is none of the service's."""
    with answer.open() as stream:
        if b'"estado"' not in stream.read(_FIRST_BYTES):
            return None
    document = load_json(answer)
    where = document.get("datos") if isinstance(document, dict) else None
    asked = urlsplit(url)
    is_there = isinstance(where, str) and where.startswith(f"{asked.scheme}://{asked.netloc}/")
    return where if is_there else None


def rows_of(document: Any, name: str) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """
    Return what stations measured, or nothing if it is not the service's.

    Raises: Malformed, with the service's own words, if it failed.
    """
    is_link = isinstance(document, dict) and document.keys() >= _OF_A_LINK
    if is_link and document["estado"] != _FOUND:
        raise Malformed(f"{name}: {excerpt(document['descripcion']):.200}")
    if is_link:
        return [document]
    is_list = isinstance(document, list) and any(
        isinstance(row, dict) and row.keys() >= _OF_A_ROW for row in document
    )
    return document if is_list else None


def records(rows: Sequence[Any], payload: Payload) -> Iterator[Record]:
    """Yield each station once, and one observation per row."""
    yield from reported(rows, payload, _told)


def _told(row: Any, record: str) -> tuple[Thing, Observation] | Record:  # Any: JSON of a publisher.
    if isinstance(row, dict) and row.keys() >= _OF_A_LINK:
        return Described(record=record)
    return _measurement(row, record)


def _measurement(row: Any, record: str) -> tuple[Thing, Observation]:  # Any: JSON of a publisher.
    station = str(row.get("idema") or "").strip() if isinstance(row, dict) else ""
    if not station:
        raise Rejection("no_identity", "the row names no station")
    moment = _moment(row)
    results = tuple(
        one for name, (ours, unit) in _MEASURED.items() if (one := result(ours, row.get(name), unit))
    )
    if not results:
        raise Rejection("no_result", f"station {station} measured nothing")
    thing = station_at(station, row.get("ubi"), row, record)
    return thing, Observation(
        external_id=station, record=record, observed_at=moment, phenomenon_time=moment, results=results
    )


def _moment(row: Mapping[str, Any]) -> datetime:
    written = row.get("fint")
    # Older answers tell no offset, newer ones that of UTC.
    moment = LocalTimes("UTC").parse(written) if isinstance(written, str) else None
    if moment is None:
        raise Rejection("bad_time", f"{written!r:.50} is not a time we can read")
    return moment
