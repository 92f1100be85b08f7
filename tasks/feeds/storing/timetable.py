"""Write a timetable beside the one in use, step by step, and put it in its place when its run ends."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import delete, insert, update

from shared.clock import new_id
from shared.db import Transaction
from shared.transit.models import Timetable
from tasks.feeds.connector import Scheduled, Service, TransitRoute, TransitTrip
from tasks.feeds.storing.copy import NULL, copy_lines, escaped
from tasks.feeds.storing.table import Writing

_ROUTES: Final = (
    "timetable_id, route_id, agency, short_name, long_name, route_type, color, text_color, geometry"
)
_TRIPS: Final = (
    "timetable_id, trip_id, route_id, service_id, headsign, direction_id, shape_id,"
    " stop_ids, sequences, arrivals, departures, is_repeated"
)


class WrittenTimetable:
    """
    The timetable that one run reads.

    Nobody sees it before the run's last transaction, which also removes the older one and what runs that were
    cut short have left. A run without routes leaves the one in use as it is.
    """

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._id: UUID | None = None
        self._services: dict[str, Service] = {}

    def put(self, tx: Transaction, rows: Sequence[Scheduled], is_last: bool) -> None:
        """Write some rows; with the last ones the timetable is the one in use."""
        routes = [row for row in rows if isinstance(row, TransitRoute)]
        trips = [row for row in rows if isinstance(row, TransitTrip)]
        if self._id is None and routes:
            self._begin(tx, routes[0].timezone)
        if self._id is None:
            return
        if routes:
            copy_lines(tx, "transit_routes", _ROUTES, [_lines(_route(self._id, row) for row in routes)])
        if trips:
            copy_lines(tx, "transit_trips", _TRIPS, [_lines(_trip(self._id, row) for row in trips)])
            self._services |= {row.service.service_id: row.service for row in trips}
        if is_last:
            self._replace(tx, self._id)

    def _begin(self, tx: Transaction, timezone: str) -> None:
        self._id = new_id()
        tx.execute(
            insert(Timetable).values(
                id=self._id,
                feed_id=self._writing.feed_id,
                run_id=self._writing.run_id,
                fetched_at=self._writing.fetched_at,
                timezone=timezone,
            )
        )

    def _replace(self, tx: Transaction, id_: UUID) -> None:
        of_feed = Timetable.feed_id == self._writing.feed_id
        tx.execute(delete(Timetable).where(of_feed, Timetable.id != id_))
        services = {name: asdict(service) for name, service in self._services.items()}
        tx.execute(update(Timetable).where(Timetable.id == id_).values(is_current=True, services=services))


def _lines(rows: Iterable[Iterator[str]]) -> bytes:
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def _route(timetable_id: UUID, row: TransitRoute) -> Iterator[str]:
    yield str(timetable_id)
    for value in (row.route_id, row.agency, row.short_name, row.long_name, str(row.route_type)):
        yield _text(value)
    yield _text(row.color)
    yield _text(row.text_color)
    yield _text(orjson.dumps(row.geometry).decode() if row.geometry else None)


def _trip(timetable_id: UUID, row: TransitTrip) -> Iterator[str]:
    yield str(timetable_id)
    for value in (row.trip_id, row.route_id, row.service.service_id, row.headsign):
        yield _text(value)
    yield NULL if row.direction_id is None else str(row.direction_id)
    yield _text(row.shape_id)
    yield _text("{" + ",".join(map(_quoted, row.stop_ids)) + "}")
    for numbers in (row.sequences, row.arrivals, row.departures):
        yield "{" + ",".join("NULL" if number is None else str(number) for number in numbers) + "}"
    yield "t" if row.is_repeated else "f"


def _text(value: str | None) -> str:
    return NULL if value is None else escaped(value.replace("\0", ""))


def _quoted(value: str) -> str:
    """Write an element of an array."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
