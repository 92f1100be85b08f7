"""
[p] The geometries of a GeoParquet file, as GeoJSON in CRS84.

Source: https://geoparquet.org/releases/v1.1.0/ (metadata `geo`; positions are x, y whatever their reference system says)
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import orjson

from shared.errors import Rejection
from tasks.feeds.connector import Malformed
from tasks.feeds.reading.reference import Place, moved, of_projjson
from tasks.feeds.reading.well_known import of_bytes

#: Reads the cells of a column: GeoJSON, hexadecimal digits for what is none, nothing for nothing.
Read: TypeAlias = Callable[[Sequence[bytes | None]], list[Any]]
KEY: Final = b"geo"


def readers(told: bytes | None, name: str) -> Mapping[str, Read]:
    """
    Return how each column of geometries is read, by what the file says of them; none if it is no GeoParquet.

    Raises: Malformed, naming the payload, if the first of them cannot be placed.
    """
    try:
        document: Any = orjson.loads(told or b"{}")
    except orjson.JSONDecodeError:
        document = {}
    columns = document.get("columns") if isinstance(document, Mapping) else None
    if not isinstance(columns, Mapping):
        return {}
    found: dict[str, Read] = {}
    for column, said in columns.items():
        try:
            found[column] = _reader(said if isinstance(said, Mapping) else {}, f"{name}: column {column:.80}")
        except Malformed:
            # Others are properties, and may stay as they are.
            if column == document.get("primary_column"):
                raise
    return found


def _reader(said: Mapping[str, Any], name: str) -> Read:
    encoding = said.get("encoding")
    if encoding != "WKB":
        raise Malformed(f"{name}: geometries are read from WKB, not from {encoding!r:.40}")
    # Without a system positions are lon, lat; null says that nobody knows.
    place = of_projjson(said["crs"], name) if "crs" in said else None
    return lambda cells: [_geometry(cell, place) for cell in cells]


def _geometry(cell: bytes | None, place: Place | None) -> Any:
    if cell is None:
        return None
    try:
        shape = of_bytes(cell)
        return moved(shape, place) if place and shape else shape
    except Rejection:
        return cell.hex()
