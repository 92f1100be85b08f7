"""[p] Vehicle positions and trip updates; presence is tested before a field is read."""

import math
from datetime import datetime, timedelta
from typing import Any, Final

from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from shared.feeds.kinds.gtfs_realtime import GtfsRealtimeOptions
from tasks.feeds.connector import TripUpdate, Vehicle
from tasks.feeds.connectors.gtfs_realtime.calls import written
from tasks.feeds.connectors.gtfs_realtime.keys import (
    Shared,
    trip_key,
    trip_of,
    vehicle_id,
    vehicle_key,
)
from tasks.feeds.connectors.gtfs_realtime.modes import kind_told
from tasks.feeds.connectors.gtfs_realtime.starts import start_of
from tasks.feeds.reading.service_days import is_near
from tasks.feeds.reading.times import from_posix

_NULL_ISLAND_DEGREES: Final = 1e-6
_FASTEST_MPS: Final = 150.0
#: Nobody waits longer; programs write the largest number there is, or a time, where they know no delay.
_LONGEST_DELAY_SECONDS: Final = 86_400


def vehicle(
    position: gtfs.VehiclePosition,
    record: str,
    published: datetime | None,
    options: GtfsRealtimeOptions,
    shared: Shared,
) -> Vehicle:
    """Read a vehicle; its own time is when it was seen, the header's only when it was published."""
    trip = trip_key(position.trip, shared.repeated) if position.HasField("trip") else None
    described = position.vehicle
    external_id = vehicle_key(position, trip, shared)
    if not external_id:
        raise Rejection("no_identity", "neither the vehicle nor its trip has an id")
    lon, lat = _place(position)
    return Vehicle(
        external_id=external_id,
        record=record,
        observed_at=from_posix(position.timestamp),
        published_at=published,
        kind=kind_told(position.trip.route_id, options),
        lon=lon,
        lat=lat,
        label=described.label.strip() or None,
        route=position.trip.route_id or None,
        trip_id=position.trip.trip_id or trip,
        bearing=_bearing(position),
        speed_mps=_speed(position),
        properties=_properties(position),
    )


def _place(position: gtfs.VehiclePosition) -> tuple[float | None, float | None]:
    if not position.HasField("position"):
        return None, None
    lon, lat = position.position.longitude, position.position.latitude
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Rejection("bad_position", f"lon {lon}, lat {lat}")
    if abs(lon) < _NULL_ISLAND_DEGREES and abs(lat) < _NULL_ISLAND_DEGREES:
        return None, None
    # The fields are 32-bit: seven digits are all they hold.
    return round(lon, 6), round(lat, 6)


def _bearing(position: gtfs.VehiclePosition) -> float | None:
    if not position.position.HasField("bearing") or not math.isfinite(position.position.bearing):
        return None
    return round(position.position.bearing % 360, 1)


def _speed(position: gtfs.VehiclePosition) -> float | None:
    if not position.position.HasField("speed"):
        return None
    speed = position.position.speed
    return round(speed, 2) if 0 <= speed <= _FASTEST_MPS else None


def _properties(position: gtfs.VehiclePosition) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if position.HasField("stop_id"):
        found["stop_id"] = position.stop_id
    if position.HasField("current_stop_sequence"):
        found["stop_sequence"] = position.current_stop_sequence
    if position.HasField("current_status"):
        found["status"] = gtfs.VehiclePosition.VehicleStopStatus.Name(position.current_status).lower()
    if position.HasField("occupancy_status"):
        found["occupancy"] = gtfs.VehiclePosition.OccupancyStatus.Name(position.occupancy_status).lower()
    if position.HasField("trip"):
        found |= _trip_properties(position.trip)
    return found


def _trip_properties(trip: gtfs.TripDescriptor) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in ("start_date", "direction_id"):
        if trip.HasField(name):
            found[name] = getattr(trip, name)
    if trip.HasField("start_time"):
        found["start_time"] = start_of(trip)
    if trip.HasField("schedule_relationship"):
        found["relationship"] = gtfs.TripDescriptor.ScheduleRelationship.Name(
            trip.schedule_relationship
        ).lower()
    return found


def trip_update(
    update: gtfs.TripUpdate, record: str, published: datetime | None, shared: Shared
) -> TripUpdate:
    """Read the prediction for one trip of one service day."""
    trip = trip_of(update)
    key = trip_key(trip, shared.repeated) or vehicle_id(update.vehicle)
    if not key:
        raise Rejection("no_identity", "neither the trip nor its vehicle has an id")
    stops = [_stop(stop) for stop in update.stop_time_update]
    properties = _trip_properties(trip)
    properties.pop("start_date", None)
    if headsign := update.trip_properties.trip_headsign.strip():
        properties["headsign"] = headsign
    return TripUpdate(
        external_id=key,
        record=record,
        observed_at=from_posix(update.timestamp),
        published_at=published,
        trip_id=trip.trip_id or key,
        start_date=trip.start_date or None,
        route=trip.route_id or None,
        vehicle=vehicle_id(update.vehicle) or None,
        delay_seconds=_delay(update, stops),
        stops=stops,
        properties=properties,
    )


def _delay(update: gtfs.TripUpdate, stops: list[dict[str, Any]]) -> int | None:
    if (told := plausible_delay(update)) is not None:
        return told
    return next((stop["delay_seconds"] for stop in stops if "delay_seconds" in stop), None)


def plausible_delay(told: gtfs.TripUpdate | gtfs.TripUpdate.StopTimeEvent) -> int | None:
    """Return the delay of a trip or a call in seconds, if one is told that may be."""
    is_told = told.HasField("delay") and abs(told.delay) <= _LONGEST_DELAY_SECONDS
    return int(told.delay) if is_told else None


def _event(name: str, event: gtfs.TripUpdate.StopTimeEvent) -> dict[str, Any]:
    """Read an arrival or departure; of a trip that no timetable knows it may tell itself when it was to be."""
    found: dict[str, Any] = {}
    if (delay := plausible_delay(event)) is not None:
        found["delay_seconds"] = delay
    time, planned = _moment(event.time), _moment(event.scheduled_time)
    if planned:
        found[f"scheduled_{name}"] = written(planned)
        if time:
            found["delay_seconds"] = round((time - planned).total_seconds())
        elif delay is not None:
            time = planned + timedelta(seconds=delay)
    if time:
        found[name] = written(time)
    return found


def _moment(seconds: int) -> datetime | None:
    """Read the time of a call; one that is none, or of another century, leaves the others of its trip as they are."""
    try:
        found = from_posix(seconds) if seconds > 0 else None
    except Rejection:
        return None
    return found if found and is_near(found.date()) else None


def _stop(update: gtfs.TripUpdate.StopTimeUpdate) -> dict[str, Any]:
    """Read what is told of a call; its stop is the one where it will be made, whatever was planned."""
    stop: dict[str, Any] = {}
    if stop_id := update.stop_time_properties.assigned_stop_id or update.stop_id:
        stop["stop_id"] = stop_id
    if update.HasField("stop_sequence"):
        stop["stop_sequence"] = update.stop_sequence
    for name in ("arrival", "departure"):
        if update.HasField(name):
            stop = _event(name, getattr(update, name)) | stop
    if update.HasField("schedule_relationship") and update.schedule_relationship:
        relationship = gtfs.TripUpdate.StopTimeUpdate.ScheduleRelationship
        stop["relationship"] = relationship.Name(update.schedule_relationship).lower()
    return stop
