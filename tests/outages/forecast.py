"""[p] Forty publishers, and which of them fails in which minute and how."""

from dataclasses import dataclass
from typing import Final

#: Every fault a public server is known for; the names are the simulator's.
FAULTS: Final = (
    "timeout",
    "429-long",
    "500",
    "truncated",
    "stale",
    "html",
    "huge",
    "drip",
    "reset",
    "redirect-loop",
    "garbage",
    "bomb",
)
#: Faults after which nothing else is known to be wrong with the publisher: its breaker must open.
BREAKING: Final = frozenset(FAULTS) - {"stale", "429-long"}
#: What publishers are: kind of feed, page, and whether its entities tell when they were observed.
PAGES: Final = (
    ("gtfs_realtime", "/gtfs-rt/vehicles.pb", True),
    ("nws_alerts", "/nws/alerts", False),
    ("gbfs", "/gbfs/gbfs.json", True),
    ("news", "/news/rss.xml", False),
    ("weather", "/open-meteo/forecast", False),
)
PUBLISHERS: Final = 40
#: Of so many, one never fails.
STEADY_EACH: Final = 4
#: An outage outlasts the fifth failure in a row by a half-open try or two.
OUTAGE_MINUTES: Final = 9
FIRST_MINUTE: Final = 2
#: So long everybody is well again before the end.
CALM_MINUTES: Final = 4
SHORTEST_MINUTES: Final = FIRST_MINUTE + OUTAGE_MINUTES + CALM_MINUTES


@dataclass(frozen=True, slots=True)
class Publisher:
    """One publisher; `fault` is what it suffers in the minutes from `begins` on, none if it is steady."""

    number: int
    kind: str
    page: str
    is_timed: bool
    fault: str | None = None
    begins: int = 0

    @property
    def slug(self) -> str:
        """Return the name of its feed."""
        return f"feed-{self.number}"

    @property
    def ends(self) -> int:
        """Return the first minute in which it is well again."""
        return self.begins + OUTAGE_MINUTES if self.fault else 0

    def fault_in(self, minute: int) -> str | None:
        """Return what it suffers in a minute."""
        return self.fault if self.begins <= minute < self.ends else None


def publishers(minutes: int) -> list[Publisher]:
    """
    Return the publishers of so many minutes, their outages spread over them.

    A stale answer shows where entities tell when they were observed, so that falls to one of those.
    Raises: ValueError if there is no room for an outage.
    """
    if minutes < SHORTEST_MINUTES:
        raise ValueError(f"at least {SHORTEST_MINUTES} minutes")
    last = minutes - CALM_MINUTES - OUTAGE_MINUTES
    failing = PUBLISHERS - PUBLISHERS // STEADY_EACH
    found: list[Publisher] = []
    turn = 0
    for number in range(PUBLISHERS):
        kind, page, is_timed = PAGES[number % len(PAGES)]
        if number % STEADY_EACH == 0:
            found.append(Publisher(number, kind, page, is_timed))
            continue
        fault = FAULTS[turn % len(FAULTS)]
        begins = FIRST_MINUTE + turn * (last - FIRST_MINUTE) // (failing - 1)
        if fault == "stale":
            kind, page, is_timed = PAGES[0]
        found.append(Publisher(number, kind, page, is_timed, fault, begins))
        turn += 1
    return found
