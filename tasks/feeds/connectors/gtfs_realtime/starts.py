"""
[p] Trips that are named by their route, direction and start, as Helsinki names all of its own.

A trip that does not run at a headway is told so where its trip_id is left out. Publishers that count by the calendar
tell a start after midnight on the day after that of the timetable.
Source: https://gtfs.org/documentation/realtime/reference/#message-tripdescriptor; the second is what OpenTripPlanner
allows for too (GtfsRealtimeFuzzyTripMatcher).
"""

from datetime import timedelta
from typing import Final

from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import Start
from tasks.feeds.reading.service_days import day_of, seconds_of

_DAY_SECONDS: Final = 86_400
_PLANNED: Final = frozenset((gtfs.TripDescriptor.SCHEDULED, gtfs.TripDescriptor.CANCELED))


def starts_of(trip: gtfs.TripDescriptor) -> tuple[Start, ...]:
    """Return where the timetable may have the beginning of a trip, the likelier first; nowhere if it is not planned."""
    day = day_of(trip.start_date)
    if not trip.route_id or day is None or trip.schedule_relationship not in _PLANNED:
        return ()
    try:
        seconds = seconds_of(trip.start_time)
    except Rejection:
        return ()
    if seconds is None:
        return ()
    told = Start(trip.route_id, seconds, day)
    before = Start(trip.route_id, seconds + _DAY_SECONDS, day - timedelta(days=1))
    return (told, before) if seconds < _DAY_SECONDS else (told,)
