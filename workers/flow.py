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
    messages: int
    jobs: int
    per_second: float = 0.0


@dataclass
class Flow:
    """
    What was left in Redis at the last look, of messages and of the jobs in them, and how fast it went.

    Only what takes both along is work: messages of jobs that were rung twice go without a job, and jobs that are
    to be rung again go without a message.
    """

    _queues: dict[str, _Queue] = field(default_factory=dict)

    def room(self, queue: str, slots: int, in_redis: int, jobs: int, now: float) -> int:
        """Return how many more messages may be rung, after noting how many lie there now, and how many jobs are rung."""
        seen = self._queues.setdefault(queue, _Queue(now, in_redis, jobs))
        passed = now - seen.seen_at
        if passed >= SHORTEST_SECONDS:
            drained = max(0, min(seen.messages - in_redis, seen.jobs - jobs)) / passed
            seen.per_second += NEWEST * (drained - seen.per_second)
            seen.seen_at, seen.messages, seen.jobs = now, in_redis, jobs
        return room(slots, seen.per_second, in_redis)

    def pushed(self, queue: str, messages: int, jobs: int) -> None:
        """Note what was rung since the last look."""
        self._queues[queue].messages += messages
        self._queues[queue].jobs += jobs
