"""
[p] GTFS Realtime: vehicle positions, trip updates and service alerts.

Options: `urls` names further messages of the same agency; `vehicle_kind` is what its vehicles are (`bus`),
`route_kinds` the exceptions by the beginning of a route id; `language` chooses among translations; `static` is the
slug of the city's feed whose timetable knows the names of what messages name.
Source: https://github.com/google/transit/blob/master/gtfs-realtime/spec/en/reference.md
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from shared.feeds.kinds.gtfs_realtime import GtfsRealtimeOptions
from tasks.feeds.connector import Described, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.connectors.gtfs_realtime import alerts, keys, moving
from tasks.feeds.connectors.gtfs_realtime import naming as naming
from tasks.feeds.connectors.gtfs_realtime.message import Message, load
from tasks.feeds.connectors.gtfs_realtime.modes import is_kind_told
from tasks.feeds.connectors.gtfs_realtime.modified import is_told_as_planned
from tasks.feeds.connectors.gtfs_realtime.names import Names
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.times import from_posix

_EXCERPT: Final = 500


def plan(source: Source) -> Plan:
    """Fetch the feed's message, then those of the option `urls`; there is no cursor."""
    urls = dict.fromkeys([source.url, *GtfsRealtimeOptions.read(source.options).urls])
    for number, url in enumerate(urls, start=1):
        yield with_credential(Request(f"message-{number}", url), source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per entity; an entity that holds both a trip update and a vehicle gives two.

    Raises: Malformed if a payload is no message or has no header; a header alone is a message.
    """
    options = GtfsRealtimeOptions.read(source.options)
    names = Names(source.timetable) if source.timetable else None
    messages = [(payload, load(payload)) for payload in payloads]
    shared = keys.shared(entity for _, message in messages for entity in message.readable)
    for payload, message in messages:
        published = _published(message)
        numbered = alerts.ids_are_positions(message)
        for number, entity in enumerate(message.entities):
            record = f"{payload.name}#{number}"
            if isinstance(entity, Rejection):
                yield Rejected(record=record, reason=entity.reason, detail=entity.detail)
                continue
            try:
                yield from _records(entity, record, _Told(published, numbered, shared, names), options)
            except Rejection as why:
                yield _rejected(entity, record, why)


def _published(message: Message) -> datetime | None:
    try:
        return from_posix(message.header.timestamp)
    except Rejection:
        return None


class _Told(NamedTuple):
    """What the message as a whole tells of each of its entities."""

    published: datetime | None
    numbered: bool
    shared: keys.Shared
    names: Names | None


def _records(
    entity: gtfs.FeedEntity, record: str, told: _Told, options: GtfsRealtimeOptions
) -> Iterator[Record]:
    if entity.is_deleted:
        # Only DIFFERENTIAL messages delete, whose behaviour the standard leaves open.
        raise Rejection("deleted", "the entity is marked as deleted")
    known = False
    if is_told_as_planned(entity.trip_update, told.shared.planned):
        known = True
        yield Described(record=record)
    elif entity.HasField("trip_update"):
        known = True
        update = moving.trip_update(entity.trip_update, record, told.published, told.shared)
        if told.names:
            told.names.trip_update(update, entity.trip_update)
        yield update
    if entity.HasField("vehicle"):
        known = True
        vehicle = moving.vehicle(entity.vehicle, record, told.published, options, told.shared)
        if told.names:
            is_told = is_kind_told(entity.vehicle.trip.route_id, options)
            told.names.vehicle(vehicle, entity.vehicle.trip, is_told)
        yield vehicle
    if entity.HasField("alert"):
        known = True
        alert = alerts.alert(entity, record, told.published, options.language or None, told.numbered)
        if told.names:
            told.names.alert(alert, entity.alert)
        yield alert
    if not known:
        if len(entity.ListFields()) < 2:
            raise Rejection("empty_entity", "the entity holds neither a trip update, a vehicle nor an alert")
        yield Described(record=record)


def _rejected(entity: gtfs.FeedEntity, record: str, why: Rejection) -> Rejected:
    return Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=str(entity)[:_EXCERPT])
