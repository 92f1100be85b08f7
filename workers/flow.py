"""[p] How fast each queue drains, as a relay sees it, and so how much may lie in Redis."""

from dataclasses import dataclass, field

from shared.jobs.rules import room

#: The share of the newest look in the moving average.
NEWEST = 0.3
#: Looks closer together than this say little.
SHORTEST_SECONDS = 0.01


@dataclass
class _Queue:
    seen_at: float
    left: int
    per_second: float = 0.0


@dataclass
class Flow:
    """What was left in Redis at the last look, and how fast it went."""

    _queues: dict[str, _Queue] = field(default_factory=dict)

    def room(self, queue: str, slots: int, in_redis: int, now: float) -> int:
        """Return how many more messages may be rung, after noting how many lie there now."""
        seen = self._queues.setdefault(queue, _Queue(now, in_redis))
        passed = now - seen.seen_at
        if passed >= SHORTEST_SECONDS:
            drained = max(0, seen.left - in_redis) / passed
            seen.per_second += NEWEST * (drained - seen.per_second)
            seen.seen_at, seen.left = now, in_redis
        return room(slots, seen.per_second, in_redis)

    def pushed(self, queue: str, messages: int) -> None:
        """Note that messages were rung since the last look."""
        self._queues[queue].left += messages
