"""[p] Each feed's own place in the round, so that a thousand feeds of one interval do not all come in one second."""

import hashlib
from datetime import UTC, datetime, timedelta
from math import gcd
from typing import Final
from uuid import UUID

from shared.feeds.rules import Pace, next_slot

#: Feeds that run more seldom keep their hour: they are moved within ten minutes and not over a whole day.
_LONGEST_ROUND_SECONDS: Final = 600
_STEP: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def own_slot(planned: datetime, feed_id: UUID, pace: Pace, now: datetime) -> datetime:
    """
    Return when a feed is due after its slot `planned` has come, at its own place in the round.

    A feed that keeps its place keeps its rhythm. One that does not yet, because it is new, fell behind or has another
    interval, is moved to its place by half a round at most, to later or to sooner, but never into the past.
    """
    slot = next_slot(planned, pace, now)
    rhythm = pace.rhythm_seconds
    seconds = rhythm if rhythm <= _LONGEST_ROUND_SECONDS else gcd(rhythm, _LONGEST_ROUND_SECONDS)
    whole = timedelta(seconds=seconds)
    off = (place(feed_id, seconds) - (slot - _EPOCH)) % whole
    moved = slot + (off if off <= whole / 2 else off - whole)
    return moved if moved > now else moved + whole


def place(feed_id: UUID, round_seconds: int) -> timedelta:
    """Return a feed's place in a round, the same every time, and spread evenly over many feeds."""
    digest = hashlib.sha256(feed_id.bytes).digest()
    return int.from_bytes(digest[:8], "big") * round_seconds * 1000 // 2**64 * _STEP
