"""[p] The calls of an update beside those that the timetable plans: names of stops, scheduled times and delays."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from google.transit import gtfs_realtime_pb2 as gtfs

from tasks.feeds.connector import Timetable, TransitTrip, TripUpdate
from tasks.feeds.connectors.gtfs_realtime.calls import Call, complete, written
from tasks.feeds.connectors.gtfs_realtime.moving import plausible_delay
from tasks.feeds.reading.service_days import moment

_UNPREDICTED: Final = frozenset(("skipped", "no_data"))


class Calls:
    """Tells the calls of trips of one timetable."""

    def __init__(self, timetable: Timetable, zone: ZoneInfo) -> None:
        self._known = timetable
        self._zone = zone

    def called(
        self,
        stop: dict[str, Any] | Any,  # a stop of this record, whose mapping is ours
        told: gtfs.TripUpdate.StopTimeUpdate,
        trip: TransitTrip | None,
        call: int | None,
        day: date | None,
    ) -> Call:
        """Return a call as an update tells it, with the name of its stop and the times that follow from the timetable's."""
        found: Call = dict(stop)
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

    def completed(
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
