"""[p] Which column of a table plays which part, by its name and by what stands in it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from shared.errors import Permanent, Rejection
from tasks.feeds.reading.cells import BadRow, Row
from tasks.feeds.reading.column_names import NAMES, bare, letters
from tasks.feeds.reading.locations import AT_THE_END, is_location
from tasks.feeds.reading.place_cells import HEXADECIMAL, is_place
from tasks.feeds.reading.places import degrees
from tasks.feeds.reading.times import LocalTimes
from tasks.feeds.reading.words import NOTHING

_TIMES: Final = frozenset(("created_at", "closed_at", "updated_at", "starts_at", "ends_at"))
_DATE_LIKE: Final = re.compile(r"(?:date|time|dt|_ts|_at|_on)$|^date", re.IGNORECASE)
_ID_LIKE: Final = re.compile(
    r"(?:id|_?no|nr|num|number|num[eé]ro|nummer|n[uú]mero|code|key|ref|reference|номер|κωδικ[οό]ς|番号|编号|編號|번호)\.?$"
    r"|^(?:id|n[uú]mero|numer|folio)[ _.](?!.*(?:c[ií]vico|casa|exterior|interior|porta))",
    re.IGNORECASE,
)
_DAY_LIKE: Final = re.compile(
    r"\s*(?:\d{4}-\d\d-\d\d|\d{4}年\d|\d{1,2}[/.\-](?:\d{1,2}|[A-Za-z]{3,9})[/.\-]\d{2,4})", re.ASCII
)
_NN_NN: Final = re.compile(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}", re.ASCII)
_PLACE: Final = re.compile(
    r"\(?\s*-?\d+\.\d+\s*,\s*-?\d+\.\d+\s*\)?"
    r"|(?:SRID=4326; *)?[A-Z]{5,} *(?:Z *)?\(.*"
    r'|\{"(?:type|coordinates)":.*"coordinates".*',
    re.DOTALL,
)
_JUDGED_BY: Final = 200

Chosen = dict[str, int]


def choose(names: Sequence[str], rows: Sequence[Row], named: Mapping[str, Any], times: LocalTimes) -> Chosen:
    """
    Return the position of each part's column: those `named` in the feed's options, else found by name and content.

    Raises: Permanent if an option names a part that there is not.
    """
    if unknown := named.keys() - NAMES.keys():
        raise Permanent(f"unknown parts in options.fields: {sorted(unknown)}; known: {sorted(NAMES)}")
    cells = [row for row in rows[:_JUDGED_BY] if not isinstance(row, BadRow)]
    chosen: Chosen = {}
    for part, known in NAMES.items():
        if named:
            found = next((at for at, name in enumerate(names) if name == named.get(part)), None)
        else:
            found = _find(part, known, names, cells, times)
        if found is not None:
            chosen[part] = found
    return chosen if named else _by_content(chosen, names, cells, times)


def _find(
    part: str, known: Sequence[str], names: Sequence[str], cells: Sequence[Sequence[Any]], times: LocalTimes
) -> int | None:
    # The system's own columns (`:updated_at`) tell when the portal changed, not the city.
    plain = ["" if name.startswith(":") else letters(name) for name in names]
    # What is left of `service_id` is no identifier of a row.
    for written in (plain, list(map(bare, plain)) if part != "external_id" else ()):
        for name in known:
            for at, candidate in enumerate(written):
                if candidate == name and _fits(part, [row[at] for row in cells], times):
                    return at
    return None


def _by_content(
    chosen: Chosen, names: Sequence[str], cells: Sequence[Sequence[Any]], times: LocalTimes
) -> Chosen:
    """
    Find what no name told: an id by a column in which no two rows are the same, a beginning by days, a place by places.

    All only among columns that play no part yet, but a place may end an address; an id's name has to end like one.
    """
    free = [at for at, name in enumerate(names) if at not in chosen.values() and not name.startswith(":")]
    if "external_id" not in chosen:
        for at in free:
            values = [str(row[at]).strip() for row in cells if row[at] is not None]
            if _ID_LIKE.search(names[at]) and all(values) and len(values) == len(cells) == len(set(values)):
                chosen["external_id"] = at
                break
    if "created_at" not in chosen:
        for at in free:
            filled = [row[at] for row in cells if _is_filled(row[at])]
            is_written = filled and _share(filled, lambda value: bool(_DAY_LIKE.match(str(value)))) >= 0.9
            if at != chosen.get("external_id") and is_written and _fits("created_at", filled, times):
                chosen["created_at"] = at
                break
    if "geometry" not in chosen and not {"latitude", "longitude"} <= chosen.keys():
        # An address may end in its place.
        for at in (
            *(at for at in free if at not in chosen.values()),
            *([chosen["address"]] if "address" in chosen else []),
        ):
            filled = [row[at] for row in cells if _is_filled(row[at])]
            if filled and _share(filled, _is_place) >= 0.9:
                chosen["geometry"] = at
                break
    return chosen


def _fits(part: str, values: Sequence[Any], times: LocalTimes) -> bool:
    """Judge a column by its values; a column that is empty so far is believed by its name."""
    filled = [value for value in values if _is_filled(value)]
    if not filled:
        return part != "external_id"
    if part in _TIMES:
        return _share(filled, lambda value: _is_time(value, times)) >= 0.5
    if part in ("latitude", "longitude"):
        return _share(filled, _is_degrees) >= 0.5
    if part == "geometry":
        return _share(filled, _is_place) >= 0.5
    if part == "address":
        return (
            _share(
                filled,
                lambda value: not isinstance(value, Mapping | list) and not _PLACE.fullmatch(str(value)),
            )
            >= 0.5
        )
    if part == "external_id":
        return len(filled) * 2 >= len(values)
    return True


def _share(values: Sequence[Any], holds: Any) -> float:  # Any: a predicate of any cell.
    return sum(bool(holds(value)) for value in values) / len(values)


def _is_filled(value: Any) -> bool:
    text = "" if value is None else str(value).strip()
    return bool(text) and text not in NOTHING


def _is_place(value: Any) -> bool:
    if isinstance(value, Mapping):
        return is_place(value)
    if is_location(value):
        return True
    text = str(value).strip()
    return bool(_PLACE.fullmatch(text) or AT_THE_END.fullmatch(text) or HEXADECIMAL.fullmatch(text))


def _is_time(value: Any, times: LocalTimes) -> bool:
    if hasattr(value, "year"):
        return True
    try:
        return isinstance(value, str | int | float) and times.parse(str(value)) is not None
    except Rejection:
        return False


def _is_degrees(value: Any) -> bool:
    try:
        return -180 <= degrees(value) <= 180
    except (TypeError, ValueError):
        return False


def written_dates(rows: Sequence[Row]) -> list[str]:
    """Return the texts that begin like NN/NN/YYYY, to tell whether days or months come first."""
    return [
        value
        for row in rows
        if not isinstance(row, BadRow)
        for value in row
        if isinstance(value, str) and value[:1].isdigit() and _NN_NN.match(value)
    ]
