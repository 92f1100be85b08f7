"""[p] Places in the stream and the ids that name them on the wire."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

_CURSOR = re.compile(r"([0-9]{1,18})\.([0-9]{1,20})\.([0-9]{1,19})")
_XID_LIMIT = 1 << 64
_ID_LIMIT = 1 << 63


class Position(NamedTuple):
    """A place in the stream; the later of two is the greater."""

    xid: int
    id: int


START = Position(0, 0)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the stream of one epoch; a restore begins another."""

    epoch: int
    position: Position

    def __str__(self) -> str:
        """Write the id that an event bears on the wire."""
        return f"{self.epoch}.{self.position.xid}.{self.position.id}"


@dataclass(frozen=True, slots=True)
class StreamEnds:
    """How far the stream reaches: forgotten up to `pruned`, complete below the transaction `horizon`."""

    epoch: int
    pruned: Position
    newest: Position
    horizon: int


@dataclass(frozen=True, slots=True)
class Stored:
    """An event as it lies in the stream; `data` is JSON text, passed on as it is."""

    position: Position
    topics: tuple[str, ...]
    name: str
    data: str
    at: datetime


def parse_cursor(wire: str) -> Cursor | None:
    """Read an id from the wire; none when it is none of ours."""
    found = _CURSOR.fullmatch(wire) if wire.isascii() else None
    if found is None:
        return None
    epoch, xid, event_id = (int(part) for part in found.groups())
    if xid >= _XID_LIMIT or event_id >= _ID_LIMIT:
        return None
    return Cursor(epoch, Position(xid, event_id))


def can_resume(cursor: Cursor | None, ends: StreamEnds) -> bool:
    """
    Tell whether everything after a cursor can still be read.

    Not so for one of another epoch, one from before what was forgotten, and one that no event can bear yet.
    """
    return (
        cursor is not None
        and cursor.epoch == ends.epoch
        and cursor.position >= ends.pruned
        and cursor.position.xid < ends.horizon
    )
