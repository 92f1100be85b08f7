"""[p] What a station counts: vehicles and docks, in all or by their types."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from shared.errors import Rejection

_MOST_PLAUSIBLE: Final = 10_000
#: What a station is there for: without it, the others say little.
_BIKES: Final = "bikes_available"
_COUNTS: Final = {
    _BIKES: ("num_vehicles_available", "num_bikes_available"),
    "ebikes_available": ("num_ebikes_available",),
    "docks_available": ("num_docks_available",),
    "bikes_disabled": ("num_vehicles_disabled", "num_bikes_disabled"),
    "docks_disabled": ("num_docks_disabled",),
}
#: Where stations tell the same by types, each vehicle or dock once.
_BY_TYPE: Final = {_BIKES: "vehicle_types_available", "docks_available": "vehicle_docks_available"}
FORMS: Final = {
    "bicycle": "bicycle",
    "cargo_bicycle": "bicycle",
    "scooter": "scooter",
    "scooter_standing": "scooter",
    "scooter_seated": "scooter",
    "moped": "moped",
    "car": "car",
}


@dataclass(frozen=True, slots=True)
class System:
    """What the descriptive files of a feed say that its other files refer to."""

    language: str | None = None
    types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    regions: Mapping[str, str] = field(default_factory=dict)


def counted(row: Mapping[str, Any], system: System) -> dict[str, int]:
    """
    Return the counts that a row of station_status tells; one that cannot be is left out.

    Raises: Rejection if that is the count of vehicles.
    """
    counts: dict[str, int] = {}
    for name, keys in _COUNTS.items():
        try:
            count = _count(row, keys)
        except Rejection:
            if name == _BIKES:
                raise
            continue
        if count is None and name in _BY_TYPE:
            count = _sum(row.get(_BY_TYPE[name]))
        if count is not None:
            counts[name] = count
    with suppress(Rejection):
        if (electric := _electric(row, system)) is not None:
            counts.setdefault("ebikes_available", electric)
    return counts


def _sum(by_type: Any) -> int | None:  # Any: JSON of a publisher.
    """Add up counts by type; none if there are none, or one cannot be."""
    try:
        counts = [count for entry in _entries(by_type) if (count := _count(entry, ("count",))) is not None]
    except Rejection:
        return None
    return sum(counts) if counts else None


def _entries(by_type: Any) -> Iterator[Mapping[str, Any]]:  # Any: as above.
    return (entry for entry in (by_type if isinstance(by_type, list) else ()) if isinstance(entry, Mapping))


def _count(row: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    key = next((key for key in keys if row.get(key) is not None), None)
    if key is None:
        return None
    try:
        count = int(row[key])
    except (TypeError, ValueError, OverflowError):
        raise Rejection("bad_count", f"{key} is {row[key]!r:.40}") from None
    if not 0 <= count <= _MOST_PLAUSIBLE:
        raise Rejection("bad_count", f"{key} is {count}")
    return count


def _electric(row: Mapping[str, Any], system: System) -> int | None:
    """Count the electric bicycles from the counts by type: those of 2.1 and later, or those of many systems' own."""
    if (listed := _listed_ebikes(row.get("num_bikes_available_types"))) is not None:
        return listed
    by_type = row.get("vehicle_types_available")
    if not isinstance(by_type, list) or not system.types:
        return None
    return sum(
        _count(entry, ("count",)) or 0
        for entry in by_type
        if isinstance(entry, dict) and _is_ebike(system.types.get(str(entry.get("vehicle_type_id")), {}))
    )


def _listed_ebikes(by_type: Any) -> int | None:  # Any: JSON of a publisher.
    """Read `{"mechanical": 3, "ebike": 2}`, or a list of one such object a type."""
    parts = by_type if isinstance(by_type, list) else [by_type]
    counts = (_count(part, ("ebike", "electric")) for part in parts if isinstance(part, Mapping))
    return next((count for count in counts if count is not None), None)


def _is_ebike(kind: Mapping[str, Any]) -> bool:
    electric = str(kind.get("propulsion_type", "")).startswith("electric")
    return electric and FORMS.get(str(kind.get("form_factor"))) == "bicycle"
