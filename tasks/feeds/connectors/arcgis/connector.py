"""
[p] ArcGIS feature services: the rows of a layer as features, in whatever reference system they come.

The feed's URL is a layer (`.../FeatureServer/0`), a query of one, or a GeoJSON file. Options: see README.md.
Source: https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Described, Malformed, Payload, Plan, Record, Request, Source
from tasks.feeds.connectors.arcgis import shapes
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading import columns
from tasks.feeds.reading.cells import BadRow, Row
from tasks.feeds.reading.documents import excerpt, load_json
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.tables import Table
from tasks.feeds.reading.times import MILLISECONDS_FROM, LocalTimes, from_posix

_PAGE_SIZE: Final = 1000
_MOST_PAGES: Final = 50
_GEOMETRY: Final = "geometry"
_ID: Final = "id"
_LOOKED_AT: Final = 1000
#: What answers have that only count or describe.
_DESCRIBE: Final = frozenset(("count", "extent", "geometryType", "fields", "layers", "services"))
#: GeoJSON of a service has no list of columns: a time is told by its name and by a number of today's size.
_DATE_NAMED: Final = re.compile(r"date|time|(?:_at|_on|created|edited|opened|closed)$", re.IGNORECASE)


def plan(source: Source) -> Plan:
    """Query the layer page by page until the service says that no more are left; there is no cursor."""
    if "/query" in source.url or not _is_layer(source.url):
        yield with_credential(Request("features", source.url), source)
        return {}
    size = int(source.options.get("page_size") or _PAGE_SIZE)
    offset = 0
    for number in range(1, int(source.options.get("max_pages") or _MOST_PAGES) + 1):
        request = Request(
            f"features-{number}", f"{source.url.rstrip('/')}/query", params=_query(source, offset, size)
        )
        page = load_json((yield with_credential(request, source)))
        rows = page.get("features") if isinstance(page, dict) else None
        if not isinstance(rows, list) or not rows or not _has_more(page, len(rows), size):
            break
        # A service may give fewer than we asked for, and says so.
        offset += len(rows)
    return {}


def _is_layer(url: str) -> bool:
    return url.split("?")[0].rstrip("/").rsplit("/", 1)[-1].isdigit()


def _query(source: Source, offset: int, size: int) -> dict[str, str]:
    return {
        "where": str(source.options.get("where") or "1=1"),
        "outFields": "*",
        "outSR": "4326",
        "orderByFields": str(source.options.get("order") or "OBJECTID"),
        "resultOffset": str(offset),
        "resultRecordCount": str(size),
        "f": "json",
    }


def _has_more(page: Mapping[str, Any], count: int, size: int) -> bool:
    told = page.get("exceededTransferLimit", (page.get("properties") or {}).get("exceededTransferLimit"))
    return bool(told) if told is not None else count >= size


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per feature; answers that only count, list ids or describe the layer are counted.

    Raises: Malformed if a payload is none of these, with the service's own words if it failed.
    """
    for payload in payloads:
        document = load_json(payload)
        if not isinstance(document, dict) or "error" in document:
            raise Malformed(f"{payload.name}: no features: {excerpt(document):.200}")
        if isinstance(document.get("features"), list):
            yield from _features(document, payload, source)
        elif "objectIds" in document:
            # Nothing found is told as null.
            ids = document["objectIds"] if isinstance(document["objectIds"], list) else []
            yield from (Described(record=f"{payload.name}#{at}") for at in range(len(ids)))
        elif _DESCRIBE & document.keys():
            yield Described(record=f"{payload.name}#0", properties={"name": str(document.get("name") or "")})
        else:
            raise Malformed(f"{payload.name}: no features: {excerpt(document):.200}")


