"""[p] Open-Meteo's CSV: a table of its places above one of their times, as the JSON documents of the same places."""

import csv
import re
from collections.abc import Sequence
from typing import Any, Final

_BEGINS: Final = re.compile(r"\ufeff?(?:location_id,)?latitude,longitude,elevation,utc_offset_seconds,")
_NUMBER: Final = re.compile(r"-?\d{1,6}(?:\.\d{1,9})?", re.ASCII)
_UNIT: Final = re.compile(r"(.*?) \((.*)\)")


def documents(text: str) -> Sequence[Any] | None:
    """Return one document a place, its times as hours; none if the text is no such table."""
    if not _BEGINS.match(text):
        return None
    above, *tables = (list(csv.DictReader(part.splitlines())) for part in text.split("\n\n") if part.strip())
    # Now, hours and days stand below each other: the finest is the longest.
    longest = max(tables, key=len, default=[])
    return [_document(place, [row for row in longest if _is_of(row, place)]) for place in above]


def _is_of(row: dict[str, str], place: dict[str, str]) -> bool:
    return row.get("location_id") == place.get("location_id")


def _document(place: dict[str, str], rows: Sequence[dict[str, str]]) -> dict[str, Any]:
    columns: dict[str, list[str]] = {"time": []}
    units = {}
    for written in rows[0] if rows else ():
        told = _UNIT.fullmatch(str(written))
        name, unit = told.groups() if told else (str(written), "")
        columns[name] = [row[written] for row in rows]
        units[name] = unit
    columns.pop("location_id", None)
    told_above = {name: float(cell) for name, cell in place.items() if _NUMBER.fullmatch(cell or "")}
    return {**told_above, "hourly": columns, "hourly_units": units}
