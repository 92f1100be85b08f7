"""
[p] Which rows a JSON document holds: its own, those of GeoJSON, or those that portals put something around.

Sources: GeoJSON (RFC 7946), Socrata, Opendatasoft, CKAN, Carto, OData, Solr, HAL, Google Sheets.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed

#: The keys in which portals put their rows: GeoJSON, Socrata, Opendatasoft 2 and 1 (and CKAN), Carto, OData, Google.
_WRAPPERS: Final = ("features", "data", "results", "records", "rows", "value", "items", "values")
#: What may hold them one level deeper: CKAN, services that tell of their answer beside it, OData 2, Solr, HAL.
_OUTER: Final = ("result", "data", "d", "response", "_embedded")
_NEEDED: Final = "a document has a list of objects, alone or by a name, or features"


@dataclass(frozen=True, slots=True)
class Held:
    """The rows that a document holds, how each is read, and the names of their columns where it tells them beside."""

    rows: Iterable[Any]
    made: Callable[[Any], Any] | None = None
    header: list[str | None] | None = None

    def __iter__(self) -> Iterator[Any]:
        rows = map(self.made, self.rows) if self.made else self.rows
        return (_flat(row) if _is_feature(row) else row for row in rows)


def held_by(document: Any, name: str) -> Held:  # Any: JSON.
    """Return the rows of a document; raises Malformed, naming the payload, if it has none."""
    held = _unwrapped(document, name) if isinstance(document, dict) else Held(document)
    if held is None or not isinstance(held.rows, list):
        said = _said(document) if isinstance(document, dict) else None
        raise Malformed(f"{name}: no rows: {f'{said!s:.200}' if said else _NEEDED}")
    return held


def holds_rows(document: Any) -> bool:  # Any: JSON.
    """Tell whether a document is there for its rows: a list, or what a portal answers; other lists describe."""
    if not isinstance(document, dict):
        return isinstance(document, list)
    return _is_feature(document) or any(map(_wrapper, _holders(document)))


def _unwrapped(document: Mapping[str, Any], name: str) -> Held | None:
    """Return the rows that a portal's answer holds; nothing if it has none."""
    held, key = _holder(document)
    if _is_feature(document) or (key is None and any(map(_is_shape, document.values()))):
        return Held([document])
    if key is None:
        return None
    rows = held[key]
    if key == "data" and isinstance(held.get("meta"), Mapping):
        names = _described(held["meta"])
        return None if names is None else Held(rows, partial(_named, names))
    if key == "features":
        return Held(rows, _placing(held, name))
    columns = _columns(held, rows)
    return Held(rows, None if columns else _record, columns)


def _holder(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """Return what has the rows, and under which key; a name that portals use goes before one of a publisher's own."""
    found = ((held, find(held)) for find in (_wrapper, _only_list) for held in _holders(document))
    return next(((held, key) for held, key in found if key), (document, None))


def _holders(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what may have the rows: a document, and what some put one level deeper."""
    return [document, *(document[name] for name in _OUTER if isinstance(document.get(name), Mapping))]


def _wrapper(held: Mapping[str, Any]) -> str | None:
    """Return the key in which portals put rows that is in use."""
    return next((key for key in _WRAPPERS if isinstance(held.get(key), list)), None)


def _columns(held: Mapping[str, Any], rows: list[Any]) -> list[str | None] | None:
    """Return the names of the columns of rows that are lists, where a document tells them beside (CKAN, Datasette)."""
    told = held.get("fields") or held.get("columns")
    if not rows or not isinstance(rows[0], list) or not isinstance(told, list):
        return None
    names = [each.get("id", each.get("name")) if isinstance(each, Mapping) else each for each in told]
    return names if is_header(names) else None


def _only_list(held: Mapping[str, Any]) -> str | None:
    """Return the key of the one list of objects that there is; of two nobody can tell which has the rows."""
    found = [
        key
        for key, value in held.items()
        if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value)
    ]
    return found[0] if len(found) == 1 else None


def _is_feature(row: Any) -> bool:  # Any: JSON.
    return isinstance(row, Mapping) and row.get("type") == "Feature" and "properties" in row


def _is_shape(value: Any) -> bool:  # Any: JSON.
    """Tell whether a value is a shape of GeoJSON: what has one is a row, also where it is told alone."""
    return isinstance(value, Mapping) and isinstance(value.get("type"), str) and "coordinates" in value


def _placing(document: Mapping[str, Any], name: str) -> Callable[[Any], Any]:
    """Return what reads a feature, in CRS84; old GeoJSON may name another reference system for all of them."""
    if not document.get("crs"):
        return _flat
    # Imported here: few tables ask for it, and it costs a worker its memory.
    from tasks.feeds.reading.reference import moved, named

    place = named(document["crs"], name)

    def placed(feature: Any) -> Any:  # Any: JSON.
        shape = feature.get("geometry") if isinstance(feature, Mapping) else None
        if place is not None and isinstance(shape, Mapping):
            with suppress(Rejection):  # what is outside the system stays where it is, and is judged there
                feature = {**feature, "geometry": moved(shape, place)}
        return _flat(feature)

    return placed


def _said(document: Mapping[str, Any]) -> Any:
    """Return a portal's own words of why there are no rows."""
    error = document.get("error")
    return document.get("message") or (error.get("message") if isinstance(error, Mapping) else error)


def _record(row: Any) -> Any:  # Any: JSON.
    """Return a row; Opendatasoft's records have theirs in `fields`, beside an id and a geometry."""
    fields = row.get("fields") if isinstance(row, Mapping) else None
    if not isinstance(fields, Mapping):
        return row
    own = {"id": row["recordid"]} if isinstance(row.get("recordid"), str) else {}
    return {**own, **fields, **({"geometry": row["geometry"]} if row.get("geometry") else {})}


def _flat(feature: Any) -> Any:  # Any: JSON.
    if not isinstance(feature, Mapping):
        return feature
    # Esri's own JSON calls them attributes.
    properties = feature.get("properties", feature.get("attributes"))
    # Its own id is the standard's; a property of that name is the publisher's choice.
    own = {"id": feature["id"]} if isinstance(feature.get("id"), str | int) else {}
    return {
        **own,
        **(properties if isinstance(properties, Mapping) else {}),
        "geometry": feature.get("geometry"),
    }


def _described(meta: Mapping[str, Any]) -> list[str] | None:
    """Return the names of the columns as the portal's own JSON describes them, whose rows are lists in `data`."""
    view = meta.get("view")
    described = view.get("columns") if isinstance(view, Mapping) else None
    if not isinstance(described, list):
        return None
    return [str(column.get("fieldName")) if isinstance(column, Mapping) else "" for column in described]


def _named(names: Sequence[str], row: Any) -> Any:  # Any: JSON.
    if not isinstance(row, list) or len(row) != len(names):
        return row
    return dict(zip(names, row, strict=True))


def is_header(row: Any) -> bool:  # Any: JSON.
    """Tell whether a list names columns: more than half of them, and says nothing else."""
    if not isinstance(row, list) or not all(cell is None or isinstance(cell, str) for cell in row):
        return False
    return sum(map(_is_name, row)) * 2 > len(row)


def _is_name(cell: Any) -> bool:  # Any: JSON.
    return isinstance(cell, str) and bool(cell.strip())
