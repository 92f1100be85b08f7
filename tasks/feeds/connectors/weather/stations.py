"""[p] Stations that report row by row, each told once, with its first report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from shared.errors import Rejection
from tasks.feeds.connector import Observation, Payload, Record, Rejected, Thing
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.places import point


def reported(
    rows: Sequence[Any], payload: Payload, read: Callable[[Any, str], tuple[Thing, Observation] | Record]
) -> Iterator[Record]:
    """Yield what is read of each row, and each station once; a row that raises Rejection is set aside."""
    seen: set[str] = set()
    for number, row in enumerate(rows):
        record = f"{payload.name}#{number}"
        try:
            found = read(row, record)
        except Rejection as why:
            yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(row))
            continue
        if not isinstance(found, tuple):
            yield found
            continue
        thing, observation = found
        if thing.external_id not in seen:
            seen.add(thing.external_id)
            yield thing
        yield observation


def station_at(
    id_: str, name: Any, row: Mapping[str, Any], record: str
) -> Thing:  # Any: JSON of a publisher.
    """Return the station that a row tells of, at the row's `lon` and `lat`."""
    placed = point(row.get("lon"), row.get("lat"))
    lon, lat = placed["coordinates"] if placed else (None, None)
    called = str(name or id_).strip()
    return Thing(external_id=id_, record=record, kind="weather_station", name=called, lon=lon, lat=lat)
