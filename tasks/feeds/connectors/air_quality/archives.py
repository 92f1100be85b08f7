"""
[p] OpenAQ's archives: one measurement a line, as tables (versions 1 to 3) and as lines of JSON (version 1).

Source: https://docs.openaq.org/aws/about, https://openaq-fetches.s3.amazonaws.com
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading.cells import BadRow
from tasks.feeds.reading.tables import load

#: What a measurement of an archive has, whatever its version.
_OF_ONE: Final = frozenset(("parameter", "value"))
#: The names that version 3 and the tables of version 2 give to what an answer of the service has.
_NAMES: Final = {"location_id": "locationId", "locationid": "locationId", "units": "unit"}


def rows_of(payload: Payload) -> Sequence[Any] | None:
    """
    Return the rows of an archive as those of an answer, or nothing if it is none; a line that is no row stays text.

    Raises: Malformed if the payload is no table either.
    """
    table = load(payload)
    names = [str(name).strip() for name in table.names]
    if not {name.lower() for name in names} >= _OF_ONE:
        return None
    return [
        row.excerpt if isinstance(row, BadRow) else _measurement(dict(zip(names, row, strict=False)))
        for row in table.rows
    ]


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


def not_json(payload: Payload, why: Malformed) -> Any:  # Any: as above.
    """
    Return what is no JSON as an answer, if it is an archive.

    Raises: Malformed, for the reason that it is no JSON, if it is none.
    """
    try:
        rows = rows_of(payload)
    except Malformed:
        rows = None
    if rows is None:
        raise why
    return {"results": rows}
