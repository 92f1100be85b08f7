"""The timetable behind the transit feeds as a GTFS package: lines, stops, and trips at a headway; pure."""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator

from deploy.local.simulator.city import SimulatedCity
from deploy.local.simulator.motion import Track
from deploy.local.simulator.requests311 import MARK

SERVICE = "daily"
HEADWAY_SECONDS = 600
Row = tuple[str | float, ...]


def trip_id(track: Track, direction: int) -> str:
    """Return the name of all trips of a route in one direction; their start tells them apart."""
    return f"{track.route_id}-{'inward' if direction else 'outward'}"


def timetable(city: SimulatedCity, _moment: float) -> bytes:
    """Return the package, which is the same at any moment."""
    tables: dict[str, Iterable[Row]] = {
        "agency": _agency(city),
        "routes": _routes(city),
        "stops": _stops(city),
        "trips": _trips(city),
        "stop_times": _stop_times(city),
        "frequencies": _frequencies(city),
        "calendar": _calendar(),
    }
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            written = io.StringIO()
            csv.writer(written).writerows(rows)
            archive.writestr(zipfile.ZipInfo(f"{name}.txt"), written.getvalue(), zipfile.ZIP_DEFLATED)
    return package.getvalue()


def _agency(city: SimulatedCity) -> Iterator[Row]:
    yield "agency_id", "agency_name", "agency_url", "agency_timezone"
    yield "sim-transit", f"{city.name} transit {MARK}", "https://example.org/", city.timezone.key


def _routes(city: SimulatedCity) -> Iterator[Row]:
    yield "route_id", "agency_id", "route_short_name", "route_type", "route_color"
    for track in city.tracks:
        kind = 3 if track.route_id.startswith("demo-bus") else 1
        yield track.route_id, "sim-transit", track.name, kind, track.colour.removeprefix("#")


def _stops(city: SimulatedCity) -> Iterator[Row]:
    yield "stop_id", "stop_name", "stop_lat", "stop_lon"
    for track in city.tracks:
        for number, vertex in enumerate(track.stops):
            lon, lat = track.points[vertex]
            where = city.area_of((lon, lat)) or track.name
            yield track.stop_id(number), f"{where}, stop {number + 1}", lat, lon


def _trips(city: SimulatedCity) -> Iterator[Row]:
    yield "route_id", "service_id", "trip_id", "trip_headsign", "direction_id"
    for track in city.tracks:
        for direction in (0, 1):
            yield track.route_id, SERVICE, trip_id(track, direction), track.ends[1 - direction], direction


def _stop_times(city: SimulatedCity) -> Iterator[Row]:
    yield "trip_id", "arrival_time", "departure_time", "stop_id", "stop_sequence"
    for track in city.tracks:
        for direction, calls in enumerate(track.calls):
            for sequence, call in enumerate(calls, start=1):
                times = (_clock(city.moment(seconds)) for seconds in (call.arrival, call.departure))
                yield trip_id(track, direction), *times, track.stop_id(call.stop), sequence


def _frequencies(city: SimulatedCity) -> Iterator[Row]:
    yield "trip_id", "start_time", "end_time", "headway_secs", "exact_times"
    for track in city.tracks:
        for direction in (0, 1):
            yield trip_id(track, direction), "00:00:00", "24:00:00", HEADWAY_SECONDS, 1


def _calendar() -> Iterator[Row]:
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    yield "service_id", *days, "start_date", "end_date"
    yield SERVICE, *[1] * len(days), "20200101", "20991231"


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
