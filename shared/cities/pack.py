"""
A city pack: the folder that tells CityPulse about one city, read and checked.

`city.toml` holds the facts, report categories and feeds; `areas.geojson` the districts; `basemap.pmtiles`,
when there is one, the map under everything. `parse_pack` is pure; `load_pack` reads the files for it.
"""

import json
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import field
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass
from shapely.errors import ShapelyError
from shapely.geometry import shape

from shared.errors import Permanent

FACTS = "city.toml"
AREAS = "areas.geojson"
BASEMAP = "basemap.pmtiles"
# Stands in a feed's address for the place where the demo's simulator answers.
SIMULATOR = "{simulator}"


class Problem(NamedTuple):
    """What is wrong and where: a file of the pack, a field such as `feeds[2].url`, the rule it breaks."""

    file: str
    field: str
    rule: str

    def __str__(self) -> str:
        """Read as one clause of a report."""
        return f"{self.file}: {self.field}: {self.rule}"


class PackInvalid(Permanent):
    """Refuse a city pack, with every problem found in it."""

    def __init__(self, folder: Path, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"city pack {folder.name}: " + "; ".join(map(str, self.problems)))


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("must be an IANA time zone such as Europe/London")
    return name


def _web_address(url: str) -> str:
    if not url.startswith(("https://", "http://", f"{SIMULATOR}/")):
        raise ValueError(f"must begin with https://, http:// or {SIMULATOR}/")
    return url


def _sound_outline(geometry: dict[str, Any]) -> dict[str, Any]:
    try:
        outline = shape(geometry)
    except (ShapelyError, ValueError, TypeError, LookupError, AttributeError) as error:
        raise ValueError("must be a GeoJSON geometry") from error
    if outline.geom_type not in {"Polygon", "MultiPolygon"} or outline.is_empty or not outline.is_valid:
        raise ValueError("must be a Polygon or MultiPolygon whose rings close and do not cross")
    return geometry


Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=500)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Url = Annotated[str, AfterValidator(_web_address)]
# GeoJSON is open and nested, and so are a connector's options: `Any` stands for one decoded value.
Geometry = Annotated[dict[str, Any], AfterValidator(_sound_outline)]
_CLOSED = ConfigDict(extra="forbid")


@dataclass(frozen=True, config=_CLOSED)
class Attribution:
    """Credit to show wherever the city's data is shown."""

    text: Text
    url: Url | None = None


@dataclass(frozen=True, config=_CLOSED)
class Category:
    """A kind of problem that a resident can report."""

    code: Slug
    name: Text
    description: Text


@dataclass(frozen=True, config=_CLOSED)
class PackFeed:
    """A public feed: what to fetch, how often, in which form, and whose it is."""

    slug: Slug
    kind: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Text
    url: Url
    interval_seconds: Annotated[int, Field(ge=5, le=7 * 86_400)]
    attribution: Text
    license: Text
    simulated: bool = False
    enabled: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    def address(self, simulator_url: str | None) -> str:
        """Return the address to fetch, with the simulator's own put in where the feed asks for it."""
        return self.url.replace(SIMULATOR, (simulator_url or "").rstrip("/"))


@dataclass(frozen=True, config=_CLOSED)
class Area:
    """A district; the centroid is a point inside it."""

    slug: Slug
    name: Text
    kind: Annotated[str, Field(pattern=r"^[a-z_]+$")]
    centroid: tuple[Longitude, Latitude]
    geometry: Geometry


@dataclass(frozen=True, config=_CLOSED)
class CityPack:
    """A checked city. Bounds are west, south, east, north; the centre is lon, lat; all in WGS 84."""

    slug: Slug
    name: Text
    timezone: Annotated[str, AfterValidator(_timezone)]
    bounds: tuple[Longitude, Latitude, Longitude, Latitude]
    center: tuple[Longitude, Latitude]
    zoom: Annotated[float, Field(ge=0, le=22)]
    locale: Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")]
    reference_prefix: Annotated[str, Field(pattern=r"^[A-Z]{2,5}$")]
    attribution: Annotated[tuple[Attribution, ...], Field(min_length=1)]
    categories: Annotated[tuple[Category, ...], Field(min_length=1)]
    areas: Annotated[tuple[Area, ...], Field(min_length=1)]
    feeds: tuple[PackFeed, ...] = ()
    basemap: Path | None = None


