"""
[p] Trips that run otherwise than planned, by a detour that the feed describes as trip modifications.

What is told of such a trip names it in a place of its own, for those who change the timetable first; beside it the
trip should be told of once more as it was planned, for all others. The changes are not read here: these are others.
Source: https://gtfs.org/documentation/realtime/feed-entities/trip-modifications/#linkage-to-tripupdates
"""

from collections.abc import Set
from typing import Final, TypeAlias

from google.transit import gtfs_realtime_pb2 as gtfs

#: The id of a trip and its day.
Planned: TypeAlias = tuple[str, str]

_NAMED: Final = ("start_date", "start_time")


def name_modified(entity: gtfs.FeedEntity) -> None:
    """Name the modified trips of an entity as the timetable does; calls are counted otherwise there, and so here not."""
    if _named(entity.trip_update.trip):
        for call in entity.trip_update.stop_time_update:
            call.ClearField("stop_sequence")
    if _named(entity.vehicle.trip):
        entity.vehicle.ClearField("current_stop_sequence")
    for one in entity.alert.informed_entity:
        _named(one.trip)


def _named(trip: gtfs.TripDescriptor) -> bool:
    if not trip.HasField("modified_trip"):
        return False
    trip.trip_id = trip.trip_id or trip.modified_trip.affected_trip_id
    for name in _NAMED:
        if not trip.HasField(name) and trip.modified_trip.HasField(name):
            setattr(trip, name, getattr(trip.modified_trip, name))
    return True


def as_planned(update: gtfs.TripUpdate) -> set[Planned]:
    """Return the id and day of the trip of an update, if it is told of as it was planned; a blank day is any."""
    trip = update.trip
    if not trip.trip_id or trip.HasField("modified_trip"):
        return set()
    return {(trip.trip_id, trip.start_date), (trip.trip_id, "")}


def is_told_as_planned(update: gtfs.TripUpdate, planned: Set[Planned]) -> bool:
    """Tell whether an update is of a modified trip of which another tells as it was planned."""
    trip = update.trip
    return trip.HasField("modified_trip") and (trip.trip_id, trip.start_date) in planned
