"""Periodic messages, one table; feeds have schedules of their own, in their rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from shared.messages import (
    EraseAccounts,
    ForgetOld,
    Heartbeat,
    JudgeFeeds,
    Message,
    PruneJobs,
    Queue,
    TidyFeeds,
)

CatchUp = Literal["skip", "once", "all"]


@dataclass(frozen=True, slots=True)
class Periodic:
    """
    A message enqueued every `every_seconds`, on slots counted from the epoch.

    After a pause, `skip` takes none of the missed slots, `once` the newest, `all` each of them.
    """

    name: str
    message: Message
    every_seconds: int
    catch_up: CatchUp = "once"
    queue: Queue | None = None


SCHEDULE: tuple[Periodic, ...] = (
    *(Periodic(f"heartbeat-{queue}", Heartbeat(queue=queue), 10, "skip", queue) for queue in Queue),
    Periodic("judge-feeds", JudgeFeeds(), 5, "skip"),
    Periodic("tidy-feeds", TidyFeeds(), 3600, "once"),
    Periodic("prune", PruneJobs(), 600, "once"),
    Periodic("forget-old", ForgetOld(), 3600, "once"),
    Periodic("erase-accounts", EraseAccounts(), 600, "once"),
)


def slot_of(moment: datetime, every_seconds: int) -> datetime:
    """Return the newest slot at or before `moment`."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % every_seconds, UTC)


def due_slots(entry: Periodic, last: datetime | None, now: datetime) -> Iterator[datetime]:
    """Yield the slots of `entry` to enqueue now, given the last one that was."""
    newest = slot_of(now, entry.every_seconds)
    step = timedelta(seconds=entry.every_seconds)
    if last is None or last >= newest:
        if last is None:
            yield newest
        return
    missed = int((newest - last) / step)
    if entry.catch_up == "all":
        yield from (last + step * n for n in range(1, missed + 1))
    elif entry.catch_up == "once" or missed == 1 or now - newest < step / 2:
        yield newest
