"""[p] Which trip of the timetable a message means, and on which of its days."""

from datetime import date
from zoneinfo import ZoneInfo

from google.transit import gtfs_realtime_pb2 as gtfs

from tasks.feeds.connector import Timetable, TransitTrip, TripUpdate
from tasks.feeds.connectors.gtfs_realtime.starts import starts_of
from tasks.feeds.reading.service_days import day_of, days_of, nearest_day


def run_of(known: Timetable, told: gtfs.TripDescriptor) -> tuple[TransitTrip | None, date | None]:
    """
    Return a trip by its id, and its day if that follows from how it is found.

    One that is named by the end of its id, or by its start, is the only such that runs on that day.
    """
    if (trip := known.trips.get(told.trip_id)) is not None:
        return trip, None
    day = day_of(told.start_date)
    fitting = [
        trip for trip in known.endings.get(told.trip_id, ()) if day and days_of(trip.service).include(day)
    ]
    if fitting:
        return (fitting[0], day) if len(fitting) == 1 else (None, None)
    for start in starts_of(told):
        fitting = [trip for trip in known.starts.get(start, ()) if _is_direction(trip, told)]
        if fitting:
            return (fitting[0], start.day) if len(fitting) == 1 else (None, None)
    return None, None


def service_day(trip: TransitTrip, record: TripUpdate, zone: ZoneInfo) -> date | None:
    """Return the service day that is told; else the one on which the trip runs near the time of the update."""
    if (day := day_of(record.start_date)) is not None:
        return day
    near = record.observed_at or record.published_at
    times = [seconds for seconds in (*trip.arrivals, *trip.departures) if seconds is not None]
    if near is None or not times:
        return None
    return nearest_day(days_of(trip.service), min(times), max(times), near, zone)


def _is_direction(trip: TransitTrip, told: gtfs.TripDescriptor) -> bool:
    """Tell whether a trip may be of the direction told; what is not told differs from nothing."""
    if trip.direction_id is None or not told.HasField("direction_id"):
        return True
    return bool(trip.direction_id == told.direction_id)
