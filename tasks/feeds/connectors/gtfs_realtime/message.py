"""[p] A payload as a message: a protocol buffer, or the JSON and text that some agencies write of one."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from google.protobuf import text_format
from google.protobuf.message import DecodeError
from google.transit import gtfs_realtime_pb2 as gtfs

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.connectors.gtfs_realtime.spelled import fill
from tasks.feeds.reading.documents import json_of

_TEXT: Final = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s|#[^\n]*\n)*(?:header|entity)\s*[:{]")

#: An entity, or why what stands in its place is none.
Entity: TypeAlias = gtfs.FeedEntity | Rejection


class Message(NamedTuple):
    """A header, and what stands in the place of each entity."""

    header: gtfs.FeedHeader
    entities: Sequence[Entity]

    @property
    def readable(self) -> Sequence[gtfs.FeedEntity]:
        """Return the entities that are ones."""
        return [entity for entity in self.entities if not isinstance(entity, Rejection)]


def load(payload: Payload) -> Message:
    """
    Return the message of a payload; an entity that lacks what the format requires is set aside by itself.

    Raises: Malformed if it is no message in any of the forms, or has no whole header.
    """
    content = payload.read()
    try:
        message = _binary(content)
    except DecodeError as error:
        message = _spelled_out(content, payload.name, str(error))
    # Zero bytes are a protocol buffer, of nothing.
    if not message.header.IsInitialized():
        said = f"no whole header in {len(content)} bytes"
        raise Malformed(f"{payload.name}: no GTFS Realtime message: {said}")
    return message._replace(entities=[_whole(entity) for entity in message.entities])


def _binary(content: bytes) -> Message:
    message = gtfs.FeedMessage()
    message.ParseFromString(content)
    return Message(message.header, message.entity)


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
    return Message(message.header, message.entity)


def _json(document: Any, name: str) -> Message:  # Any: JSON of a publisher.
    # Gateways put the message into an envelope of their own.
    if "header" not in document and isinstance(document.get("response"), Mapping):
        document = document["response"]
    header, entities = document.get("header"), document.get("entity") or []
    if not isinstance(header, Mapping) or not isinstance(entities, list):
        raise Malformed(f"{name}: no GTFS Realtime message: JSON without a header or a list of entities")
    read = gtfs.FeedHeader()
    try:
        fill(read, header)
    except Rejection as why:
        raise Malformed(f"{name}: no GTFS Realtime message: {why.detail}") from None
    return Message(read, [_entity(entity) for entity in entities])


def _entity(said: Any) -> Entity:  # Any: as above.
    entity = gtfs.FeedEntity()
    try:
        fill(entity, said)
    except Rejection as why:
        return why
    return entity


def _whole(entity: Entity) -> Entity:
    if isinstance(entity, Rejection) or entity.IsInitialized():
        return entity
    missing: list[str] = entity.FindInitializationErrors()  # type: ignore[attr-defined]  # not in its stubs
    return Rejection("incomplete", f"without {', '.join(missing)}"[:200])
