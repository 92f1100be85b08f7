"""
[p] Socrata: service requests (or another kind of feature) by the SODA 2.1 API, or as exported files.

A URL that ends in `.json` under `/resource/` is the API and is read incrementally; any other is one file: CSV,
TSV, JSON, GeoJSON, XLSX or Parquet, gzipped, in a ZIP or not. Options: see README.md.
Source: https://dev.socrata.com/docs/queries/ and https://dev.socrata.com/docs/system-fields.html
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from tasks.feeds.connector import Described, Payload, Plan, Record, Request, Source
from tasks.feeds.connectors.socrata import api
from tasks.feeds.encoding.blocks import Block, How, in_blocks
from tasks.feeds.encoding.columns import Columns
from tasks.feeds.reading import columns, tables
from tasks.feeds.reading.cells import Row
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.times_written import looks_day_first

#: Rows looked at before the columns are chosen and the order of day and month is decided.
_LOOKED_AT: Final = 1000


def plan(source: Source) -> Plan:
    """Read the API page by page from where the last run ended, or fetch the one file there is."""
    if _is_api(source):
        return (yield from api.plan(source))
    yield Request("export", source.url)
    return {}


def _is_api(source: Source) -> bool:
    chosen = source.options.get("mode")
    path = urlsplit(source.url).path
    return chosen == "api" if chosen else "/resource/" in path and path.endswith(".json")


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per row, in the order of the payloads; memory does not grow with their size.

    Raises: Malformed if a payload is no table.
    """
    for payload in payloads:
        if payload.name == api.NEWEST:
            yield from (
                Described(record=f"{payload.name}#{number}") for number, _ in enumerate(api.rows(payload))
            )
        else:
            yield from _records(*_opened(payload, source), payload.name)


def blocks(payloads: Sequence[Payload], source: Source) -> Iterator[Record | Block]:
    """Yield the records of `parse`, the rows of text exports in blocks."""
    for payload in payloads:
        if payload.name == api.NEWEST:
            yield from parse([payload], source)
            continue
        table, reader = _opened(payload, source)
        found = Columns.of(reader)
        if table.grids is None or found is None:
            yield from _records(table, reader, payload.name)
        else:
            how = How(reader, found, [source.options, reader.told])
            yield from in_blocks(table.grids, f"{payload.name}#", how)


def _records(table: tables.Table, reader: Reader, name: str) -> Iterator[Record]:
    for number, row in enumerate(table.rows):
        yield reader.read(row, f"{name}#{number}")


def _opened(payload: Payload, source: Source) -> tuple[tables.Table, Reader]:
    """Return a payload as a table, and how its rows are read."""
    table = tables.load(payload)
    ahead = table.first(_LOOKED_AT)
    times = _times(source, table.names, ahead)
    chosen = columns.choose(table.names, ahead, source.options.get("fields") or {}, times)
    kind = str(source.options.get("feature_kind") or "service_request")
    return table, Reader(table, chosen, times, kind)


def _times(source: Source, names: Sequence[str], rows: Sequence[Row]) -> LocalTimes:
    zone = str(source.options.get("timezone") or source.timezone)
    day_first: Any = source.options.get("day_first")  # Any: an option is JSON.
    if day_first is None:
        day_first = looks_day_first(columns.written_dates(names, rows))
    return LocalTimes(zone, day_first=bool(day_first))
