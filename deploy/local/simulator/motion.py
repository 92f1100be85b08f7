"""Vehicles that run to and fro along a track by a timetable; where each is at a moment; pure."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import atan2, cos, degrees, radians, sin
from typing import NamedTuple

from deploy.cities.routes import Position, distance_m

DWELL_SECONDS = 25.0
LAYOVER_SECONDS = 150.0


def bearing_degrees(a: Position, b: Position) -> float:
    """Return the direction from a to b, clockwise from true north, from 0 up to 360."""
    lon_a, lat_a, lon_b, lat_b = map(radians, (*a, *b))
    east = sin(lon_b - lon_a) * cos(lat_b)
    north = cos(lat_a) * sin(lat_b) - sin(lat_a) * cos(lat_b) * cos(lon_b - lon_a)
    return degrees(atan2(east, north)) % 360


class Call(NamedTuple):
    """A stop of a trip: which stop of the track, and seconds after the trip's start."""

    stop: int
    arrival: float
    departure: float


@dataclass(frozen=True)
class Track:
    """A route on the ground: vertices in lon, lat, and which of them are stops."""

    route_id: str
    name: str
    points: tuple[Position, ...]
    stops: tuple[int, ...]
    cruise_mps: float
    ends: tuple[str, str]
    #: `#rrggbb`, or nothing.
    colour: str = ""

    @cached_property
    def along_m(self) -> tuple[float, ...]:
        """Return each vertex's distance from the start."""
        return tuple(accumulate((distance_m(a, b) for a, b in pairwise(self.points)), initial=0.0))

    @cached_property
    def calls(self) -> tuple[tuple[Call, ...], tuple[Call, ...]]:
        """Return the calls of an outward and of an inward trip, in the order they are made."""
        stops = range(len(self.stops))
        return tuple(self._calls(stops)), tuple(self._calls(stops[::-1]))

    @cached_property
    def trip_seconds(self) -> float:
        """Return how long a trip lasts, from first departure to last arrival."""
        return self.calls[0][-1].arrival

    @property
    def cycle_seconds(self) -> float:
        """Return how long a vehicle takes out, back, and waiting at both ends."""
        return 2 * (self.trip_seconds + LAYOVER_SECONDS)

    def stop_id(self, stop: int) -> str:
        """Return the stop's name in the feeds."""
        return f"{self.route_id}-stop-{stop + 1:02d}"

    def at(self, along_m: float) -> Position:
        """Return the position at a distance from the start."""
        index = min(max(bisect_right(self.along_m, along_m), 1), len(self.points) - 1)
        (lon_a, lat_a), (lon_b, lat_b) = self.points[index - 1], self.points[index]
        length = self.along_m[index] - self.along_m[index - 1]
        share = (along_m - self.along_m[index - 1]) / length if length else 0.0
        share = min(max(share, 0.0), 1.0)
        return lon_a + (lon_b - lon_a) * share, lat_a + (lat_b - lat_a) * share

    def _calls(self, stops: Sequence[int]) -> Iterable[Call]:
        clock = 0.0
        for previous, stop in pairwise([stops[0], *stops]):
            clock += (
                abs(self.along_m[self.stops[stop]] - self.along_m[self.stops[previous]]) / self.cruise_mps
            )
            departure = clock + (DWELL_SECONDS if stop not in (stops[0], stops[-1]) else 0.0)
            yield Call(stop, clock, departure)
            clock = departure


@dataclass(frozen=True, slots=True)
class Run:
    """A vehicle on its trip at a moment. `elapsed` counts seconds since the trip's start."""

    track: Track
    direction: int
    number: int
    started_at: float
    elapsed: float

    @property
    def calls(self) -> tuple[Call, ...]:
        """Return the calls of this trip."""
        return self.track.calls[self.direction]

    @property
    def next_call(self) -> int:
        """Return the index of the call the vehicle stands at or goes to."""
        index = next((i for i, call in enumerate(self.calls) if self.elapsed < call.departure), None)
        return len(self.calls) - 1 if index is None else index

    @property
    def is_stopped(self) -> bool:
        """Tell whether the vehicle stands at its stop."""
        index = self.next_call
        return index == 0 or self.elapsed >= self.calls[index].arrival

    def place(self) -> tuple[Position, float, float]:
        """Return the position, the bearing in degrees and the speed in metres a second."""
        index, along = self.next_call, self.track.along_m
        there = along[self.track.stops[self.calls[index].stop]]
        if self.is_stopped:
            here, speed = there, 0.0
        else:
            before = self.calls[index - 1]
            start = along[self.track.stops[before.stop]]
            share = (self.elapsed - before.departure) / (self.calls[index].arrival - before.departure)
            here, speed = start + (there - start) * _eased(share), self.track.cruise_mps * _pace(share)
        step = 15.0 if self.direction == 0 else -15.0
        behind, ahead = self.track.at(here - step), self.track.at(here + step)
        return self.track.at(here), bearing_degrees(behind, ahead), speed


def run_at(track: Track, phase_seconds: float, seconds: float) -> Run:
    """
    Return the trip that a vehicle is on.

    Args: the track; how far ahead in the cycle the vehicle is; seconds on the simulator's own clock.
    """
    turns, into = divmod(seconds + phase_seconds, track.cycle_seconds)
    half = track.cycle_seconds / 2
    direction = 1 if into >= half else 0
    elapsed = into - half * direction
    return Run(track, direction, int(turns) * 2 + direction, seconds - elapsed, elapsed)


def _eased(share: float) -> float:
    """Return the share of the way made: slow at both ends, as a train is."""
    return share * share * (3 - 2 * share)


def _pace(share: float) -> float:
    return 6 * share * (1 - share)
