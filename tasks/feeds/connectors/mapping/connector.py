"""
[p] Any CSV, JSON, GeoJSON, XLSX or Parquet, by a mapping that the feed's options declare.

Options: see README.md. Source: https://jmespath.org/specification.html
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from shared.errors import Permanent, Rejection
from shared.feeds.kinds.mapping import MappingOptions
from shared.feeds.mappings import compiled, problems
from tasks.feeds.connector import Malformed, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.connectors.mapping.expressions import found
from tasks.feeds.connectors.mapping.making import Maker
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading import columns, long_json, tables
from tasks.feeds.reading.cells import BadRow, plain
from tasks.feeds.reading.day_order import times_by
from tasks.feeds.reading.documents import excerpt, load_json
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.unpacked import opened

_LOOKED_AT: Final = 1000
#: Names of objects within objects, which find a list whatever it holds.
_PATH: Final = re.compile(r"[a-z_]\w*(?:\.[a-z_]\w*)*", re.ASCII | re.IGNORECASE)


def plan(source: Source) -> Plan:
    """Fetch the one document there is; there is no cursor."""
    yield with_credential(Request("rows", source.url), source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per row; a thing with results gives an observation with the same address too.

    Raises: Malformed if a payload has no rows; Permanent if the mapping itself is wrong.
    """
    if wrong := next(problems(source.options), None):
        raise Permanent(f"{wrong.field} {wrong.message}")
    told = MappingOptions.read(source.options)
    for payload in payloads:
        rows, times = _rows(payload, told, told.timezone or source.timezone)
        maker = Maker(told, times)
        for number, row in enumerate(rows):
            record = f"{payload.name}#{number}"
            if isinstance(row, BadRow):
                yield Rejected(record=record, reason=row.reason, detail=row.detail, excerpt=row.excerpt)
                continue
            try:
                yield from maker.records(row, record, payload.fetched_at)
            except Rejection as why:
                yield Rejected(
                    record=record,
                    reason=why.reason,
                    detail=why.detail,
                    external_id=_named(maker, row),
                    excerpt=excerpt(row),
                )


def _named(maker: Maker, row: Any) -> str | None:  # Any: JSON of a publisher.
    """Return the id of a row that is set aside, so that what was stored of it has not vanished; none if it has none."""
    with suppress(Rejection):
        return maker.identity(row)
    return None


def _rows(payload: Payload, told: MappingOptions, zone: str) -> tuple[Iterator[Any], LocalTimes]:
    """Return the rows that the option `rows` finds in a JSON document, else those of a table as objects."""
    if told.rows:
        return _listed(payload, told.rows), times_by(zone, told.day_first, ())
    table = tables.load(payload, told.sheet)
    written = columns.written_dates(table.first(_LOOKED_AT))
    rows = (
        row if isinstance(row, BadRow) else dict(zip(table.names, map(plain, row), strict=True))
        for row in table.rows
    )
    return rows, times_by(zone, told.day_first, written)


def _listed(payload: Payload, expression: str) -> Iterator[Any]:
    """Return the rows that an expression finds in a JSON document, which has any length if that is a plain path."""
    find = partial(_found, expression, payload.name)
    again = partial(opened, payload)
    if _PATH.fullmatch(expression) and long_json.is_long(again):
        with suppress(long_json.Inseparable):
            return iter(long_json.listed(again, payload.name, find))
    rows = find(load_json(payload))
    if not isinstance(rows, list):
        raise Malformed(f"{payload.name}: {expression!r:.80} finds no list of rows")
    return iter(rows)


def _found(expression: str, name: str, document: Any) -> Any:  # Any: JSON of a publisher.
    try:
        return found("rows", compiled(expression), document)
    except Rejection as why:
        raise Malformed(f"{name}: {expression!r:.80} finds no list of rows: {why.detail}") from None
