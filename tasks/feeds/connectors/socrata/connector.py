"""
[p] Socrata: service requests (or another kind of feature) by the SODA 2.1 API, or as exported files.

A URL under `/resource/` is the API and is read incrementally; any other is one file: CSV,
TSV, JSON, GeoJSON, XLSX or Parquet, gzipped, in a ZIP or not. Options: see README.md.
Source: https://dev.socrata.com/docs/queries/ and https://dev.socrata.com/docs/system-fields.html
"""

from collections.abc import Iterator, Sequence

from shared.feeds.kinds.socrata import SocrataOptions
from tasks.feeds.connector import Described, Payload, Plan, Record, Request, Source
from tasks.feeds.connectors.socrata import api
from tasks.feeds.encoding.blocks import Block, How, in_blocks
from tasks.feeds.encoding.columns import Columns
from tasks.feeds.reading.exports import opened, records


def plan(source: Source) -> Plan:
    """Read the API page by page from where the last run ended, or fetch the one file there is."""
    if _is_api(source):
        return (yield from api.plan(source))
    yield Request("export", source.url)
    return {}


def _is_api(source: Source) -> bool:
    chosen = SocrataOptions.read(source.options).mode
    return chosen == "api" if chosen else api.is_resource(source.url)


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
            yield from records(*opened(payload, source), payload.name)


def blocks(payloads: Sequence[Payload], source: Source) -> Iterator[Record | Block]:
    """Yield the records of `parse`, the rows of text exports in blocks."""
    for payload in payloads:
        if payload.name == api.NEWEST:
            yield from parse([payload], source)
            continue
        table, reader = opened(payload, source)
        found = Columns.of(reader)
        if table.grids is None or found is None:
            yield from records(table, reader, payload.name)
        else:
            how = How(reader, found, [source.options, reader.told])
            yield from in_blocks(table.grids, f"{payload.name}#", how)
