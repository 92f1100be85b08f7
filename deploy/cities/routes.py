"""Terminus-to-terminus routes through the short track segments of one railway line; pure."""

from collections import defaultdict
from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import combinations
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

Position = tuple[float, float]

EARTH_RADIUS_M = 6_371_008.8
# Two routes of one line may share most of their track; a new one must add at least this much of its own.
LEAST_NEW_TRACK_M = 2_000.0
# Segments that meet at a station end up to this far from each other in the source.
STATION_WIDTH_M = 30.0


class Segment(NamedTuple):
    """A piece of track between two stations, in lon, lat."""

    points: tuple[Position, ...]

    @property
    def length_m(self) -> float:
        """Return the length along the track in metres."""
        return sum(distance_m(a, b) for a, b in zip(self.points, self.points[1:], strict=False))


class Route(NamedTuple):
    """A path along whole segments: every vertex, and which of them are stations."""

    points: list[Position]
    stations: list[int]


def distance_m(a: Position, b: Position) -> float:
    """Return the great-circle distance between two lon, lat positions in metres."""
    lon_a, lat_a, lon_b, lat_b = map(radians, (*a, *b))
    h = sin((lat_b - lat_a) / 2) ** 2 + cos(lat_a) * cos(lat_b) * sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * asin(sqrt(h))


def find_routes(segments: Iterable[Segment]) -> list[Route]:
    """
    Return the fewest long routes between termini that cover the line's track, longest first.

    A terminus is a station with track on one side only; a line that is a closed loop has none and
    yields no route.
    """
    graph = _graph(_joined_at_stations(segments))
    paths = list(_paths_between_termini(graph))
    covered: set[frozenset[Position]] = set()
    routes: list[Route] = []
    while paths:
        best = max(paths, key=lambda path: _new_track_m(path, covered))
        if _new_track_m(best, covered) < LEAST_NEW_TRACK_M:
            break
        covered |= {_key(segment) for segment in best}
        routes.append(_join(best))
    return routes


Graph = dict[Position, list[Segment]]


def _key(segment: Segment) -> frozenset[Position]:
    return frozenset((segment.points[0], segment.points[-1]))


def _new_track_m(path: list[Segment], covered: set[frozenset[Position]]) -> float:
    return sum(segment.length_m for segment in path if _key(segment) not in covered)


def _joined_at_stations(segments: Iterable[Segment]) -> Iterable[Segment]:
    stations: list[Position] = []

    def station_at(end: Position) -> Position:
        near = next((one for one in stations if distance_m(one, end) <= STATION_WIDTH_M), None)
        if near is None:
            stations.append(end)
        return near or end

    for segment in segments:
        first, *between, last = segment.points
        yield Segment((station_at(first), *between, station_at(last)))


def _graph(segments: Iterable[Segment]) -> Graph:
    graph: Graph = defaultdict(list)
    for segment in segments:
        graph[segment.points[0]].append(segment)
        graph[segment.points[-1]].append(Segment(segment.points[::-1]))
    return dict(graph)


def _paths_between_termini(graph: Graph) -> Iterable[list[Segment]]:
    termini = sorted(station for station, tracks in graph.items() if len(tracks) == 1)
    for start, end in combinations(termini, 2):
        path = _shortest_path(graph, start, end)
        if path:
            yield path


def _shortest_path(graph: Graph, start: Position, end: Position) -> list[Segment]:
    queue: list[tuple[float, Position, list[Segment]]] = [(0.0, start, [])]
    seen: set[Position] = set()
    while queue:
        length_m, station, path = heappop(queue)
        if station == end:
            return path
        if station in seen:
            continue
        seen.add(station)
        for segment in graph[station]:
            heappush(queue, (length_m + segment.length_m, segment.points[-1], [*path, segment]))
    return []


def _join(path: list[Segment]) -> Route:
    points, stations = [path[0].points[0]], [0]
    for segment in path:
        points += segment.points[1:]
        stations.append(len(points) - 1)
    return Route(points, stations)
