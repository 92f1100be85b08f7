"""[p] A payload as a message: a protocol buffer, or the JSON and text that some agencies write of one."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.connectors.gtfs_realtime.modified import name_modified
from tasks.feeds.connectors.gtfs_realtime.spelled import fill, respelled, translated
from tasks.feeds.connectors.gtfs_realtime.starts import tidy
from tasks.feeds.connectors.gtfs_realtime.wire import parted
from tasks.feeds.reading.documents import json_of

_TEXT: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*(?:header|entity)\s*[:{]")

#: Entities of a message; those of a whole country's trains and buses are fewer.
MOST_ENTITIES = 100_000
#: Calls, informed entities, periods and texts of a message, all together.
MOST_PARTS = 2_000_000
#: Bytes of an entity that is read; a trip's are hundreds, those of an alert of a thousand stops ten thousands.
MOST_BYTES = 1024 * 1024
#: Bytes of an entity of which it is told which fields it lacks: there may be one for every two bytes.
_LITTLE: Final = 10_000
#: What a message is taken for that does not tell its version, by which nothing is read otherwise.
_VERSION: Final = "2.0"

#: An entity, or why what stands in its place is none.
Entity: TypeAlias = gtfs.FeedEntity | Rejection


class Message(NamedTuple):
    """A header, and what stands in the place of each entity, which is read anew each time it is asked for."""

    header: gtfs.FeedHeader
    entities: Iterable[Entity]

    @property
    def readable(self) -> Iterator[gtfs.FeedEntity]:
        """Yield the entities that are ones."""
        return (entity for entity in self.entities if not isinstance(entity, Rejection))


class _Packed:
    """The entities of a protocol buffer, of which one at a time is in memory."""

    def __init__(self, parts: Sequence[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[Entity]:
        for part in self._parts:
            if len(part) > MOST_BYTES:
                yield Rejection("too_large", f"an entity of {len(part):,} bytes; {MOST_BYTES:,} are the most")
            else:
                yield _whole(gtfs.FeedEntity.FromString(part))


def load(payload: Payload) -> Message:
    """
    Return the message of a payload; an entity that lacks what the format requires is set aside by itself.

    Raises: Malformed if it is no message in any of the forms, has no whole header, or too much in it.
    """
    content = payload.read()
    try:
        message = _binary(content, payload.name)
    except DecodeError as error:
        message = _spelled_out(content, payload.name, str(error))
    # Zero bytes are a protocol buffer, of nothing.
    if not message.header.IsInitialized():
        said = f"no whole header in {len(content)} bytes"
        raise Malformed(f"{payload.name}: no GTFS Realtime message: {said}")
    return message


def _binary(content: bytes, name: str) -> Message:
    rest, parts = parted(content, MOST_ENTITIES)
    _check_count(len(parts), name)
    header = gtfs.FeedMessage.FromString(rest).header
    message = Message(header, _Packed(parts))
    if sum(map(_parts_of, message.readable)) > MOST_PARTS:
        raise Malformed(f"{name}: more than {MOST_PARTS:,} calls, informed entities, periods and texts")
    return message


def _check_count(count: int, name: str) -> None:
    if count > MOST_ENTITIES:
        raise Malformed(f"{name}: more than {MOST_ENTITIES:,} entities")


def _parts_of(entity: gtfs.FeedEntity) -> int:
    calls = len(entity.trip_update.stop_time_update)
    if not entity.HasField("alert"):
        return calls
    said = entity.alert
    periods = (said.impact_period, said.active_period, said.communication_period)
    texts = (said.header_text, said.description_text, said.url, said.cause_detail, said.effect_detail)
    parts = (*(len(spans) for spans in periods), *(len(text.translation) for text in texts))
    return calls + len(said.informed_entity) + sum(parts)


def _spelled_out(content: bytes, name: str, why: str) -> Message:
    """Read JSON or text, if it is clearly that."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json(json_of(content, name), name)
    message = gtfs.FeedMessage()
    if not _TEXT.match(content):
        raise Malformed(f"{name}: no GTFS Realtime message: {why}")
    try:
        text_format.Parse(
            content.decode("utf-8-sig"), message, allow_unknown_extension=True, allow_unknown_field=True
        )
    except (text_format.ParseError, ValueError, RecursionError) as error:
        raise Malformed(f"{name}: no GTFS Realtime message: {error!s:.200}") from None
    return Message(message.header, [_whole(entity) for entity in message.entity])


def _json(document: Any, name: str) -> Message:  # Any: JSON of a publisher.
    # Gateways put the message into an envelope of their own.
    if "header" not in document and isinstance(document.get("response"), Mapping):
        document = document["response"]
    if "header" not in document:
        document = respelled(gtfs.FeedMessage.DESCRIPTOR, document)
    header, entities = document.get("header"), document.get("entity") or []
    if not isinstance(header, Mapping) or not isinstance(entities, list):
        raise Malformed(f"{name}: no GTFS Realtime message: JSON without a header or a list of entities")
    _check_count(len(entities), name)
    read = gtfs.FeedHeader()
    try:
        fill(read, header)
    except Rejection as why:
        raise Malformed(f"{name}: no GTFS Realtime message: {why.detail}") from None
    # Only a protocol buffer cannot be written without it.
    if read.timestamp and not read.gtfs_realtime_version:
        read.gtfs_realtime_version = _VERSION
    return Message(read, [_entity(entity) for entity in entities])


def _entity(said: Any) -> Entity:  # Any: as above.
    entity = gtfs.FeedEntity()
    try:
        fill(entity, translated(said))
    except Rejection as why:
        return why
    return _whole(entity)


def _whole(entity: gtfs.FeedEntity) -> Entity:
    if entity.IsInitialized():
        name_modified(entity)
        for trip in (entity.trip_update.trip, entity.vehicle.trip):
            tidy(trip)
        for one in entity.alert.informed_entity:
            tidy(one.trip)
        return entity
    if len(entity.SerializePartialToString()) > _LITTLE:
        return Rejection("incomplete", "without a required field")
    missing: list[str] = entity.FindInitializationErrors()  # type: ignore[attr-defined]  # not in its stubs
    return Rejection("incomplete", f"without {', '.join(missing)}"[:200])
