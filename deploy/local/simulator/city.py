"""The stage: real outlines and track of a city, and the made-up things that stand and move on them."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import floor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shapely.geometry import Point, shape
from shapely.geometry.base import BaseGeometry
from shapely.prepared import prep

from deploy.cities.routes import Position, distance_m
from deploy.local.simulator.chance import between, choose, roll
from deploy.local.simulator.motion import Track
from shared.cities.pack import load_pack

CITIES = Path(__file__).parents[2] / "cities"
TRAIN_MPS, BUS_MPS = 10.5, 6.0
BUS_ROUTES = 20
BUS_ROUTE_M = 7_500.0
BUS_STOP_VERTICES = 4
PLACES_PER_AREA = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A spot on land: position in lon, lat, and the area that holds it."""

    position: Position
    area: str


@dataclass(frozen=True, eq=False)
class SimulatedCity:
    """A city, a seed, and how much faster than the clock its things move; a city equals only itself."""

    slug: str
    name: str
    timezone: ZoneInfo
    bounds: tuple[float, float, float, float]
    seed: int
    speed: float
    tracks: tuple[Track, ...]
    areas: tuple[tuple[str, BaseGeometry], ...]
    #: Feeds are made anew this often; between two makings their bytes do not change.
    fresh_seconds: int = 5
    #: Vehicles and stations say this often how they are.
    report_seconds: int = 10

    def made_at(self, moment: float) -> int:
        """Return when what a feed tells at a moment was made."""
        return floor(moment / self.fresh_seconds) * self.fresh_seconds

    def reported_at(self, moment: int, *who: str | int) -> int:
        """Return when somebody last reported: each has its own second between two reports."""
        offset = floor(between(0, self.report_seconds, self.seed, *who))
        return floor((moment - offset) / self.report_seconds) * self.report_seconds + offset

    def clock(self, moment: float) -> float:
        """Return the simulator's own seconds at a moment given in POSIX seconds."""
        return moment * self.speed

    def moment(self, clock: float) -> float:
        """Return the moment, in POSIX seconds, at which the simulator's own clock shows this."""
        return clock / self.speed

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Return spots inside the areas, the same number in each."""
        return tuple(place for name, outline in self.areas for place in self._places(name, outline))

    @cached_property
    def docks(self) -> tuple[Place, ...]:
        """Return where bike stations stand: near stops of the rail network, inside an area."""
        stops = sorted({track.points[stop] for track in self.tracks for stop in track.stops})
        corners = [
            (
                round(lon + between(-0.0016, 0.0016, self.seed, "dock-lon", index), 6),
                round(lat + between(-0.0010, 0.0010, self.seed, "dock-lat", index), 6),
            )
            for index, (lon, lat) in enumerate(stops)
        ]
        chosen = list(_spread(sorted(corners, key=lambda at: roll(self.seed, *map(str, at))), 380.0))
        return tuple(Place(at, area) for at in chosen if (area := self.area_of(at)))[:120]

    def area_of(self, position: Position) -> str | None:
        """Return the area that holds a position, or nothing outside of them all."""
        return _area_at(position, self.areas)

    def holds(self, position: Position) -> bool:
        """Tell whether a position lies inside the city's bounds."""
        west, south, east, north = self.bounds
        return west <= position[0] <= east and south <= position[1] <= north

    def _places(self, name: str, outline: BaseGeometry) -> Iterator[Place]:
        west, south, east, north = outline.bounds
        inside, found, attempt = prep(outline), 0, 0
        while found < PLACES_PER_AREA:
            attempt += 1
            lon = round(between(west, east, self.seed, name, "lon", attempt), 6)
            lat = round(between(south, north, self.seed, name, "lat", attempt), 6)
            if inside.contains(Point(lon, lat)):
                found += 1
                yield Place((lon, lat), name)


def load_city(slug: str, *, seed: int = 7, speed: float = 1.0, cities: Path = CITIES) -> SimulatedCity:
    """
    Read a city's pack and its `lines.geojson`, and lay the simulator's tracks on them.

    A city without that file has no transit and no bike stations.
    """
    pack = load_pack(cities / slug)
    areas = tuple((area.name, shape(area.geometry)) for area in pack.areas)
    lines = cities / slug / "lines.geojson"
    features = json.loads(lines.read_text("utf-8"))["features"] if lines.exists() else []
    trains = [_train_track(feature, areas) for feature in features]
    buses = list(_bus_tracks(trains, areas, seed))
    return SimulatedCity(
        slug=pack.slug,
        name=pack.name,
        timezone=ZoneInfo(pack.timezone),
        bounds=pack.bounds,
        seed=seed,
        speed=speed,
        tracks=(*trains, *buses),
        areas=areas,
    )


def _train_track(feature: dict[str, Any], areas: Sequence[tuple[str, BaseGeometry]]) -> Track:
    facts = feature["properties"]
    points = tuple((lon, lat) for lon, lat in feature["geometry"]["coordinates"])
    ends = _nearest_area(points[0], areas), _nearest_area(points[-1], areas)
    stops = tuple(facts["stations"])
    return Track(facts["route_id"], facts["line"], points, stops, TRAIN_MPS, ends, facts["colour"])


def _bus_tracks(
    trains: Sequence[Track], areas: Sequence[tuple[str, BaseGeometry]], seed: int
) -> Iterator[Track]:
    """Lay bus routes beside stretches of the longer railways, a street away from them."""
    long_ones = [track for track in trains if track.along_m[-1] > 2 * BUS_ROUTE_M]
    number, attempt = 1, 0
    while long_ones and number <= BUS_ROUTES:
        attempt += 1
        points = _stretch(choose(long_ones, seed, "bus", attempt), seed, attempt)
        ends = _area_at(points[0], areas), _area_at(points[-1], areas)
        if ends[0] and ends[1]:
            stops = tuple(sorted({*range(0, len(points), BUS_STOP_VERTICES), len(points) - 1}))
            yield Track(f"demo-bus-{number}", f"Bus {number}", points, stops, BUS_MPS, (ends[0], ends[1]))
            number += 1


def _stretch(track: Track, seed: int, attempt: int) -> tuple[Position, ...]:
    start_m = between(0.0, track.along_m[-1] - BUS_ROUTE_M, seed, "bus-start", attempt)
    east = between(0.0012, 0.0028, seed, "bus-east", attempt)
    north = between(-0.0018, 0.0018, seed, "bus-north", attempt)
    return tuple(
        (round(lon + east, 6), round(lat + north, 6))
        for (lon, lat), along_m in zip(track.points, track.along_m, strict=True)
        if start_m <= along_m <= start_m + BUS_ROUTE_M
    )


def _area_at(position: Position, areas: Sequence[tuple[str, BaseGeometry]]) -> str | None:
    point = Point(position)
    return next((name for name, outline in areas if outline.contains(point)), None)


def _nearest_area(position: Position, areas: Sequence[tuple[str, BaseGeometry]]) -> str:
    point = Point(position)
    return min(areas, key=lambda area: area[1].distance(point))[0]


def _spread(positions: Sequence[Position], apart_m: float) -> Iterator[Position]:
    kept: list[Position] = []
    for position in positions:
        if all(distance_m(position, other) >= apart_m for other in kept):
            kept.append(position)
            yield position
