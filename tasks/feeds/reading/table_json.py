"""
[p] The JSON forms of a table: lists of objects, lines of them, GeoJSON, and what portals put around them.

Also lists below a header, as spreadsheets on the web answer (https://developers.google.com/workspace/sheets/api) and
the census does.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tasks.feeds.connector import Malformed
from tasks.feeds.reading.cells import BadRow, Row, check_filled, names_of
from tasks.feeds.reading.documents import json_of
from tasks.feeds.reading.json_size import too_much

#: The keys in which portals put their rows: GeoJSON, Socrata, Opendatasoft 2 and 1 (and CKAN), Carto, OData, Google.
_WRAPPERS: Final = ("features", "data", "results", "records", "rows", "value", "items", "values")


def rows_of(content: bytes, name: str) -> tuple[Sequence[str], Iterator[Row]]:
    """
    Return column names and rows.

    Raises: Malformed if it is no JSON, or holds no rows; it names the payload.
    """
    document = _document(content, name)
    rows: Any = _unwrapped(document) if isinstance(document, dict) else document
    if not isinstance(rows, list):
        said = _said(document) if isinstance(document, dict) else None
        raise Malformed(f"{name}: no rows{f': {said!s:.200}' if said else ''}")
    return _rows_of_objects(rows, name)


def _unwrapped(document: Mapping[str, Any]) -> Any:
    """Return the rows that a portal's answer holds; nothing if it has none."""
    # CKAN puts them one level deeper.
    held = document["result"] if isinstance(document.get("result"), Mapping) else document
    key = next((key for key in _WRAPPERS if isinstance(held.get(key), list)), None)
    if key is None:
        return None
    if key == "data" and isinstance(document.get("meta"), Mapping):
        return _portal_rows(document)
    return [_flat(row) if key == "features" else _record(row) for row in held[key]]


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
        return json_of(content, name)
    except Malformed:
        if too_much(content):
            raise
        first, *lines = filter(None, map(bytes.strip, content.splitlines()))
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
        header = list(map(str, document[0]))
        lists = [row for row in document[1:] if isinstance(row, list)]
        check_filled(len(header), len(lists), sum(map(len, lists)), name)
        return header, (_row(row, len(header)) for row in document[1:])
    names = names_of(document, name)
    rows = (
        [row.get(name) for name in names]
        if isinstance(row, Mapping)
        else BadRow("not_an_object", "", repr(row)[:500])
        for row in document
    )
    return names, rows


def _is_header(row: Any) -> bool:  # Any: JSON.
    """Tell whether a list names columns, each of them otherwise."""
    return isinstance(row, list) and bool(row) and all(map(_is_name, row)) and len(set(row)) == len(row)


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
    properties = feature.get("properties")
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