def _features(document: Mapping[str, Any], payload: Payload, source: Source) -> Iterator[Record]:
    table = _table(document, payload.name)
    rows = list(table.rows)
    times = LocalTimes(str(source.options.get("timezone") or source.timezone))
    named = source.options.get("fields") or {}
    chosen = columns.choose(table.names, rows[:_LOOKED_AT], named, times)
    chosen[_GEOMETRY] = table.names.index(_GEOMETRY)
    for part in ("latitude", "longitude"):
        # The geometry is what the service stands for; columns of coordinates may be of another system.
        chosen.pop(part, None)
    identity = _identity(document, table.names)
    if "external_id" not in named and identity is not None:
        chosen["external_id"] = identity
    reader = Reader(table, chosen, times, str(source.options.get("feature_kind") or "service_request"))
    for number, row in enumerate(rows):
        yield reader.read(row, f"{payload.name}#{number}")


def _fields(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the descriptions of the columns, whatever a server put in their place."""
    told = document.get("fields")
    return [field for field in told if isinstance(field, dict)] if isinstance(told, list) else []


def _identity(document: Mapping[str, Any], names: Sequence[str]) -> int | None:
    """Return the column of global ids, else of object ids, which a reload of the layer may renumber."""
    by_type = {
        field.get("type"): field.get("name")
        for field in _fields(document)
        if isinstance(field.get("type"), str)
    }
    told = (
        document.get("globalIdFieldName"), by_type.get("esriFieldTypeGlobalID"),
        document.get("objectIdFieldName"), by_type.get("esriFieldTypeOID"), "OBJECTID", "objectid", "FID", _ID,
    )  # fmt: skip
    return next((names.index(name) for name in told if isinstance(name, str) and name in names), None)


def _table(document: Mapping[str, Any], name: str) -> Table:
    places = shapes.Places(document, name)
    dates = _dates(document)
    found = [_row(row, places, dates) for row in document["features"]]
    names = list(dict.fromkeys(key for row in found if isinstance(row, dict) for key in row))
    names = [key for key in names if key != _GEOMETRY] + [_GEOMETRY]
    rows: list[Row] = [[row.get(key) for key in names] if isinstance(row, dict) else row for row in found]
    return Table(names, iter(rows))


def _dates(document: Mapping[str, Any]) -> set[str]:
    """Return the columns whose numbers are milliseconds."""
    told = _fields(document)
    if told:
        return {str(field.get("name")) for field in told if field.get("type") == "esriFieldTypeDate"}
    held: dict[str, list[Any]] = {}
    for row in document["features"][:_LOOKED_AT]:
        for key, value in (_said(row) or {}).items():
            if value is not None and _DATE_NAMED.search(key):
                held.setdefault(key, []).append(value)
    return {key for key, values in held.items() if all(map(_is_of_today, values))}


def _said(row: Any) -> dict[str, Any] | None:  # Any: JSON of a publisher.
    said = row.get("attributes", row.get("properties")) if isinstance(row, dict) else None
    return said if isinstance(said, dict) else None


def _row(row: Any, places: shapes.Places, dates: set[str]) -> dict[str, Any] | BadRow:  # Any: as above.
    said = _said(row)
    if said is None:
        return BadRow("not_an_object", "the feature has no attributes", excerpt(row))
    try:
        found = places.read(row.get("geometry"))
        values = {
            key: _moment(value) if key in dates and _is_posix(value) else value for key, value in said.items()
        }
    except Rejection as why:
        return BadRow(why.reason, why.detail, excerpt(row))
    identity = {_ID: row["id"]} if isinstance(row.get("id"), int | str) and _ID not in values else {}
    return {**values, **identity, _GEOMETRY: found}


def _is_posix(value: Any) -> bool:  # Any: as above.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_of_today(value: Any) -> bool:  # Any: as above.
    return _is_posix(value) and MILLISECONDS_FROM <= value < 100 * MILLISECONDS_FROM


def _moment(milliseconds: float) -> datetime | None:
    # Those of the early seventies look like seconds of today.
    return from_posix(milliseconds if abs(milliseconds) >= MILLISECONDS_FROM else milliseconds / 1000)
