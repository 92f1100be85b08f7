"""[p] The calls of the trips at their stops: checked against what is known, held as numbers."""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Final

from shared.errors import Rejection
from tasks.feeds.connectors.gtfs_static.numbers import whole
from tasks.feeds.connectors.gtfs_static.package import Table
from tasks.feeds.connectors.gtfs_static.rows import Row
from tasks.feeds.connectors.gtfs_static.service_time import UNTOLD, Times

#: Trips of a city have a fifth of it at most; a row in the wrong order is held against those before and behind it.
MOST_CALLS: Final = 1_000
#: Columns of a call that is made on demand: anywhere in an area, which drafts of the standard had named as a stop.
_ON_DEMAND: Final = ("location_id", "location_group_id", "start_pickup_drop_off_window")


class Calls:
    """One trip's calls in the order of their sequence; times are seconds of the service day."""

    __slots__ = ("arrivals", "departures", "sequences", "stops")

    def __init__(self) -> None:
        self.sequences = array("i")
        #: Places in the list of stops.
        self.stops = array("i")
        self.arrivals = array("i")
        self.departures = array("i")

    def add(self, sequence: int, stop: int, arrival: int, departure: int) -> None:
        """
        Put a call in its place; rows may come in any order.

        Raises: Rejection if there is one of that sequence, or too many, or time would run backwards.
        """
        place = len(self.sequences)
        if place >= MOST_CALLS:
            raise Rejection("too_many_calls", f"the trip has {MOST_CALLS:,} other calls, which are the most")
        if place and self.sequences[-1] >= sequence:
            place = bisect_left(self.sequences, sequence)
            if self.sequences[place] == sequence:
                raise Rejection("duplicate", f"another call of this trip has the stop_sequence {sequence}")
        # Nearly always a row is the next call of its trip, later than the last.
        is_next = place == len(self.sequences) and arrival <= departure
        if not (is_next and UNTOLD < (self.departures[-1] if place else 0) <= arrival):
            self._check_order(place, arrival, departure)
        self.sequences.insert(place, sequence)
        self.stops.insert(place, stop)
        self.arrivals.insert(place, arrival)
        self.departures.insert(place, departure)

    def _check_order(self, place: int, arrival: int, departure: int) -> None:
        first = arrival if arrival != UNTOLD else departure
        last = departure if departure != UNTOLD else arrival
        if first == UNTOLD:
            return
        if last < first:
            raise Rejection("decreasing_times", "the trip departs before it arrives")
        before = next(filter(_is_told, _backwards(self.departures, self.arrivals, place)), first)
        after = last
        if place < len(self.sequences):
            after = next(filter(_is_told, _forwards(self.arrivals, self.departures, place)), last)
        if before > first or last > after:
            raise Rejection("decreasing_times", "the trip calls earlier than at the stop before")


def _is_told(seconds: int) -> bool:
    return seconds != UNTOLD


def _backwards(departures: "array[int]", arrivals: "array[int]", place: int) -> Iterator[int]:
    for number in range(place - 1, -1, -1):
        yield departures[number]
        yield arrivals[number]


def _forwards(arrivals: "array[int]", departures: "array[int]", place: int) -> Iterator[int]:
    for number in range(place, len(arrivals)):
        yield arrivals[number]
        yield departures[number]


class Reader:
    """Reads the rows of `stop_times.txt` into the calls of trips."""

    def __init__(self, table: Table, trips: Mapping[str, Calls], stops: Mapping[str, int]) -> None:
        self._trips = trips
        self._stops = stops
        self._times = Times()
        names = ("trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time")
        places = [table.place(name) for name in names]
        # A column that is not there has the place -1: the blank behind every row's last cell.
        self._cells = itemgetter(*places)
        self._blanks = [""] * (max(places) + 1)
        self._on_demand = [place for name in _ON_DEMAND if (place := table.place(name)) >= 0]

    def read(self, row: Row) -> None:
        """
        Take in one row; a call in an area belongs to no stop and is not held.

        Raises: Rejection if the row is none, names what is not there, or breaks the order of time.
        """
        if not isinstance(row, list):
            raise Rejection("bad_row", str(row))
        try:
            trip_id, stop_id, sequence, arrival, departure = self._cells([*row, ""])
        except IndexError:
            trip_id, stop_id, sequence, arrival, departure = self._cells(row + self._blanks)
        calls = self._trips.get(trip_id)
        if calls is None and (calls := self._trips.get(trip_id.strip())) is None:
            raise Rejection("unknown_trip", f"no trip {trip_id.strip()!r:.60}" if trip_id else "no trip_id")
        stop = self._stops.get(stop_id)
        if stop is None and (stop := self._stops.get(stop_id.strip())) is None:
            if any(place < len(row) and row[place].strip() for place in self._on_demand):
                return
            raise Rejection("unknown_stop", f"no stop {stop_id.strip()!r:.60}" if stop_id else "no stop_id")
        calls.add(_sequence(sequence), stop, self._times.read(arrival), self._times.read(departure))


def _sequence(text: str) -> int:
    stripped = whole(text.strip())
    if not (stripped.isascii() and stripped.isdigit() and len(stripped) < 10):
        raise Rejection("bad_sequence", f"stop_sequence {text!r:.20} is no whole number")
    return int(stripped)
