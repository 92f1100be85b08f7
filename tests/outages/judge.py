"""[p] What must hold of feeds whose publishers fail in turn, judged by what the publishers remember."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from tests.outages.forecast import BREAKING, Publisher
from tests.outages.publishers import Asked, Witness

#: Two and a half intervals without a good answer: nothing of the feed may be shown as fresh.
LATE_SECONDS: Final = 150
RETRY_AFTER_SECONDS: Final = 150
BREAKER_FAILURES: Final = 5
BREAKER_SECONDS: Final = 60
#: Moments are compared that two processes took one after the other.
_SLACK_SECONDS: Final = 5.0
WELL: Final = ("succeeded", "unchanged")


@dataclass(frozen=True, slots=True)
class Ran:
    """One run as its row tells it, and the bodies it read."""

    number: int
    state: str
    records: int
    accounted: int
    error: str | None
    bodies: tuple[str, ...]


@dataclass
class Seen:
    """What the API told over time, per publisher: when its breaker was open, and until when."""

    opened: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    freshness: dict[int, set[str]] = field(default_factory=dict)


def in_a_minute(one: Publisher, told: Mapping[str, Any], asked: Sequence[Asked], now: float) -> Iterator[str]:
    """Judge what the API tells of a feed at the end of a minute; `now` is the feeds' time."""
    good = [ask.at for ask in asked if ask.status in (200, 304) and ask.fault in (None, "stale")]
    newest = [ask.at for ask in asked if ask.status in (200, 304) and ask.fault is None]
    is_fresh = told["freshness"] == "fresh"
    if is_fresh and (not good or now - good[-1] > LATE_SECONDS + _SLACK_SECONDS):
        yield f"{one.slug}: told as fresh {now - good[-1] if good else now:.0f} s after the last good answer"
    if is_fresh and one.kind == "gtfs_realtime" and now - newest[-1] > LATE_SECONDS + _SLACK_SECONDS:
        yield f"{one.slug}: told as fresh with vehicles seen {now - newest[-1]:.0f} s ago"
    is_open = told["open_until"] is not None
    if is_open != (told["failures_in_a_row"] >= BREAKER_FAILURES):
        yield f"{one.slug}: {told['failures_in_a_row']} failures in a row, open until {told['open_until']}"
    if is_open:
        yield from _half_opens(one, told)


def _half_opens(one: Publisher, told: Mapping[str, Any]) -> Iterator[str]:
    until, ran = moment(told["open_until"]), told["last_run"]
    wait = until - moment(ran["finished_at"])
    if wait > BREAKER_SECONDS + _SLACK_SECONDS:
        yield f"{one.slug}: its breaker stays open for {wait:.0f} s"
    if moment(told["next_run_at"]) > until + _SLACK_SECONDS:
        yield f"{one.slug}: half-opens at {told['open_until']} and tries only at {told['next_run_at']}"


def moment(text: str) -> float:
    """Read a time of the API."""
    return datetime.fromisoformat(text).timestamp()


def at_the_end(
    known: Sequence[Publisher], witness: Witness, seen: Seen, runs: Sequence[Ran], minutes: int
) -> Iterator[str]:
    """Judge the whole hour; `minutes` is how often the scheduler looked, with a minute between."""
    for one in known:
        asked, own = witness.of(one.number), [ran for ran in runs if ran.number == one.number]
        yield from _counts(one, own, witness)
        if one.fault is None:
            yield from _steady(one, own, minutes)
        yield from _left_alone(one, asked, seen.opened.get(one.number, []))
        yield from _retry_after(one, asked)
        if one.fault in BREAKING and not seen.opened.get(one.number):
            yield f"{one.slug}: {one.fault} for minutes, and its breaker was never seen open"
        if one.fault is not None and seen.freshness.get(one.number, set()) <= {"fresh"}:
            yield f"{one.slug}: {one.fault} for minutes, and it was told as fresh all the while"


def _counts(one: Publisher, runs: Sequence[Ran], witness: Witness) -> Iterator[str]:
    """Every record of every good answer that was read is accounted for."""
    for ran in runs:
        if ran.state != "succeeded" or one.kind in ("gbfs", "weather"):
            continue
        sent = sum(len(witness.held[sha256]) for sha256 in ran.bodies if sha256 in witness.held)
        if (sent, sent) != (ran.records, ran.accounted):
            yield f"{one.slug}: {sent} records sent, {ran.records} read, {ran.accounted} accounted for"


def _steady(one: Publisher, runs: Sequence[Ran], minutes: int) -> Iterator[str]:
    if abs(len(runs) - minutes) > 1:
        yield f"{one.slug} never failed: {len(runs)} runs, expected {minutes}"
    for ran in runs:
        if ran.state not in WELL:
            yield f"{one.slug} never failed: a run {ran.state}: {ran.error}"


def _left_alone(
    one: Publisher, asked: Sequence[Asked], opened: Sequence[tuple[float, float]]
) -> Iterator[str]:
    for since, until in opened:
        for ask in asked:
            if since < ask.at < until - 1.0:
                yield f"{one.slug}: asked {until - ask.at:.0f} s before its breaker half-opened"


def _retry_after(one: Publisher, asked: Sequence[Asked]) -> Iterator[str]:
    for before, after in pairwise(asked):
        waited = after.at - before.at
        if before.status == 429 and waited < RETRY_AFTER_SECONDS - 1.0:
            yield f"{one.slug}: asked again {waited:.0f} s after Retry-After: {RETRY_AFTER_SECONDS}"
