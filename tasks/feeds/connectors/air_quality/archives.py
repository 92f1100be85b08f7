"""
[p] OpenAQ's archives: one measurement a line, as tables (versions 1 to 3) and as lines of JSON (version 1).

Source: https://docs.openaq.org/aws/about, https://openaq-fetches.s3.amazonaws.com
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading.cells import BadRow
from tasks.feeds.reading.tables import Table, load

#: What a measurement of an archive has, whatever its version.
_OF_ONE: Final = frozenset(("parameter", "value"))
#: The names that version 3 and the tables of version 2 give to what an answer of the service has.
_NAMES: Final = {"location_id": "locationId", "locationid": "locationId", "units": "unit"}


def rows_of(payload: Payload) -> Iterator[Any] | None:
    """
    Yield the rows of an archive as those of an answer; a line that is no row stays text. Returns nothing if it is none.

    Raises: Malformed, while rows are read.
    """
    try:
        table = load(payload)
    except Malformed:
        return None
    names = [str(name).strip() for name in table.names]
    return _rows(table, names) if {name.lower() for name in names} >= _OF_ONE else None


def _rows(table: Table, names: Sequence[str]) -> Iterator[Any]:
    for row in table.rows:
        yield row.excerpt if isinstance(row, BadRow) else _measurement(dict(zip(names, row, strict=False)))


def _measurement(told: Mapping[str, Any]) -> dict[str, Any]:
    cells = {_NAMES.get(name.lower(), name.lower()): cell for name, cell in told.items()}
    place = {
        "latitude": cells.get("latitude", cells.get("lat")),
        "longitude": cells.get("longitude", cells.get("lon")),
    }
    return {
        **cells,
        "date": cells.get("date") or {"utc": cells.get("utc") or cells.get("datetime")},
        "coordinates": cells.get("coordinates") or place,
    }


def one(document: Any) -> Sequence[Any] | None:  # Any: JSON of a publisher.
    """Return the row of a document that is a single measurement: an archive of one line."""
    is_one = isinstance(document, dict) and document.keys() >= _OF_ONE
    return [document] if is_one else None
