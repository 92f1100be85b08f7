"""
The oracle: a file that handlers append to, beside the database and independent of it.

One line is one write of less than a page with O_APPEND, so lines of many processes never mix and a
killed process leaves at most no line.
"""

import json
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from tasks.base import Job

VARIABLE = "CHAOS_ORACLE"
#: started: claimed and in the handler's hands. finished: its end was committed. refused: its end was
#: fenced. stopped: it was cancelled or failed.
What = Literal["started", "finished", "refused", "stopped"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing a handler saw; `t` is the machine's monotonic clock in seconds, one for all processes."""

    what: What
    job: str
    attempt: int
    token: str
    pid: int
    t: float


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault: when it hit, and the processes it ended, if it ended any."""

    t: float
    pids: frozenset[int] = frozenset()


def note(job: Job, what: What) -> None:
    """Append what a handler saw, when somebody listens."""
    path = os.environ.get(VARIABLE)
    if not path:
        return
    entry = Entry(what, str(job.id), job.attempt, str(job.lease.token), os.getpid(), time.monotonic())
    line = json.dumps(asdict(entry)).encode() + b"\n"
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, line)
    finally:
        os.close(file)


def read(path: Path) -> list[Entry]:
    """Return every entry in the order it was written; one that is just being written is seen next time."""
    if not path.exists():
        return []
    written = path.read_text()
    return [Entry(**json.loads(line)) for line in written[: written.rfind("\n") + 1].splitlines()]


def in_hand(history: Iterable[Entry], moment: float = float("inf")) -> dict[str, Entry]:
    """Return token -> start of what was begun and not ended at `moment`."""
    open_: dict[str, Entry] = {}
    for entry in history:
        if entry.t > moment:
            continue
        if entry.what == "started":
            open_[entry.token] = entry
        else:
            open_.pop(entry.token, None)
    return open_


def restarts(history: Sequence[Entry], strikes: Iterable[Strike]) -> list[float]:
    """Return, for each job that a strike interrupted, the seconds until it was begun again."""
    took = []
    for strike in strikes:
        for begun in in_hand(history, strike.t).values():
            if begun.pid not in strike.pids:
                continue
            again = [
                entry.t
                for entry in history
                if entry.what == "started" and entry.job == begun.job and entry.t > strike.t
            ]
            if again:
                took.append(min(again) - strike.t)
    return took


def resumptions(history: Sequence[Entry], strikes: Iterable[Strike]) -> list[float]:
    """Return, for each strike, the seconds until any job was begun after it."""
    starts = sorted(entry.t for entry in history if entry.what == "started")
    return [min(after) - strike.t for strike in strikes if (after := [t for t in starts if t > strike.t])]


def runs(history: Iterable[Entry]) -> dict[str, int]:
    """Return job -> how often a handler began it."""
    counted: dict[str, int] = {}
    for entry in history:
        if entry.what == "started":
            counted[entry.job] = counted.get(entry.job, 0) + 1
    return counted
