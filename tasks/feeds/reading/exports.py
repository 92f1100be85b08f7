"""[p] Exported files of portals: tables whose columns are chosen by the feed's options, or by their names and content."""

from collections.abc import Iterator
from typing import Final

from shared.feeds.option_types import TableOptions
from tasks.feeds.connector import Feature, Payload, Rejected, Source
from tasks.feeds.reading import columns
from tasks.feeds.reading.clocks import beside
from tasks.feeds.reading.day_order import times_by
from tasks.feeds.reading.rows import Reader
from tasks.feeds.reading.tables import Table, load

#: Rows looked at before the columns are chosen and the order of day and month is decided.
_LOOKED_AT: Final = 1000


def records(table: Table, reader: Reader, name: str) -> Iterator[Feature | Rejected]:
    """Yield a record for each row of a table, in their order; their addresses begin with the payload's name."""
    for number, row in enumerate(table.rows):
        yield reader.read(row, f"{name}#{number}")


def opened(payload: Payload, source: Source) -> tuple[Table, Reader]:
    """
    Return a payload as a table, and how its rows are read.

    Raises: Malformed if it is no table; Permanent if an option names what there is not.
    """
    told = TableOptions.read(source.options)
    table = load(payload)
    ahead = table.first(_LOOKED_AT)
    written = columns.written_dates(ahead)
    times = times_by(told.timezone or source.timezone, told.day_first, written)
    chosen = columns.choose(table.names, ahead, told.fields, times)
    clocks = beside(table.names, ahead, chosen, times)
    return table, Reader(table, chosen, times, told.feature_kind, clocks)
