"""[p] What names a trip and a vehicle over time: an entity's id names it in one message only."""

from collections import defaultdict
from collections.abc import Iterable, Set

from google.transit import gtfs_realtime_pb2 as gtfs


def trip_key(trip: gtfs.TripDescriptor, repeated: Set[str] = frozenset()) -> str | None:
    """
    Return what names a trip over time: `trip_id@start_date`, without the date when none is told.

    A frequency-based trip runs many times a day under one trip_id: `trip_id/start_time@start_date` names it if
    it is UNSCHEDULED (what `exact_times=0` is told as), or if its shorter name is among the `repeated`. One
    without a trip_id is named by its route, direction and start.
    Source: https://gtfs.org/documentation/realtime/reference/#message-tripdescriptor
    """
    short = _short_key(trip)
    if not short or not trip.trip_id or not trip.start_time:
        return short
    unscheduled = trip.schedule_relationship == gtfs.TripDescriptor.UNSCHEDULED
    if unscheduled or short in repeated:
        return _on_day(f"{trip.trip_id}/{trip.start_time}", trip)
    return short


def repeated_trips(entities: Iterable[gtfs.FeedEntity]) -> Set[str]:
    """Return the short names that more than one trip has here: they start at different times."""
    starts: defaultdict[str, set[str]] = defaultdict(set)
    for entity in entities:
        for trip in (entity.trip_update.trip, entity.vehicle.trip):
            if trip.trip_id and trip.start_time:
                starts[_short_key(trip) or ""].add(trip.start_time)
    return {key for key, times in starts.items() if len(times) > 1}


def vehicle_key(position: gtfs.VehiclePosition, trip: str | None, coupled: Set[str]) -> str:
    """Return what names a vehicle: its id, else its trip, beside its label if others run on it, else its label."""
    label: str = position.vehicle.label.strip()
    if told := _vehicle_id(position):
        return told
    return f"{trip}/{label}" if trip in coupled and label else trip or label


def coupled_trips(entities: Iterable[gtfs.FeedEntity], repeated: Set[str]) -> Set[str]:
    """Return the trips on which several vehicles without an id run, told apart by their labels."""
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for entity in entities:
        if entity.HasField("vehicle") and not _vehicle_id(entity.vehicle):
            label = entity.vehicle.vehicle.label.strip()
            labels[trip_key(entity.vehicle.trip, repeated) or ""].add(label)
    return {key for key, told in labels.items() if key and len(told) > 1}


def _vehicle_id(position: gtfs.VehiclePosition) -> str:
    told: str = position.vehicle.id.strip()
    return told


def _short_key(trip: gtfs.TripDescriptor) -> str | None:
    name: str = trip.trip_id
    if not name and trip.route_id and trip.start_time:
        name = f"{trip.route_id}/{trip.direction_id}/{trip.start_time}"
    return _on_day(name, trip) if name else None


def _on_day(name: str, trip: gtfs.TripDescriptor) -> str:
    return f"{name}@{trip.start_date}" if trip.start_date else name
