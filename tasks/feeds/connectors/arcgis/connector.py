"""
[p] ArcGIS feature services: the rows of a layer as features, in whatever reference system they come.

The feed's URL is a layer (`.../FeatureServer/0`), a query of one, or a GeoJSON file. Options: see README.md.
Source: https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Described, Malformed, Payload, Plan, Record, Request, Source
from tasks.feeds.connectors.arcgis import answers, shapes
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading import columns
from tasks.feeds.reading.cells import BadRow, Row, names_of
from tasks.feeds.reading.day_order import local_times
from tasks.feeds.reading.documents import excerpt, load_json
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.tables import Table

_PAGE_SIZE: Final = 1000
_MOST_PAGES: Final = 50
_GEOMETRY: Final = "geometry"
#: What answers have that only count or describe.
_DESCRIBE: Final = frozenset(("count", "extent", "geometryType", "fields", "layers", "services"))


def plan(source: Source) -> Plan:
    """Query the layer page by page until the service says that no more are left; there is no cursor."""
    if "/query" in source.url or not _is_layer(source.url):
        yield with_credential(Request("features", source.url), source)
        return {}
    size = int(source.options.get("page_size") or _PAGE_SIZE)
    offset = 0
    for number in range(1, int(source.options.get("max_pages") or _MOST_PAGES) + 1):
        request = Request(
            f"features-{number}",
            f"{source.url.split('?')[0].rstrip('/')}/query",
            params=_query(source, offset, size),
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
        if (layers := answers.layers(document)) is not None:
            first = 0
            for number, layer in enumerate(layers):
                # The same object id is of another row in another layer.
                prefix = f"{layer.get('id', number)}/" if len(layers) > 1 else ""
                yield from _features(layer, payload, source, first, prefix)
                first += len(layer["features"])
        elif "objectIds" in document:
            # Nothing found is told as null.
            ids = document["objectIds"] if isinstance(document["objectIds"], list) else []
            yield from (Described(record=f"{payload.name}#{at}") for at in range(len(ids)))
        elif _DESCRIBE & document.keys():
            yield Described(record=f"{payload.name}#0", properties={"name": str(document.get("name") or "")})
        else:
            raise Malformed(f"{payload.name}: no features: {excerpt(document):.200}")


def _features(
    document: Mapping[str, Any], payload: Payload, source: Source, first: int, prefix: str
) -> Iterator[Record]:
    if document.get("transform"):
        raise Malformed(f"{payload.name}: its positions are counts of a grid (quantized)")
    table = _table(document, payload.name)
    rows = list(table.rows)
    zone = str(source.options.get("timezone") or source.timezone)
    times = local_times(zone, source.options, map(answers.said_of, document["features"]))
    named = source.options.get("fields") or {}
    chosen = columns.choose(table.names, rows[: answers.LOOKED_AT], named, times)
    chosen[_GEOMETRY] = table.names.index(_GEOMETRY)
    for part in ("latitude", "longitude"):
        # The geometry is what the service stands for; columns of coordinates may be of another system.
        chosen.pop(part, None)
    identity = answers.identity(document, table.names)
    if "external_id" not in named and identity is not None:
        chosen["external_id"] = identity
    reader = Reader(table, chosen, times, str(source.options.get("feature_kind") or "service_request"))
    for number, row in enumerate(rows, start=first):
        record = reader.read(row, f"{payload.name}#{number}")
        if record.external_id is not None:
            record.external_id = prefix + record.external_id
        yield record


def _table(document: Mapping[str, Any], name: str) -> Table:
    places = shapes.Places(document, name)
    dates = answers.dates(document)
    found = [_row(row, places, dates) for row in document["features"]]
    names = [key for key in names_of(found, name) if key != _GEOMETRY] + [_GEOMETRY]
    rows: list[Row] = [[row.get(key) for key in names] if isinstance(row, dict) else row for row in found]
    return Table(names, iter(rows))


def _row(row: Any, places: shapes.Places, dates: set[str]) -> dict[str, Any] | BadRow:  # Any: as above.
    said = answers.said_of(row)
    if said is None:
        return BadRow("not_an_object", "the feature has no attributes", excerpt(row))
    try:
        found = places.read(row.get("geometry"))
        values = {
            key: answers.moment(value) if key in dates and answers.is_posix(value) else value
            for key, value in said.items()
        }
    except Rejection as why:
        return BadRow(why.reason, why.detail, excerpt(row))
    identity = (
        {answers.ID: row["id"]} if isinstance(row.get("id"), int | str) and answers.ID not in values else {}
    )
    return {**values, **identity, _GEOMETRY: found}
