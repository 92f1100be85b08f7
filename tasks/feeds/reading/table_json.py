"""
[p] The JSON forms of a table: lists of objects, lines of them, GeoJSON, and what portals put around them.

Also lists below a header, as spreadsheets on the web answer (https://developers.google.com/workspace/sheets/api) and
the census does.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed
from tasks.feeds.reading.cells import BadRow, Row, check_filled, each_once, names_of
from tasks.feeds.reading.documents import json_of
from tasks.feeds.reading.json_size import too_much

#: The keys in which portals put their rows: GeoJSON, Socrata, Opendatasoft 2 and 1 (and CKAN), Carto, OData, Google.
_WRAPPERS: Final = ("features", "data", "results", "records", "rows", "value", "items", "values")
#: What may hold them one level deeper: CKAN, services that tell of their answer beside it, OData 2, Solr.
_OUTER: Final = ("result", "data", "d", "response")
#: Parts the texts of a sequence (RFC 7464), as GDAL writes features (RFC 8142).
_SEPARATOR: Final = b"\x1e"
_NEEDED: Final = "a document has a list of objects, alone or by a name, or features"


def rows_of(content: bytes, name: str) -> tuple[Sequence[str], Iterator[Row]]:
    """
    Return column names and rows.

    Raises: Malformed if it is no JSON, or holds no rows; it names the payload.
    """
    document = _document(content, name)
    rows: Any = _unwrapped(document, name) if isinstance(document, dict) else document
    if not isinstance(rows, list):
        said = _said(document) if isinstance(document, dict) else None
        raise Malformed(f"{name}: no rows: {f'{said!s:.200}' if said else _NEEDED}")
    return _rows_of_objects(rows, name)


def _unwrapped(document: Mapping[str, Any], name: str) -> Any:
    """Return the rows that a portal's answer holds; nothing if it has none."""
    if _is_feature(document):
        return [document]
    held, key = _holder(document)
    if key is None:
        return None
    if key == "data" and isinstance(held.get("meta"), Mapping):
        return _portal_rows(held)
    if key == "features":
        return list(map(_flat, _placed(held, name)))
    if columns := _columns(held, held[key]):
        return [columns, *held[key]]
    return list(map(_record, held[key]))


def _holder(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], str | None]:
    """Return what has the rows, and under which key; a name that portals use goes before one of a publisher's own."""
    holders = [document, *(document[name] for name in _OUTER if isinstance(document.get(name), Mapping))]
    found = ((held, find(held)) for find in (_wrapper, _only_list) for held in holders)
    return next(((held, key) for held, key in found if key), (document, None))


def _wrapper(held: Mapping[str, Any]) -> str | None:
    """Return the key in which portals put rows that is in use."""
    return next((key for key in _WRAPPERS if isinstance(held.get(key), list)), None)


def _columns(held: Mapping[str, Any], rows: list[Any]) -> list[str] | None:
    """Return the names of the columns of rows that are lists, where a document tells them beside (CKAN, Datasette)."""
    told = held.get("fields") or held.get("columns")
    if not rows or not isinstance(rows[0], list) or not isinstance(told, list):
        return None
    names = [each.get("id", each.get("name")) if isinstance(each, Mapping) else each for each in told]
    return names if _is_header(names) else None


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


def _placed(document: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Yield features in CRS84; old GeoJSON may name another reference system for all of them."""
    if not document.get("crs"):
        yield from document["features"]
        return
    # Imported here: few tables ask for it, and it costs a worker its memory.
    from tasks.feeds.reading.reference import moved, named

    place = named(document["crs"], name)
    for feature in document["features"]:
        shape = feature.get("geometry") if isinstance(feature, Mapping) else None
        if place is not None and isinstance(shape, Mapping):
            with suppress(Rejection):  # what is outside the system stays where it is, and is judged there
                feature = {**feature, "geometry": moved(shape, place)}
        yield feature


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


def _document(content: bytes, name: str) -> Any:  # Any: JSON.
    """Return a document, or a list of what stands in lines of JSON; a line that is none stays text."""
    try:
        return json_of(content.lstrip(_SEPARATOR), name)
    except Malformed:
        if too_much(content):
            raise
        parts = content.removeprefix(b"\xef\xbb\xbf").replace(_SEPARATOR, b"\n").splitlines()
        first, *lines = filter(None, map(bytes.strip, parts))
        if not lines or not isinstance(_line(first), dict):
            raise
        return [_line(line) for line in (first, *lines)]


def _line(line: bytes) -> Any:  # Any: JSON.
    try:
        return json_of(line, "line")
    except Malformed:
        return line.decode("utf-8", "replace")


def _rows_of_objects(document: list[Any], name: str) -> tuple[Sequence[str], Iterator[Row]]:
    if len(document) > 1 and _is_header(document[0]) and isinstance(document[1], list):
        header = each_once([cell or "" for cell in document[0]])
        lists = [row for row in document[1:] if isinstance(row, list)]
        check_filled(len(header), len(lists), sum(map(len, lists)), name)
        return header, (_row(row, len(header)) for row in document[1:])
    document = [_flat(row) if _is_feature(row) else row for row in document]
    names = names_of(document, name)
    rows = (
        [row.get(name) for name in names]
        if isinstance(row, Mapping)
        else BadRow("not_an_object", "", repr(row)[:500])
        for row in document
    )
    return names, rows


def _is_header(row: Any) -> bool:  # Any: JSON.
    """Tell whether a list names columns: more than half of them, and says nothing else."""
    if not isinstance(row, list) or not all(cell is None or isinstance(cell, str) for cell in row):
        return False
    return sum(map(_is_name, row)) * 2 > len(row)


def _is_name(cell: Any) -> bool:  # Any: JSON.
    return isinstance(cell, str) and bool(cell.strip())


def _row(row: Any, width: int) -> Row:  # Any: JSON.
    """Return the cells of a list; it may end where the rest is empty."""
    if not isinstance(row, list):
        return BadRow("not_an_object", "", repr(row)[:500])
    if len(row) > width:
        return BadRow("bad_width", f"{len(row)} cells instead of {width}", repr(row)[:500])
    return [*row, *[None] * (width - len(row))]


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


def _portal_rows(document: Mapping[str, Any]) -> Any:
    """Read the portal's own JSON: columns described in `meta`, rows as lists in `data`."""
    meta = document.get("meta")
    view = meta.get("view") if isinstance(meta, Mapping) else None
    described = view.get("columns") if isinstance(view, Mapping) else None
    if not isinstance(described, list):
        return None
    names = [str(column.get("fieldName")) if isinstance(column, Mapping) else "" for column in described]
    return [
        dict(zip(names, row, strict=False)) if isinstance(row, list) and len(row) == len(names) else row
        for row in document["data"]
    ]
