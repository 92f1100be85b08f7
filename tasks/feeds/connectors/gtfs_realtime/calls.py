"""[p] The calls of a trip: which of them an update speaks of, and those it leaves to the timetable."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import TransitTrip
from tasks.feeds.reading.service_days import seconds_of

Call = dict[str, Any]
"""A stop of a trip update in the form of `trip_updates.stops`."""

_EVENTS: Final = ("arrival", "departure")


def places(trip: TransitTrip | None, told: Iterable[gtfs.TripUpdate.StopTimeUpdate]) -> Iterator[int | None]:
    """
    Yield each call's place in its trip: by its sequence, else by the next call that is planned at its stop.

    Some agencies count the calls otherwise than their timetable: a sequence at which it has a stop that the trip
    calls at elsewhere says nothing. A stop beside the trip is another platform, or a detour.
    """
    at = 0
    by_sequence = {sequence: place for place, sequence in enumerate(trip.sequences)} if trip else {}
    by_stop: dict[str, list[int]] = {}
    for place, stop_id in enumerate(trip.stop_ids if trip else ()):
        by_stop.setdefault(stop_id, []).append(place)
    for call in told:
        there = by_stop.get(call.stop_id)
        found = by_sequence.get(call.stop_sequence) if call.HasField("stop_sequence") else None
        if there and found not in there:
            following = bisect_left(there, at)
            found = there[following] if following < len(there) else None
        at = at if found is None else found + 1
        yield found


def complete(
    told: Mapping[int, Call], planned: Callable[[int], Call], count: int, delay: int | None = None
) -> list[Call]:
    """
    Return the calls that an update tells, by their place, and those after the first of them that it leaves out.

    A delay holds for the calls that follow, over stops that are skipped, until a stop tells another or that
    there is no data. `delay` is that of the trip as a whole, from its first call on.
    Source: https://gtfs.org/documentation/realtime/feed-entities/trip-updates/#stoptimeupdate
    """
    calls: list[Call] = []
    for place in range(min(told, default=0) if delay is None else 0, count):
        call = told.get(place)
        if call is None:
            call = _delayed(planned(place), delay)
        elif call.get("relationship") == "no_data":
            delay = None
        elif call.get("relationship") != "skipped":
            delay = _leaves_with(call, delay)
        calls.append(call)
    return calls


def written(at: datetime) -> str:
    """Write a moment as `trip_updates.stops` holds it."""
    return at.isoformat().replace("+00:00", "Z")


def _delayed(call: Call, delay: int | None) -> Call:
    if delay is None:
        return call
    call["delay_seconds"] = delay
    for name in _EVENTS:
        if planned := call.get(f"scheduled_{name}"):
            call[name] = written(datetime.fromisoformat(planned) + timedelta(seconds=delay))
    return call


def _leaves_with(call: Call, before: int | None) -> int | None:
    """Return the delay with which a trip leaves a stop; one that tells none changes nothing."""
    for name in reversed(_EVENTS):
        if (at := call.get(name)) and (planned := call.get(f"scheduled_{name}")):
            return round((datetime.fromisoformat(at) - datetime.fromisoformat(planned)).total_seconds())
    told: int | None = call.get("delay_seconds", before)
    return told


def from_its_start(trip: TransitTrip, start_time: str) -> TransitTrip:
    """Return a trip that runs at a headway with the times of the run that starts then; untold, it has no times."""
    try:
        start = seconds_of(start_time)
    except Rejection:
        start = None
    told = (time for call in zip(trip.departures, trip.arrivals, strict=True) for time in call)
    first = next((time for time in told if time is not None), None)
    shift = None if start is None or first is None else start - first

    def moved(times: Sequence[int | None]) -> list[int | None]:
        return [None if shift is None or seconds is None else seconds + shift for seconds in times]

    return replace(trip, arrivals=moved(trip.arrivals), departures=moved(trip.departures))


def interpolated(trip: TransitTrip) -> TransitTrip:
    """
    Return a trip with times for the calls that have none between two that do, spread evenly and said to be so.

    Agencies may leave out the times of stops that are no timepoints; OpenTripPlanner fills them in so too. Without,
    nobody would see a departure there.
    """
    arrivals, departures = list(trip.arrivals), list(trip.departures)
    approximate: list[int] = []
    before: int | None = None
    for place, (arrival, departure) in enumerate(zip(trip.arrivals, trip.departures, strict=True)):
        if arrival is None and departure is None:
            continue
        if before is not None:
            leaves, reaches = _one_of(departures[before], arrivals[before]), _one_of(arrival, departure)
            for between in range(before + 1, place):
                share = (between - before) / (place - before)
                arrivals[between] = departures[between] = round(leaves + share * (reaches - leaves))
                approximate.append(between)
        before = place
    return replace(trip, arrivals=arrivals, departures=departures, approximate=approximate)


def _one_of(time: int | None, other: int | None) -> int:
    return time if time is not None else other or 0
