"""
[p] GBFS 1.x to 3.x: stations, their counts, free-floating vehicles and system alerts.

The feed's URL is its discovery file `gbfs.json`; the URL of one file of a system works too.
Options: `language` chooses among translations, `files` names the files to fetch.
Source: https://github.com/MobilityData/gbfs/blob/v3.0/gbfs.md
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

from shared.errors import Rejection
from shared.feeds.kinds.gbfs import GbfsOptions
from tasks.feeds.connector import Described, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.connectors.gbfs import files, rows
from tasks.feeds.connectors.gbfs.counts import System
from tasks.feeds.credentials import with_credential

#: A discovery or a descriptive file that went wrong must mend soon, whatever ttl it claims.
_LONGEST_TTL_SECONDS: Final = {"gbfs": 300}
_LONGEST_OTHER_TTL_SECONDS: Final = 3600
_EXCERPT: Final = 500
_NOT_FOUND: Final = 404

_Reader: TypeAlias = Callable[[dict[str, Any], files.File, str, System], Record]
_READERS: Final[Mapping[str, _Reader]] = {
    "station_information": rows.station,
    "station_status": rows.status,
    "vehicle_status": rows.vehicle,
    "system_alerts": rows.alert,
}


def plan(source: Source) -> Plan:
    """Fetch the discovery file, then each file it lists; the cursor keeps each file's ttl."""
    known: dict[str, Any] = dict(source.cursor.get("ttl") or {})
    first = yield _request("gbfs", source.url, known, source)
    discovery = files.load(first)
    ttl = {"gbfs": discovery.ttl_seconds}
    listed = files.listed(discovery, GbfsOptions.read(source.options).language or None)
    for name in _wanted(listed, source):
        answer = yield _request(name, listed[name], known, source)
        if answer.status != _NOT_FOUND:
            ttl[name] = files.load(answer).ttl_seconds
    return {"ttl": ttl}


def _wanted(listed: dict[str, str], source: Source) -> list[str]:
    wanted: list[str] = [
        name for name in GbfsOptions.read(source.options).files or files.FETCHED if name in listed
    ]
    if "vehicle_status" in wanted and "free_bike_status" in wanted:
        wanted.remove("free_bike_status")
    return wanted


def _request(name: str, url: str, ttl: dict[str, Any], source: Source) -> Request:
    longest = _LONGEST_TTL_SECONDS.get(name, _LONGEST_OTHER_TTL_SECONDS)
    request = Request(
        name=name,
        url=url,
        optional=name != "gbfs" and name not in files.REQUIRED,
        max_age_seconds=min(int(ttl.get(name) or 0), longest),
    )
    return with_credential(request, source)


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """Yield one record per row of each file; files that describe the system are counted, not stored."""
    loaded = [files.load(payload) for payload in payloads if payload.status != _NOT_FOUND]
    system = _system(loaded, GbfsOptions.read(source.options).language or None)
    for file in loaded:
        for number, row in enumerate(file.rows):
            yield _record(row, file, f"{file.payload.name}#{number}", system)


def _system(loaded: Sequence[files.File], language: str | None) -> System:
    found: dict[str, list[dict[str, Any]]] = {"vehicle_types": [], "regions": []}
    for file in loaded:
        found.setdefault(file.kind, []).extend(row for row in file.rows if isinstance(row, dict))
    return System(
        language=language,
        types={str(row.get("vehicle_type_id")): row for row in found["vehicle_types"]},
        regions={
            str(row.get("region_id")): name
            for row in found["regions"]
            if (name := files.text(row.get("name"), language))
        },
    )


def _record(row: Any, file: files.File, record: str, system: System) -> Record:
    reader = _READERS.get(file.kind)
    if reader is None:
        return Described(record=record, properties=row if file.kind == "system_information" else {})
    if not isinstance(row, dict):
        return Rejected(record=record, reason="not_an_object", excerpt=_excerpt(row))
    try:
        return reader(row, file, record, system)
    except Rejection as why:
        return Rejected(
            record=record,
            reason=why.reason,
            detail=why.detail,
            external_id=str(row.get("station_id") or row.get("vehicle_id") or row.get("bike_id") or "")
            or None,
            excerpt=_excerpt(row),
        )


def _excerpt(row: Any) -> str:
    return orjson.dumps(row).decode()[:_EXCERPT]
