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
    for payload in payloads:
        for entity in load(payload).readable:
            for trip in (entity.trip_update.trip, entity.vehicle.trip):
                routes.add(trip.route_id)
                trips.add(trip.trip_id)
                if begins := starts_of(trip):
                    starts.setdefault(trip.trip_id, set()).update(begins)
            stops.update(stop.stop_id for stop in entity.trip_update.stop_time_update)
            stops.add(entity.vehicle.stop_id)
            for informed in entity.alert.informed_entity:
                drawn.update((informed.route_id, informed.trip.route_id))
                trips.add(informed.trip.trip_id)
                stops.add(informed.stop_id)
    nothing = {""}
    return Named((routes | drawn) - nothing, trips - nothing, stops - nothing, drawn - nothing, starts)
