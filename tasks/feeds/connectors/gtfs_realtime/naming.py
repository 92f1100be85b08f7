"""[p] What messages name of the timetable they belong to."""

from collections.abc import Sequence

from tasks.feeds.connector import Named, Payload, Start
from tasks.feeds.connectors.gtfs_realtime.message import load
from tasks.feeds.connectors.gtfs_realtime.starts import starts_of


def named(payloads: Sequence[Payload]) -> Named:
    """
    Return the ids of routes, trips and stops that messages name, and the starts; only alerts need to draw a route.

    Raises: Malformed if a payload is no message.
    """
    routes: set[str] = set()
    trips: set[str] = set()
    stops: set[str] = set()
    drawn: set[str] = set()
    starts: dict[str, set[Start]] = {}
    ways: set[str] = set()
    for payload in payloads:
        for entity in load(payload).readable:
            informed = entity.alert.informed_entity
            for trip in (entity.trip_update.trip, entity.vehicle.trip, *(one.trip for one in informed)):
                routes.add(trip.route_id)
                trips.add(trip.trip_id)
                if begins := starts_of(trip):
                    starts.setdefault(trip.trip_id, set()).update(begins)
            for call in entity.trip_update.stop_time_update:
                stops.update((call.stop_id, call.stop_time_properties.assigned_stop_id))
            stops.add(entity.vehicle.stop_id)
            for one in informed:
                drawn.update((one.route_id, one.trip.route_id))
                ways.add(one.trip.trip_id)
                stops.add(one.stop_id)
    nothing = {""}
    return Named(
        (routes | drawn) - nothing, trips - nothing, stops - nothing, drawn - nothing, starts, ways - nothing
    )
