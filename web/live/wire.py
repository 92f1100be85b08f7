"""[p] What goes over a socket: frames as bytes made once, and the client's words checked."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from shared.clock import rfc3339
from shared.stream.position import Cursor, Position, Stored

#: Opcodes of RFC 6455, section 5.2, with the FIN bit.
_TEXT, _CLOSE, _PING = 0x81, 0x88, 0x89
_LONGEST_REASON = 123

#: Close codes: RFC 6455, section 7.4.1, and its registry.
GOING_AWAY, PROTOCOL_ERROR, POLICY, TOO_BIG, TRY_LATER = 1001, 1002, 1008, 1009, 1013
RESTARTING = 1012

MAXIMUM_MESSAGE_BYTES = 4096
MAXIMUM_TOPICS = 64
_LONGEST_TOPIC = 120

Kind = Literal["hello", "subscribe", "unsubscribe", "ping", "pong"]
_KINDS = frozenset({"hello", "subscribe", "unsubscribe", "ping", "pong"})


class BadMessage(ValueError):
    """Say why a client's message cannot be understood."""


@dataclass(frozen=True, slots=True)
class ClientMessage:
    """What a client says."""

    type: Kind
    topics: tuple[str, ...] = ()
    token: str | None = None
    after: str | None = None


def frame(payload: bytes, opcode: int = _TEXT) -> bytes:
    """Return an unmasked frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((opcode, size)) + payload
    if size < 1 << 16:
        return bytes((opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((opcode, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int, reason: str) -> bytes:
    """Return the frame that ends a connection and says why."""
    told = reason.encode()[:_LONGEST_REASON].decode(errors="ignore").encode()
    return frame(code.to_bytes(2, "big") + told, _CLOSE)


def message_frame(**message: Any) -> bytes:
    """Return a message of ours as a frame."""
    return frame(json.dumps(message, separators=(",", ":")).encode())


def event_frame(epoch: int, event: Stored, topic: str) -> bytes:
    """Return an event as a frame; its data is put in as it is stored, without being read."""
    before = (
        f'{{"type":"event","id":"{Cursor(epoch, event.position)}","topic":{json.dumps(topic)},'
        f'"name":{json.dumps(event.name)},"data":'
    )
    return frame(f'{before}{event.data},"at":"{rfc3339(event.at)}"}}'.encode())


def welcome_frame(epoch: int, position: Position) -> bytes:
    """Return the answer to a good hello: from here on nothing is missed."""
    return message_frame(type="welcome", after=str(Cursor(epoch, position)))


def reset_frame(epoch: int, position: Position) -> bytes:
    """Return the word that events were missed: read afresh, then go on from here."""
    return message_frame(type="reset", after=str(Cursor(epoch, position)))


def error_frame(detail: str) -> bytes:
    """Return the word that something was not done, and why."""
    return message_frame(type="error", detail=detail)


#: Both kinds of ping: the protocol's, which browsers answer by themselves, and the page's own.
PINGS = frame(b"", _PING) + message_frame(type="ping")
PONG = message_frame(type="pong")


def read_message(text: str) -> ClientMessage:
    """
    Read what a client says.

    Raises: BadMessage with a sentence.
    """
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        raise BadMessage("a message must be JSON") from None
    if not isinstance(said, dict) or said.get("type") not in _KINDS:
        raise BadMessage(f"a message must have a type: {', '.join(sorted(_KINDS))}")
    return ClientMessage(
        said["type"], _topics(said.get("topics", [])), _text(said, "token"), _text(said, "after")
    )


def _topics(topics: Any) -> tuple[str, ...]:
    if not isinstance(topics, list) or len(topics) > MAXIMUM_TOPICS:
        raise BadMessage(f"topics must be a list of at most {MAXIMUM_TOPICS}")
    if not all(isinstance(topic, str) and 0 < len(topic) <= _LONGEST_TOPIC for topic in topics):
        raise BadMessage("a topic must be text such as city:london")
    return tuple(dict.fromkeys(topics))


def _text(said: dict[str, Any], name: str) -> str | None:
    value = said.get(name)
    if value is not None and not isinstance(value, str):
        raise BadMessage(f"{name} must be text")
    return value
