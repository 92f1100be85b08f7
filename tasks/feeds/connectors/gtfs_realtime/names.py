"""[p] The names, places and times that the timetable gives to what a message names; what it does not know stays."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
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
    Call,
    complete,
    from_its_start,
    interpolated,
    places,
    written,
)
from tasks.feeds.connectors.gtfs_realtime.modes import kind_of
from tasks.feeds.connectors.gtfs_realtime.moving import plausible_delay
from tasks.feeds.connectors.gtfs_realtime.starts import starts_of
from tasks.feeds.reading.places import Geometry
from tasks.feeds.reading.service_days import day_of, days_of, moment, nearest_day
from tasks.feeds.reading.times import zone

#: An alert over more routes is one over the network, which is nowhere in particular.
_MOST_DRAWN: Final = 20
_MOST_NAMED: Final = 10
#: Trips whose times are not those of the timetable, though they bear the id of one of its trips.
_UNPLANNED: Final = frozenset(("unscheduled", "added", "new", "replacement"))
_UNPREDICTED: Final = frozenset(("skipped", "no_data"))


class Names:
    """Adds what a timetable knows to records of realtime messages."""

    def __init__(self, timetable: Timetable) -> None:
        self._known = timetable
        self._zone = zone(timetable.timezone)

    def vehicle(self, record: Vehicle, told: gtfs.TripDescriptor, is_kind_told: bool = False) -> None:
        """Name a vehicle's route, where it heads and the stop it is at; it is what runs there, unless that is told."""
        trip, _ = self._run(told)
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
        trip, day = self._run(update.trip)
        if trip is not None and not update.trip.trip_id:
            record.trip_id = trip.trip_id
        record.route = record.route or (trip.route_id if trip else None)
        record.properties = {**self._of_route(record.route, trip), **record.properties}
        relationship = record.properties.get("relationship")
        if trip is not None and (trip.is_repeated or relationship == "duplicated"):
            trip = from_its_start(trip, record.properties.get("start_time", ""))
        trip = trip and interpolated(trip)
        is_planned = trip is not None and relationship not in _UNPLANNED
        day = day or self._day(trip, record) if trip is not None and is_planned else None
        calls = list(places(trip, update.stop_time_update))
        stops = [
            self._stop(stop, told, trip, call, day)
            for stop, told, call in zip(record.stops, update.stop_time_update, calls, strict=True)
        ]
        if plausible_delay(update) is None:
            delays = (stop["delay_seconds"] for stop in stops if "delay_seconds" in stop)
            record.delay_seconds = next(delays, None)
        found = {call: stop for call, stop in zip(calls, stops, strict=True) if call is not None}
        # An update that tells of a stop beside the trip, or twice of one, is not the timetable's to complete.
        is_whole = len(found) == len(stops)
        record.stops = self._complete(found, record, trip, day) if trip and day and is_whole else stops

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
        found = {name: trip for name, descriptor in told.items() if (trip := self._run(descriptor)[0])}
        if told:
            ids = {
                name if told[name].trip_id or not found.get(name) else found[name].trip_id for name in told
            }
            record.properties = {**record.properties, "trips": sorted(ids)}
        return [found[name] for name in sorted(found)]

    def _run(self, told: gtfs.TripDescriptor) -> tuple[TransitTrip | None, date | None]:
        """
        Return a trip by its id, and its day if that follows from how it is found.

        One that is named by the end of its id, or by its start, is the only such that runs on that day.
        """
        if (known := self._known.trips.get(told.trip_id)) is not None:
            return known, None
        day = day_of(told.start_date)
        fitting = [
            trip
            for trip in self._known.endings.get(told.trip_id, ())
            if day and days_of(trip.service).include(day)
        ]
        if fitting:
            return (fitting[0], day) if len(fitting) == 1 else (None, None)
        for start in starts_of(told):
            fitting = [trip for trip in self._known.starts.get(start, ()) if _is_direction(trip, told)]
            if fitting:
                return (fitting[0], start.day) if len(fitting) == 1 else (None, None)
        return None, None

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

    def _day(self, trip: TransitTrip, record: TripUpdate) -> date | None:
        """Return the service day that is told; else the one on which the trip runs near the time of the update."""
        if (day := day_of(record.start_date)) is not None:
            return day
        near = record.observed_at or record.published_at
        times = [seconds for seconds in (*trip.arrivals, *trip.departures) if seconds is not None]
        if near is None or not times:
            return None
        return nearest_day(days_of(trip.service), min(times), max(times), near, self._zone)

    def _complete(
        self, told: Mapping[int, Call], record: TripUpdate, trip: TransitTrip, day: date
    ) -> list[Call]:
        """Return the calls of an update with those that follow from it; a canceled trip has all of its own."""
        calls = range(len(trip.stop_ids))
        if record.properties.get("relationship") == "canceled":
            return [{**self._planned(trip, place, day), **told.get(place, {})} for place in calls]
        if not told and record.delay_seconds is None:
            return []
        delay = None if told else record.delay_seconds
        return complete(told, lambda place: self._planned(trip, place, day), len(calls), delay)

    def _planned(self, trip: TransitTrip, place: int, day: date) -> Call:
        """Return a call as the timetable knows it."""
        stop_id = trip.stop_ids[place]
        found: Call = {"stop_id": stop_id, "stop_sequence": trip.sequences[place]}
        if known := self._known.stops.get(stop_id):
            found["name"] = known.name
        if place in trip.approximate:
            found["is_approximate"] = True
        for name, seconds in (("arrival", trip.arrivals[place]), ("departure", trip.departures[place])):
            if seconds is not None:
                found[f"scheduled_{name}"] = written(moment(day, seconds, self._zone))
        return found

    def _stop(
        self,
        stop: dict[str, Any] | Any,  # a stop of this record, whose mapping is ours
        told: gtfs.TripUpdate.StopTimeUpdate,
        trip: TransitTrip | None,
        call: int | None,
        day: date | None,
    ) -> dict[str, Any]:
        found: dict[str, Any] = dict(stop)
        if trip is not None and call is not None:
            found.setdefault("stop_id", trip.stop_ids[call])
        if known := self._known.stops.get(found.get("stop_id", "")):
            found["name"] = known.name
        if trip is None or call is None or day is None:
            return found
        if call in trip.approximate:
            found["is_approximate"] = True
        for name, seconds in (("arrival", trip.arrivals[call]), ("departure", trip.departures[call])):
            if seconds is not None:
                self._schedule(found, name, moment(day, seconds, self._zone), getattr(told, name))
        if found.get("relationship") not in _UNPREDICTED and (late := _late(found)) is not None:
            found["delay_seconds"] = late
        return found

    def _schedule(
        self, found: dict[str, Any], name: str, planned: datetime, event: gtfs.TripUpdate.StopTimeEvent
    ) -> None:
        """Say when it was to be there, and when it will be if only its delay is told."""
        found[f"scheduled_{name}"] = written(planned)
        if found.get("relationship") in _UNPREDICTED:
            return
        if name not in found and (delay := plausible_delay(event)) is not None:
            found[name] = written(planned + timedelta(seconds=delay))


def _late(call: Call) -> int | None:
    """Return the delay of a call by its two times: where a message tells both, the time takes precedence."""
    for name in ("arrival", "departure"):
        if (at := call.get(name)) and (planned := call.get(f"scheduled_{name}")):
            return round((datetime.fromisoformat(at) - datetime.fromisoformat(planned)).total_seconds())
    return None


def route_name(route: TransitRoute) -> str:
    """Return what riders call a route."""
    return route.short_name or route.long_name or route.route_id


def _stop_at(trip: TransitTrip | None, sequence: int | None) -> str | None:
    """Return the stop of a trip that a sequence means."""
    if trip is None or sequence not in trip.sequences:
        return None
    return trip.stop_ids[trip.sequences.index(sequence)]


def _is_direction(trip: TransitTrip, told: gtfs.TripDescriptor) -> bool:
    """Tell whether a trip may be of the direction told; what is not told differs from nothing."""
    if trip.direction_id is None or not told.HasField("direction_id"):
        return True
    return bool(trip.direction_id == told.direction_id)


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
