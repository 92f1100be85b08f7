"""
[p] Trips that are named by their route, direction and start, as Helsinki names all of its own.

A trip that does not run at a headway is told so where its trip_id is left out. Publishers that count by the calendar
tell a start after midnight on the day after that of the timetable.
Source: https://gtfs.org/documentation/realtime/reference/#message-tripdescriptor; the second is what OpenTripPlanner
allows for too (GtfsRealtimeFuzzyTripMatcher).
"""

import re
from datetime import timedelta
from typing import Final

from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import Start
from tasks.feeds.reading.service_days import day_of, seconds_of

#: `2026-11-22`, also before a time: gateways write days so, where the format has 20261122.
_PARTED_DAY: Final = re.compile(r"(\d{4})[-/](\d\d)[-/](\d\d)(?!\d)", re.ASCII)
_DAY_SECONDS: Final = 86_400
_PLANNED: Final = frozenset((gtfs.TripDescriptor.SCHEDULED, gtfs.TripDescriptor.CANCELED))


def tidy(trip: gtfs.TripDescriptor) -> None:
    """Write the day on which a trip starts as the timetable does; a blank or a zero is none, as for its time."""
    if trip.HasField("start_date"):
        told = trip.start_date.strip()
        written = _PARTED_DAY.match(told)
        trip.start_date = "".join(written.groups()) if written else told
        if not trip.start_date.strip("0"):
            trip.ClearField("start_date")
    if trip.HasField("start_time") and not trip.start_time.strip():
        trip.ClearField("start_time")


def start_of(trip: gtfs.TripDescriptor) -> str:
    """Return when a trip starts as `08:00:00`, however that is written; what is no time stays as it is told."""
    total = _seconds(trip)
    if total is None:
        told: str = trip.start_time
        return told
    minutes, seconds = divmod(total, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def starts_of(trip: gtfs.TripDescriptor) -> tuple[Start, ...]:
    """Return where the timetable may have the beginning of a trip, the likelier first; nowhere if it is not planned."""
    day = day_of(trip.start_date)
    if not trip.route_id or day is None or trip.schedule_relationship not in _PLANNED:
        return ()
    seconds = _seconds(trip)
    if seconds is None:
        return ()
    told = Start(trip.route_id, seconds, day)
    before = Start(trip.route_id, seconds + _DAY_SECONDS, day - timedelta(days=1))
    return (told, before) if seconds < _DAY_SECONDS else (told,)


def _seconds(trip: gtfs.TripDescriptor) -> int | None:
    try:
        return seconds_of(trip.start_time)
    except Rejection:
        return None
