"""
What realtime messages refer to, given to their parser: routes, trips and stops of the city's timetable.

A connector of such messages has a module `naming` beside it (see `Naming`); the option `static` is the slug of the
feed whose timetable is meant. Without the option, or before that feed has run, a parser knows what messages say.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from shared.db import Transaction, transaction
from shared.feeds.option_types import TimetabledOptions
from shared.transit.queries import (
    current_timetable,
    routes_of,
    stops_of,
    trip_ids_of,
    trips_of,
    trips_starting,
)
from tasks.feeds.connector import (
    Named,
    Payload,
    Plan,
    Record,
    Service,
    Source,
    Start,
    Stop,
    Timetable,
    TransitRoute,
    TransitTrip,
)
from tasks.feeds.encoding.blocks import Block
from tasks.feeds.reading.service_days import days_of
from tasks.feeds.reading.trip_ids import head_of, last_part
from tasks.feeds.registry import Connector, Naming
from tasks.feeds.storing.copy import by_index


class Timetabled:
    """A connector whose parser is given what the timetable says of what its payloads name."""

    def __init__(self, found: Connector, naming: Naming) -> None:
        self.manifest = found.manifest
        self._naming = naming
        self._found = found

    def plan(self, source: Source) -> Plan:
        """Say what to fetch."""
        return self._found.plan(source)

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Turn what was fetched into records."""
        return self._found.parse(payloads, self._told(payloads, source))

    def blocks(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record | Block]:
        """Turn what was fetched into records, in blocks where the connector can."""
        return self._found.blocks(payloads, self._told(payloads, source))

    def _told(self, payloads: Sequence[Payload], source: Source) -> Source:
        slug = TimetabledOptions.read(source.options).static
        if not slug:
            return source
        named = self._naming.named(payloads)
        with transaction() as tx:
            return replace(source, timetable=known_timetable(tx, source.city, slug, named))


def timetabled(found: Connector) -> Connector:
    """Return a connector whose parser knows the city's timetable, if its records refer to one."""
    naming: Naming | None = getattr(found, "naming", None)
    return found if naming is None else Timetabled(found, naming)


def known_timetable(tx: Transaction, city: str, slug: str, named: Named) -> Timetable | None:
    """Return what the timetable of a feed says of what is named; nothing when there is none."""
    current = current_timetable(tx, city, slug)
    if current is None:
        return None
    trips = {row.trip_id: _trip(row, current.services) for row in trips_of(tx, current, named.trips)}
    endings = _endings(tx, current, named.trips - trips.keys())
    unknown = named.starts.keys() - trips.keys() - {told for told, alike in endings.items() if alike}
    starts = _starting(tx, current, {start for told in unknown for start in named.starts[told]})
    found = [trip for alike in (*endings.values(), *starts.values()) for trip in alike]
    known = [*trips.values(), *found]
    drawn = named.drawn | {trip.route_id for trip_id, trip in trips.items() if trip_id in named.ways}
    routes = named.routes | {trip.route_id for trip in known}
    stops = named.stops | {stop_id for trip in known for stop_id in trip.stop_ids}
    return Timetable(
        current.timezone,
        routes={row.route_id: _route(row, current) for row in routes_of(tx, current, routes, drawn)},
        trips=trips,
        stops={row.stop_id: Stop(row.name, row.lon, row.lat) for row in stops_of(tx, current, stops)},
        endings=endings,
        starts=starts,
    )


def _endings(tx: Transaction, current: Row[Any], unknown: Set[str]) -> dict[str, Sequence[TransitTrip]]:
    """Return the trips whose ids end as these, where their publisher is one that names no more of them."""
    heads = {told: head for told in unknown if (head := head_of(told))}
    if not heads:
        return {}
    alike: dict[str, list[TransitTrip]] = {head: [] for head in heads.values()}
    ids = [one for one in trip_ids_of(tx, current) if head_of(last_part(one)) in alike]
    for row in trips_of(tx, current, ids):
        alike[head_of(last_part(row.trip_id)) or ""].append(_trip(row, current.services))
    return {
        told: [trip for trip in alike[head] if last_part(trip.trip_id).startswith(told)]
        for told, head in heads.items()
    }


def _starting(tx: Transaction, current: Row[Any], told: Set[Start]) -> dict[Start, Sequence[TransitTrip]]:
    """Return the trips that begin so on the day told; none of those that run at a headway."""
    days = {start.day for start in told}
    running = {
        service_id: on
        for service_id, service in current.services.items()
        if (on := {day for day in days if days_of(Service(**service)).include(day)})
    }
    if not running:
        return {}
    pairs = {(start.route_id, start.seconds) for start in told}
    found: dict[Start, list[TransitTrip]] = {}
    with by_index(tx):
        rows = trips_starting(tx, current, running.keys(), pairs)
    for row in rows:
        trip = _trip(row, current.services)
        first = trip.arrivals[0] if trip.departures[0] is None else trip.departures[0]
        if first is not None:
            for day in running[row.service_id]:
                found.setdefault(Start(trip.route_id, first, day), []).append(trip)
    return {start: found[start] for start in told & found.keys()}


def _trip(row: Row[Any], services: dict[str, Any]) -> TransitTrip:
    told = dict(row._mapping)
    service_id = told.pop("service_id")
    return TransitTrip(
        record="", service=Service(**services.get(service_id, {"service_id": service_id})), **told
    )


def _route(row: Row[Any], current: Row[Any]) -> TransitRoute:
    return TransitRoute(record="", timezone=current.timezone, **row._mapping)
