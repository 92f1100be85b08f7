"""[p] What a feed's times mean: freshness, when to run next, when to leave a publisher alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

# A publisher is left alone by the rule by which everybody outside is.
from shared.jobs.rules import BREAKER_FAILURES as BREAKER_FAILURES
from shared.jobs.rules import BREAKER_SECONDS as BREAKER_SECONDS
from shared.jobs.rules import open_until as open_until

Freshness = Literal["fresh", "late", "stale", "dead"]

FeatureKind = Literal["service_request", "alert", "road_work", "event", "news"]
#: What a feature may be; lists of features are merged of these.
FEATURE_KINDS: Final[tuple[FeatureKind, ...]] = get_args(FeatureKind)

#: Kinds of vehicles that somebody rents.
RENTED_KINDS: Final = frozenset(("bicycle", "scooter", "moped", "car"))

#: From best to worst; the worse of two judgements is the one with the higher place.
ORDER: Final[tuple[Freshness, ...]] = ("fresh", "late", "stale", "dead")

#: Intervals without a good fetch after which a feed is late, stale, dead; never sooner than the seconds.
_LATE: Final = (2.5, 15)
_STALE: Final = (6.0, 120)
_DEAD: Final = (24.0, 900)

_BACKOFF_LIMIT_SECONDS: Final = 60.0

#: A publisher's ttl is honoured up to this long: a mistyped one must not silence a feed for a year.
LONGEST_TTL_SECONDS: Final = 3600

#: A run that lists fewer than this share of what was there, when there was this much, lost the rest by mistake.
_DROP_SHARE: Final = 0.5
_DROP_MINIMUM: Final = 20
#: A list that stays short for so many intervals, and at least so long, is true after all.
_ACCEPTED_INTERVALS: Final = 20
_ACCEPTED_SECONDS: Final = 3600
#: What vanished is pending for so many intervals, and at least so long, before it is withdrawn.
_GRACE_INTERVALS: Final = 3
_GRACE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Ages:
    """Ages in seconds at which the newest entity of a feed makes it late, stale, dead."""

    late_seconds: int
    stale_seconds: int
    dead_seconds: int

    def judge(self, age_seconds: float) -> Freshness:
        """Return the freshness of something that old."""
        if age_seconds >= self.dead_seconds:
            return "dead"
        if age_seconds >= self.stale_seconds:
            return "stale"
        return "late" if age_seconds >= self.late_seconds else "fresh"


@dataclass(frozen=True, slots=True)
class Pace:
    """How a feed is read: its interval, the publisher's ttl and the ages of its connector."""

    interval_seconds: int
    ages: Ages
    ttl_seconds: int | None = None

    @property
    def rhythm_seconds(self) -> int:
        """Return how often new content can be expected at most: our interval or the publisher's ttl."""
        return max(self.interval_seconds, min(self.ttl_seconds or 0, LONGEST_TTL_SECONDS))


def worse(*judgements: Freshness) -> Freshness:
    """Return the worst of judgements."""
    return max(judgements, key=ORDER.index)


def fetch_freshness(last_success_at: datetime | None, pace: Pace, now: datetime) -> Freshness:
    """Judge our own reading: how many intervals have passed without a good fetch; never read is dead."""
    if last_success_at is None:
        return "dead"
    age = (now - last_success_at).total_seconds()
    rhythm = pace.rhythm_seconds
    ages = (max(intervals * rhythm, seconds) for intervals, seconds in (_LATE, _STALE, _DEAD))
    late, stale, dead = map(int, ages)
    return Ages(late, stale, dead).judge(age)


def entity_freshness(observed_at: datetime | None, pace: Pace, now: datetime) -> Freshness:
    """
    Judge one entity by its own time; one without a time is as fresh as its feed.

    Between two reads an entity grows older by one rhythm through nobody's fault, so that much is allowed.
    """
    if observed_at is None:
        return "fresh"
    return pace.ages.judge((now - observed_at).total_seconds() - pace.rhythm_seconds)


def feed_freshness(
    last_success_at: datetime | None, newest_at: datetime | None, pace: Pace, now: datetime
) -> Freshness:
    """
    Judge a feed by the worse of its last good fetch and its newest entity.

    A fresh header does not make old vehicles fresh; a feed with no entities is judged by its fetches.
    """
    return worse(fetch_freshness(last_success_at, pace, now), entity_freshness(newest_at, pace, now))


def next_slot(planned: datetime | None, pace: Pace, now: datetime) -> datetime:
    """
    Return when a feed that ran well is due again.

    Slots keep their rhythm when runs are on time; a feed that fell behind starts a new rhythm at once
    and does not make up for what it missed.
    """
    step = timedelta(seconds=pace.rhythm_seconds)
    if planned is None or now - planned >= step or planned - now > step:
        return now + step
    return planned + step if planned <= now else planned


def retry_at(
    failures_in_a_row: int, pace: Pace, now: datetime, jitter: float, retry_after_seconds: float | None = None
) -> datetime:
    """
    Return when a feed that failed is due again.

    The wait doubles with every failure from a tenth of the interval up to a minute, or one interval
    when that is longer, times 0.5 to 1.5 (`jitter` in 0..1), so that feeds of one broken host spread out.
    Once the breaker is open no slot comes before it half-opens, and that of a feed of a minute or less comes just
    then. A publisher's own Retry-After is kept when it is longer.
    """
    limit = max(_BACKOFF_LIMIT_SECONDS, float(pace.interval_seconds))
    first = max(1.0, pace.interval_seconds / 10)
    wait = min(limit, first * 2 ** min(failures_in_a_row - 1, 16)) * (0.5 + jitter)
    if failures_in_a_row >= BREAKER_FAILURES:
        longest = wait if pace.interval_seconds > BREAKER_SECONDS else 0.0
        wait = max(longest, float(BREAKER_SECONDS))
    if retry_after_seconds is not None:
        wait = max(wait, min(retry_after_seconds, 86_400.0))
    return now + timedelta(seconds=wait)


def fresh_until(fetched_at: datetime, max_age_seconds: int | None) -> datetime | None:
    """Return until when a payload need not be asked for again, by the publisher's own word."""
    if not max_age_seconds or max_age_seconds < 0:
        return None
    return fetched_at + timedelta(seconds=min(max_age_seconds, LONGEST_TTL_SECONDS))


def is_sudden_drop(known: int, listed: int) -> bool:
    """Tell whether a complete list lost so much at once that it is more likely broken than true."""
    return known >= _DROP_MINIMUM and listed < known * _DROP_SHARE


def is_shrunk_for_good(shrunk_since: datetime, pace: Pace, now: datetime) -> bool:
    """Tell whether a list has been short for so long that it must be true."""
    wait = max(_ACCEPTED_SECONDS, _ACCEPTED_INTERVALS * pace.rhythm_seconds)
    return (now - shrunk_since).total_seconds() >= wait


def grace_seconds(pace: Pace) -> int:
    """Return how long something may be missing from a publisher's list before it is withdrawn."""
    return max(_GRACE_SECONDS, _GRACE_INTERVALS * pace.rhythm_seconds)
