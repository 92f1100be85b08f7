"""[p] The names, places and times that the timetable gives to what a message names; what it does not know stays."""

from collections.abc import Sequence
from typing import Any, Final

from google.transit import gtfs_realtime_pb2 as gtfs

from tasks.feeds.connector import (
    Feature,
    Stop,
    Timetable,
    TransitRoute,
    TransitTrip,
    TripUpdate,
    Vehicle,
)
from tasks.feeds.connectors.gtfs_realtime.alerts import trip_name
from tasks.feeds.connectors.gtfs_realtime.calls import (
    from_its_start,
    interpolated,
    places,
)
from tasks.feeds.connectors.gtfs_realtime.modes import kind_of
from tasks.feeds.connectors.gtfs_realtime.moving import plausible_delay
from tasks.feeds.connectors.gtfs_realtime.planned import Calls
from tasks.feeds.connectors.gtfs_realtime.runs import run_of, service_day
from tasks.feeds.reading.places import Geometry
from tasks.feeds.reading.times import zone

#: An alert over more routes is one over the network, which is nowhere in particular.
_MOST_DRAWN: Final = 20
_MOST_NAMED: Final = 10
#: Trips whose times are not those of the timetable, though they bear the id of one of its trips.
_UNPLANNED: Final = frozenset(("unscheduled", "added", "new", "replacement"))


class Names:
    """Adds what a timetable knows to records of realtime messages."""

    def __init__(self, timetable: Timetable) -> None:
        self._known = timetable
        self._zone = zone(timetable.timezone)
        self._calls = Calls(timetable, self._zone)

    def vehicle(self, record: Vehicle, told: gtfs.TripDescriptor, is_kind_told: bool = False) -> None:
        """Name a vehicle's route, where it heads and the stop it is at; it is what runs there, unless that is told."""
        trip, _ = run_of(self._known, told)
        if trip is not None and not told.trip_id:
            record.trip_id = trip.trip_id
        record.route = record.route or (trip.route_id if trip else None)
        stop_id = record.properties.get("stop_id") or _stop_at(trip, record.properties.get("stop_sequence"))
        at = {"stop_id": stop_id} if stop_id else {}
        if (stop := self._known.stops.get(stop_id or "")) is not None:
            at["stop_name"] = stop.name
        record.properties = {**record.properties, **self._of_route(record.route, trip), **at}
        if not is_kind_told and (route := self._known.routes.get(record.route or "")) is not None:
            record.kind = kind_of(route.route_type) or record.kind

    def trip_update(self, record: TripUpdate, update: gtfs.TripUpdate) -> None:
        """Name a trip's route and stops, and say when it was to be there; delays become times."""
        trip, day = run_of(self._known, update.trip)
        if trip is not None and not update.trip.trip_id:
            record.trip_id = trip.trip_id
        record.route = record.route or (trip.route_id if trip else None)
        record.properties = {**self._of_route(record.route, trip), **record.properties}
        relationship = record.properties.get("relationship")
        if trip is not None and (trip.is_repeated or relationship == "duplicated"):
            trip = from_its_start(trip, record.properties.get("start_time", ""))
        trip = trip and interpolated(trip)
        is_planned = trip is not None and relationship not in _UNPLANNED
        day = day or service_day(trip, record, self._zone) if trip is not None and is_planned else None
        calls = list(places(trip, update.stop_time_update))
        stops = [
            self._calls.called(stop, told, trip, call, day)
            for stop, told, call in zip(record.stops, update.stop_time_update, calls, strict=True)
        ]
        if plausible_delay(update) is None:
            delays = (stop["delay_seconds"] for stop in stops if "delay_seconds" in stop)
            record.delay_seconds = next(delays, None)
        found = {call: stop for call, stop in zip(calls, stops, strict=True) if call is not None}
        # An update that tells of a stop beside the trip, or twice of one, is not the timetable's to complete.
        is_whole = len(found) == len(stops)
        record.stops = self._calls.completed(found, record, trip, day) if trip and day and is_whole else stops

    def alert(self, record: Feature, said: gtfs.Alert) -> None:
        """Name the routes and stops of an alert, and place it: at its stops, else along its routes."""
        trips = self._trips_of(record, said)
        told = record.properties
        route_ids = dict.fromkeys([*told.get("routes", ()), *(trip.route_id for trip in trips)])
        routes = [self._known.routes[one] for one in route_ids if one in self._known.routes]
        stops = [self._known.stops[one] for one in told.get("stops", ()) if one in self._known.stops]
        names = {
            "route_names": [route_name(route) for route in routes],
            "stop_names": list(dict.fromkeys(stop.name for stop in stops)),
        }
        record.properties = {**told, **{name: found for name, found in names.items() if found}}
        words = [*names["stop_names"], *names["route_names"]][:_MOST_NAMED]
        record.address = record.address or ", ".join(words) or None
        record.geometry = record.geometry or _points(stops) or _ways(routes)

    def _trips_of(self, record: Feature, said: gtfs.Alert) -> list[TransitTrip]:
        """Return the trips of an alert that are known; one that it names by its start gets its id."""
        told = {name: one.trip for one in said.informed_entity if (name := trip_name(one.trip))}
        found = {
            name: trip for name, descriptor in told.items() if (trip := run_of(self._known, descriptor)[0])
        }
        if told:
            ids = {
                name if told[name].trip_id or not found.get(name) else found[name].trip_id for name in told
            }
            record.properties = {**record.properties, "trips": sorted(ids)}
        return [found[name] for name in sorted(found)]

    def _of_route(self, route_id: str | None, trip: TransitTrip | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if (route := self._known.routes.get(route_id or "")) is not None:
            found = {
                "route_name": route_name(route),
                "route_long_name": route.long_name,
                "route_color": route.color and f"#{route.color}",
                "route_text_color": route.text_color and f"#{route.text_color}",
            }
        if trip is not None:
            found["headsign"] = trip.headsign or self._last_stop(trip)
        return {name: value for name, value in found.items() if value}

    def _last_stop(self, trip: TransitTrip) -> str | None:
        """Return where a trip ends; one that ends where it began heads for no place."""
        if not trip.stop_ids or trip.stop_ids[0] == trip.stop_ids[-1]:
            return None
        stop = self._known.stops.get(trip.stop_ids[-1])
        return stop.name if stop else None


def route_name(route: TransitRoute) -> str:
    """Return what riders call a route."""
    return route.short_name or route.long_name or route.route_id


def _stop_at(trip: TransitTrip | None, sequence: int | None) -> str | None:
    """Return the stop of a trip that a sequence means."""
    if trip is None or sequence not in trip.sequences:
        return None
    return trip.stop_ids[trip.sequences.index(sequence)]


def _points(stops: Sequence[Stop]) -> Geometry | None:
    places = [[stop.lon, stop.lat] for stop in stops if stop.lon is not None and stop.lat is not None]
    if len(places) == 1:
        return {"type": "Point", "coordinates": places[0]}
    return {"type": "MultiPoint", "coordinates": places} if places else None


def _ways(routes: Sequence[TransitRoute]) -> Geometry | None:
    if len(routes) > _MOST_DRAWN:
        return None
    lines = [line for route in routes if route.geometry for line in route.geometry["coordinates"]]
    return {"type": "MultiLineString", "coordinates": lines} if lines else None
