"""
[p] Reports of airports as the Aviation Weather Center's CSV and XML, in the names and units of its JSON.

Source: https://aviationweather.gov/data/schema/metar1_3.xsd
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Payload
from tasks.feeds.reading.documents import child_text, load_xml, local_name
from tasks.feeds.reading.times import from_rfc3339

_HEADER: Final = "raw_text,station_id,observation_time,"
_HPA_PER_INCH: Final = 33.86389
_NAMES: Final = {
    "raw_text": "rawOb", "station_id": "icaoId", "latitude": "lat", "longitude": "lon", "temp_c": "temp",
    "dewpoint_c": "dewp", "wind_dir_degrees": "wdir", "wind_speed_kt": "wspd", "wind_gust_kt": "wgst",
    "visibility_statute_mi": "visib", "sea_level_pressure_mb": "slp",
}  # fmt: skip


def rows_of_csv(text: str) -> Sequence[Any] | None:
    """Return the reports of a CSV, below what stands above its header, or nothing if it is none."""
    begins = text.find(_HEADER)
    if begins < 0 or text[:begins].count("\n") > len(_NAMES):
        return None
    reader = csv.reader(io.StringIO(text[begins:], newline=""))
    names = next(reader)
    return [
        _row(dict(zip(names, cells, strict=False))) if len(cells) > 2 else cells for cells in _lines(reader)
    ]


def _lines(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    while True:
        try:
            cells = next(reader, None)
        except csv.Error:
            cells = []
        if cells is None:
            return
        yield cells


def rows_of_xml(payload: Payload) -> Sequence[Any] | None:
    """Return the reports of an XML, or nothing if it is none; raises Malformed if it is no XML at all."""
    root = load_xml(payload)
    if local_name(root) != "response":
        return None
    wanted = (*_NAMES, "observation_time", "altim_in_hg")
    return [
        _row({name: text for name in wanted if (text := child_text(element, name))})
        for element in root.iter()
        if local_name(element) == "METAR"
    ]


def _row(said: Mapping[str, str]) -> dict[str, Any]:
    row: dict[str, Any] = {new: said[old] for old, new in _NAMES.items() if said.get(old)}
    try:
        moment = from_rfc3339(said.get("observation_time"))
        row["obsTime"] = moment.timestamp() if moment else None
        row["altim"] = (
            round(float(said["altim_in_hg"]) * _HPA_PER_INCH, 1) if said.get("altim_in_hg") else None
        )
    except (Rejection, ValueError):
        # The row is set aside for want of a time, or has no pressure.
        pass
    return row