_PACK = TypeAdapter(CityPack)


def load_pack(path: Path) -> CityPack:
    """
    Read and check the city pack in a folder.

    Raises: PackInvalid with every problem, each naming its file, field and rule.
    """
    basemap = path / BASEMAP
    try:
        facts = tomllib.loads((path / FACTS).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PackInvalid(path, [Problem(FACTS, "file", _sentence(error))]) from error
    try:
        areas = json.loads((path / AREAS).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PackInvalid(path, [Problem(AREAS, "file", _sentence(error))]) from error
    return parse_pack(facts, areas, folder=path, basemap=basemap if basemap.exists() else None)


def parse_pack(
    facts: dict[str, Any], areas: object, *, folder: Path, basemap: Path | None = None
) -> CityPack:
    """
    Build a pack from a decoded `city.toml` and a decoded GeoJSON FeatureCollection.

    Raises: PackInvalid with every problem.
    """
    own = [
        Problem(FACTS, name, "is not a field of this file") for name in ("areas", "basemap") if name in facts
    ]
    try:
        pack = _PACK.validate_python({**facts, "areas": _area_records(areas), "basemap": basemap})
    except ValidationError as error:
        raise PackInvalid(folder, [*own, *map(_problem, error.errors())]) from error
    problems = [*own, *_contradictions(pack, folder)]
    if problems:
        raise PackInvalid(folder, problems)
    return pack


def _area_records(collection: object) -> object:
    """Turn GeoJSON features into flat records; anything else goes on as it is, to be refused by name."""
    features = collection.get("features") if isinstance(collection, dict) else collection
    if not isinstance(features, list):
        return features
    return [
        {**(feature.get("properties") or {}), "geometry": feature.get("geometry")}
        if isinstance(feature, dict)
        else feature
        for feature in features
    ]


def _problem(error: Any) -> Problem:  # pydantic's ErrorDetails, which it does not export
    first, *rest = error["loc"]
    is_area = first == "areas"
    name = "features" if is_area else str(first)
    return Problem(
        AREAS if is_area else FACTS,
        name + "".join(map(_step, rest)),
        error["msg"].removeprefix("Value error, "),
    )


def _step(part: int | str) -> str:
    return f"[{part}]" if isinstance(part, int) else f".{part}"


def _contradictions(pack: CityPack, folder: Path) -> Iterator[Problem]:
    west, south, east, north = pack.bounds
    if pack.slug != folder.name:
        yield Problem(FACTS, "slug", f"must be the folder's name, {folder.name}")
    if not (west < east and south < north):
        yield Problem(FACTS, "bounds", "must be west, south, east, north")
    if not (west <= pack.center[0] <= east and south <= pack.center[1] <= north):
        yield Problem(FACTS, "center", "must lie inside the bounds")
    yield from _repeats(FACTS, "categories", "code", [category.code for category in pack.categories])
    yield from _repeats(FACTS, "feeds", "slug", [feed.slug for feed in pack.feeds])
    yield from _repeats(AREAS, "features", "slug", [area.slug for area in pack.areas])
    for index, feed in enumerate(pack.feeds):
        if feed.simulated != feed.url.startswith(SIMULATOR):
            yield Problem(
                FACTS, f"feeds[{index}].url", f"must begin with {SIMULATOR}/ exactly when simulated"
            )
    for index, area in enumerate(pack.areas):
        if not (west <= area.centroid[0] <= east and south <= area.centroid[1] <= north):
            yield Problem(AREAS, f"features[{index}].centroid", "must lie inside the city's bounds")


def _repeats(file: str, group: str, name: str, values: list[str]) -> Iterator[Problem]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Problem(file, f"{group}[{index}].{name}", f"{value!r} is used twice")


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())
