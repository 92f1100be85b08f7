"""[p] The rules of the engine: numbers that every part of it agrees on."""

from datetime import datetime, timedelta

#: A lease is this long; a silent worker loses its job when it runs out.
LEASE_SECONDS = 30
#: A running job's lease is renewed this often.
BEAT_SECONDS = 10
#: A job rung in Redis and not claimed for this long is rung again.
STALE_SECONDS = 30
#: Relays look for silent workers this often, and for due jobs this often.
SWEEP_SECONDS = 5
POLL_SECONDS = 1
#: Jobs rung ahead for each worker slot: deep enough to keep it busy, shallow enough to lose.
WINDOW_PER_SLOT = 4
#: Where jobs are short that is too little, so as many are rung as are taken in this time.
WINDOW_SECONDS = 0.5
#: Jobs that end at once share a message, though each is claimed alone: as many as take this long together.
RIDE_SECONDS = 0.1
#: And no more than this, so that a lost message delays few.
RIDE_LIMIT = 64
#: A kind is known to end at once when its last ended jobs show it: so many at least, and no older than this.
RIDE_SAMPLE = 20
RIDE_MEMORY_SECONDS = 60
#: Riders that wait longer than this for the one before them are rung again, for another worker.
RIDER_PATIENCE_SECONDS = 1.0
#: A waiting job older than this is served by age, whatever its priority.
AGEING_SECONDS = 240
BACKOFF_CAP_SECONDS = 3600.0
#: A worker that is asked to end finishes what it has in hand within this time, and gives back the rest.
DRAIN_SECONDS = 25
#: Faults in a row that open the breaker of somebody outside, and how long it stays open before one call may try.
BREAKER_FAILURES = 5
BREAKER_SECONDS = 60
#: A call that tries and has not told how it went after this long is taken for lost: another may try.
PROBE_SECONDS = 15
#: A job of a kind that the worker's release does not know is looked at again after this long.
UNKNOWN_SECONDS = 60
KEEP_SUCCEEDED_DAYS = 7
KEEP_DEAD_DAYS = 90
PRUNE_BATCH = 1000
BULK_LIMIT = 1000

LIVE = ("scheduled", "queued", "running", "retryable")
ENDED = ("succeeded", "cancelled", "dead")


def backoff_seconds(attempt: int, jitter: float, retry_after_seconds: float | None = None) -> float:
    """
    Return how long to wait before the next attempt.

    Args: the attempt that failed, from 1; jitter in [0, 1); what the other side asked for.
    Returns: 2^attempt seconds capped at an hour, times 0.5 to 1.5, and never less than what was asked.
    """
    own: float = min(BACKOFF_CAP_SECONDS, 2.0 ** min(attempt, 12)) * (0.5 + jitter)
    return max(own, retry_after_seconds or 0.0)


def open_until(failures_in_a_row: int, now: datetime, seconds: float = BREAKER_SECONDS) -> datetime | None:
    """Return until when a breaker stays open: from the fifth failure in a row, a minute after each."""
    if failures_in_a_row < BREAKER_FAILURES:
        return None
    return now + timedelta(seconds=seconds)


def room(slots: int, drained_per_second: float, in_redis: int) -> int:
    """Return how many more messages of a queue may lie in Redis: a few a slot, or half a second's worth."""
    return max(0, max(slots * WINDOW_PER_SLOT, int(drained_per_second * WINDOW_SECONDS)) - in_redis)


def riders(long_seconds: float) -> int:
    """Return how many jobs of a kind may share a message, given what nearly all of them took at most lately."""
    return max(1, min(RIDE_LIMIT, int(RIDE_SECONDS / max(long_seconds, 1e-6))))


def window(slots: int, largest_batch: int, outstanding: int) -> int:
    """Return how many more jobs of a queue may be rung now."""
    return max(0, slots * WINDOW_PER_SLOT * largest_batch - outstanding)
