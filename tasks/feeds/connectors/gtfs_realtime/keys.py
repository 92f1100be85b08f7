"""[p] What names a trip and a vehicle over time: an entity's id names it in one message only."""

from collections import defaultdict
from collections.abc import Iterable, Set
from typing import Final, NamedTuple

from google.transit import gtfs_realtime_pb2 as gtfs

from tasks.feeds.connectors.gtfs_realtime.modified import Planned, as_planned
from tasks.feeds.connectors.gtfs_realtime.starts import start_of

_BY_START: Final = frozenset((gtfs.TripDescriptor.UNSCHEDULED, gtfs.TripDescriptor.ADDED))
_OWN: Final = ("trip_id", "start_date", "start_time")


class Shared(NamedTuple):
    """
    Names that several of a message have.

    `repeated`: the short names of trips that start at different times. `coupled`: the trips on which several
    vehicles without an id run, told apart by their labels. `planned`: the trips told of as they were planned.
    """

    repeated: Set[str] = frozenset()
    coupled: Set[str] = frozenset()
    planned: Set[Planned] = frozenset()


def trip_key(trip: gtfs.TripDescriptor, repeated: Set[str] = frozenset()) -> str | None:
    """
    Return what names a trip over time: `trip_id@start_date`, without the date when none is told.

    A frequency-based trip runs many times a day under one trip_id: `trip_id/start_time@start_date` names it if
    it is UNSCHEDULED (what `exact_times=0` is told as), or if its shorter name is among the `repeated`. So does one
    that is ADDED, and may bear the id of the trip that it is like. One without a trip_id is named by its route,
    direction and start.
    Source: https://gtfs.org/documentation/realtime/reference/#message-tripdescriptor
    """
    short = _short_key(trip)
    if not short or not trip.trip_id or not trip.start_time:
        return short
    if trip.schedule_relationship in _BY_START or short in repeated:
        return _on_day(f"{trip.trip_id}/{start_of(trip)}", trip)
    return short


def trip_of(update: gtfs.TripUpdate) -> gtfs.TripDescriptor:
    """Return what names the trip of an update; a DUPLICATED one tells its own id and start beside those it copies."""
    if update.trip.schedule_relationship != gtfs.TripDescriptor.DUPLICATED:
        return update.trip
    trip = gtfs.TripDescriptor()
    trip.CopyFrom(update.trip)
    for name in _OWN:
        if told := getattr(update.trip_properties, name):
            setattr(trip, name, told)
    return trip


def shared(entities: Iterable[gtfs.FeedEntity]) -> Shared:
    """Find the names that several have, in one pass: entities are read as they are asked for, and not kept."""
    starts: defaultdict[str, set[str]] = defaultdict(set)
    labels: defaultdict[tuple[str, str | None, str | None], set[str]] = defaultdict(set)
    planned: set[Planned] = set()
    for entity in entities:
        planned |= as_planned(entity.trip_update)
        for trip in (trip_of(entity.trip_update), entity.vehicle.trip):
            if trip.trip_id and trip.start_time:
                starts[_short_key(trip) or ""].add(start_of(trip))
        if entity.HasField("vehicle") and not vehicle_id(entity.vehicle.vehicle):
            trip = entity.vehicle.trip
            short = _short_key(trip) or ""
            label = entity.vehicle.vehicle.label.strip()
            labels[short, trip_key(trip), trip_key(trip, {short})].add(label)
    repeated = {key for key, times in starts.items() if len(times) > 1}
    together: defaultdict[str, set[str]] = defaultdict(set)
    for (short, alone, beside), told in labels.items():
        together[(beside if short in repeated else alone) or ""] |= told
    coupled = {key for key, told in together.items() if key and len(told) > 1}
    return Shared(repeated, coupled, planned)


def vehicle_key(position: gtfs.VehiclePosition, trip: str | None, shared: Shared) -> str:
    """Return what names a vehicle: its id, else its trip, beside its label if others run on it, else its label or plate."""
    label: str = position.vehicle.label.strip()
    if told := vehicle_id(position.vehicle):
        return told
    if trip in shared.coupled and label:
        return f"{trip}/{label}"
    plate: str = position.vehicle.license_plate.strip()
    return trip or label or plate


def vehicle_id(described: gtfs.VehicleDescriptor) -> str:
    """Return the id of a vehicle; blank if it tells none."""
    told: str = described.id.strip()
    return told


def _short_key(trip: gtfs.TripDescriptor) -> str | None:
    name: str = trip.trip_id
    if not name and trip.route_id and trip.start_time:
        name = f"{trip.route_id}/{trip.direction_id}/{start_of(trip)}"
    return _on_day(name, trip) if name else None


def _on_day(name: str, trip: gtfs.TripDescriptor) -> str:
    return f"{name}@{trip.start_date}" if trip.start_date else name
