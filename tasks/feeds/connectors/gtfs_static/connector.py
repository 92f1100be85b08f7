"""
[p] GTFS static: the timetable of transit agencies as one zip of tables.

Options: `package` names the one that is meant of several within the zip. Stops become things; routes and trips are
what realtime messages of the same city refer to.
Source: https://github.com/google/transit/blob/master/gtfs/spec/en/reference.md
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any, Final

from shared.errors import Rejection
from shared.feeds.kinds.gtfs_static import GtfsStaticOptions
from tasks.feeds.connector import (
    Described,
    Payload,
    Plan,
    Record,
    Rejected,
    Request,
    Service,
    Source,
    TransitRoute,
    TransitTrip,
)
from tasks.feeds.connectors.gtfs_static import services, shapes, stops, trips
from tasks.feeds.connectors.gtfs_static.calls import Calls, Reader
from tasks.feeds.connectors.gtfs_static.package import Package, Table
from tasks.feeds.connectors.gtfs_static.rows import Row
from tasks.feeds.connectors.gtfs_static.service_time import told
from tasks.feeds.credentials import with_credential

_EXCERPT: Final = 500


def plan(source: Source) -> Plan:
    """Fetch the one zip there is; there is no cursor."""
    yield with_credential(Request("gtfs", source.url), source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per row of agency, routes, stops, trips and stop_times; trips come last, with their calls.

    Raises: Malformed if the payload is no zip, or lacks one of these tables.
    """
    for payload in payloads:
        yield from _Timetable(
            Package(payload, GtfsStaticOptions.read(source.options).package), source.timezone
        ).records()


class _Timetable:
    """Reads one package, table by table; what trips need to know is held, stops and calls pass by."""

    def __init__(self, package: Package, timezone: str) -> None:
        self._package = package
        #: That of the first agency, as all agencies of a package share one; else the city's.
        self._timezone = timezone
        self._agencies: dict[str, str] = {}
        self._routes: dict[str, trips.Route] = {}
        self._trips: dict[str, trips.Trip] = {}
        self._calls: dict[str, Calls] = {}
        #: Ids of stops, also of those that were set aside: a call there is none the worse.
        self._stops: dict[str, int] = {}

    def records(self) -> Iterator[Record]:
        """Yield the records in the order in which they need each other."""
        yield from self._read("agency", self._agency)
        yield from self._read("routes", self._route, "route_id", self._routes)
        yield from self._read("stops", self._stop, "stop_id", self._stops)
        yield from self._read("trips", self._trip, "trip_id", self._trips)
        yield from self._read_calls(self._package.table("stop_times"))
        yield from self._all_routes()
        yield from self._all_trips()

    def _read(
        self,
        name: str,
        reader: Callable[[Mapping[str, str], str], Record | None],
        key: str = "",
        known: Mapping[str, Any] | None = None,
    ) -> Iterator[Record]:
        """Read a table's rows; what a row gives later it does not give now. Its key may occur only once."""
        for record, cells in self._package.table(name).records():
            try:
                if isinstance(cells, csv.Error):
                    raise Rejection("bad_row", str(cells))
                if key and key not in cells:
                    raise Rejection("no_identity", f"no {key}")
                if known is not None and cells[key] in known:
                    raise Rejection("duplicate", f"another row has the {key} {cells[key]!r:.60}")
                found = reader(cells, record)
            except Rejection as why:
                told = ",".join(cells.values()) if isinstance(cells, Mapping) else ""
                held = cells.get(key) if isinstance(cells, Mapping) else None
                yield _rejected(record, why, told, held if name == "stops" else record)
            else:
                if found is not None:
                    yield found

    def _agency(self, cells: Mapping[str, str], record: str) -> Record:
        told = trips.agency(cells)
        if not self._agencies:
            self._timezone = told["timezone"]
        elif told["timezone"] != self._timezone:
            # The standard allows one zone only; which times are of another one nobody tells.
            told["timezone_problem"] = f"its times are read in {self._timezone}, as the first agency's"
        self._agencies[told.get("agency_id", "")] = told.get("name", "")
        return Described(record=record, properties=told)

    def _route(self, cells: Mapping[str, str], record: str) -> None:
        self._routes[cells["route_id"]] = trips.route(cells, record, self._agencies)

    def _stop(self, cells: Mapping[str, str], record: str) -> Record:
        self._stops[cells["stop_id"]] = len(self._stops)
        return stops.stop(cells, record)

    def _trip(self, cells: Mapping[str, str], record: str) -> None:
        self._trips[cells["trip_id"]] = trips.trip(cells, record, self._routes)
        self._calls[cells["trip_id"]] = Calls()

    def _read_calls(self, table: Table) -> Iterator[Record]:
        reader = Reader(table, self._calls, self._stops)
        for number, row in enumerate(table.rows):
            record = f"stop_times#{number}"
            try:
                reader.read(row)
            except Rejection as why:
                yield _rejected(record, why, _excerpt(row), record)
            else:
                yield Described(record=record)

    def _all_routes(self) -> Iterator[Record]:
        ways = shapes.drawn(self._package.table("shapes"), shapes.most_used(self._trips.values()))
        for route in self._routes.values():
            yield TransitRoute(
                record=route.record,
                route_id=route.route_id,
                timezone=self._timezone,
                route_type=route.type,
                agency=route.agency or None,
                short_name=route.short_name,
                long_name=route.long_name,
                color=route.color,
                text_color=route.text_color,
                geometry=ways.get(route.route_id),
            )

    def _all_trips(self) -> Iterator[Record]:
        known = services.read(self._package)
        names = list(self._stops)
        repeated = self._repeated()
        for trip in self._trips.values():
            calls = self._calls.pop(trip.trip_id)
            yield TransitTrip(
                record=trip.record,
                trip_id=trip.trip_id,
                route_id=trip.route_id,
                service=known.get(trip.service_id) or Service(trip.service_id),
                headsign=trip.headsign,
                direction_id=trip.direction_id,
                shape_id=trip.shape_id,
                stop_ids=[names[place] for place in calls.stops],
                sequences=calls.sequences.tolist(),
                arrivals=[told(seconds) for seconds in calls.arrivals],
                departures=[told(seconds) for seconds in calls.departures],
                is_repeated=trip.trip_id in repeated,
            )

    def _repeated(self) -> Set[str]:
        """Return the ids of trips that run again and again; a row that is none says nothing."""
        rows = (cells for _, cells in self._package.table("frequencies").records())
        return {cells.get("trip_id", "") for cells in rows if not isinstance(cells, csv.Error)}


def _excerpt(row: Row) -> str:
    return ",".join(row) if isinstance(row, list) else ""


def _rejected(record: str, why: Rejection, told: str, name: str | None) -> Rejected:
    """Set a row aside; only a stop's may be without a name: it may be any of those that are no longer listed."""
    return Rejected(
        record=record, reason=why.reason, detail=why.detail, external_id=name, excerpt=told[:_EXCERPT]
    )
