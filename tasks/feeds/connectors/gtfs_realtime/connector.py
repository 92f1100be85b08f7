"""
[p] GTFS Realtime: vehicle positions, trip updates and service alerts.

Options: `urls` names further messages of the same agency; `vehicle_kind` is what its vehicles are (`bus`),
`route_kinds` the exceptions by the beginning of a route id; `language` chooses among translations.
Source: https://github.com/google/transit/blob/master/gtfs-realtime/spec/en/reference.md
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import Described, Malformed, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.connectors.gtfs_realtime import alerts, moving
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.times import from_posix

_EXCERPT: Final = 500


def plan(source: Source) -> Plan:
    """Fetch the feed's message, then those of the option `urls`; there is no cursor."""
    urls = dict.fromkeys([source.url, *(str(url) for url in source.options.get("urls") or ())])
    for number, url in enumerate(urls, start=1):
        yield with_credential(Request(f"message-{number}", url), source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per entity; an entity that holds both a trip update and a vehicle gives two.

    Raises: Malformed if a payload is no protocol buffer or has no header; a header alone is a message.
    """
    messages = [(payload, _message(payload)) for payload in payloads]
    for payload, message in messages:
        published = _published(message)
        numbered = alerts.ids_are_positions(message)
        for number, entity in enumerate(message.entity):
            record = f"{payload.name}#{number}"
            try:
                yield from _records(entity, record, published, source, numbered)
            except Rejection as why:
                yield _rejected(entity, record, why)


def _message(payload: Payload) -> gtfs.FeedMessage:
    message = gtfs.FeedMessage()
    content = payload.read()
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise Malformed(f"{payload.name}: no GTFS Realtime message: {error}") from None
    if not message.IsInitialized() or not message.HasField("header"):
        raise Malformed(f"{payload.name}: no GTFS Realtime message: no whole header in {len(content)} bytes")
    return message


def _published(message: gtfs.FeedMessage) -> datetime | None:
    try:
        return from_posix(message.header.timestamp)
    except Rejection:
        return None


def _records(
    entity: gtfs.FeedEntity, record: str, published: datetime | None, source: Source, numbered: bool
) -> Iterator[Record]:
    if entity.is_deleted:
        # Only DIFFERENTIAL messages delete, whose behaviour the standard leaves open.
        raise Rejection("deleted", "the entity is marked as deleted")
    known = False
    if entity.HasField("trip_update"):
        known = True
        yield moving.trip_update(entity.trip_update, record, published)
    if entity.HasField("vehicle"):
        known = True
        yield moving.vehicle(entity.vehicle, record, published, source.options)
    if entity.HasField("alert"):
        known = True
        yield alerts.alert(entity, record, published, source.options.get("language"), numbered)
    if not known:
        if len(entity.ListFields()) < 2:
            raise Rejection("empty_entity", "the entity holds neither a trip update, a vehicle nor an alert")
        yield Described(record=record)


def _rejected(entity: gtfs.FeedEntity, record: str, why: Rejection) -> Rejected:
    return Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=str(entity)[:_EXCERPT])
