"""
[p] Which fields the features of a run fill.

A publisher who renames a column breaks no row: titles, states or places are only gone. A field that most rows had
and none has now is told as lost, until it is back, an admin changes how the feed is read, or a week has shown that
it went for good.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from shared.feeds.models import Feed
from tasks.feeds.encoding.rows import FEATURE_BODY

#: Rows looked at, the first of a run; fewer than the least tell nothing.
MOST: Final = 500
LEAST: Final = 50
#: What lasts; when something ends, how bad it is and what it links differ from one day's rows to another's.
WATCHED: Final = ("title", "description", "status", "category", "address", "starts_at", "observed_at")
_PLACE: Final = "place"
_COLUMNS: Final = FEATURE_BODY.split(", ")
_SHARE: Final = 0.5
_BELIEVED: Final = timedelta(days=7)


class Filled:
    """Counts the first rows of a run, and of them those that fill each field."""

    def __init__(self) -> None:
        self._rows = 0
        self._counts: Counter[str] = Counter()
        self._titles: set[bytes] = set()

    def take(self, bodies: Iterable[bytes]) -> None:
        """Look at the bodies of rows, as far as there is room."""
        for body in islice(bodies, MOST - self._rows):
            self._rows += 1
            row: dict[str, bytes | None] = dict(zip(_COLUMNS, _values(body), strict=False))
            self._titles.add(row["title"] or b"")
            if row["title"] == row["external_id"]:
                row["title"] = None  # the name of what has none
            self._counts.update(name for name in WATCHED if row[name] is not None)
            # What is drawn as a shape has its point elsewhere.
            self._counts[_PLACE] += row["geometry"] is not None or row.get("point") is not None

    def shares(self) -> dict[str, float] | None:
        """Return the share of rows that fill each field; nothing of few rows. One title for all is none."""
        if self._rows < LEAST:
            return None
        filled = {name: round(self._counts[name] / self._rows, 3) for name in (*WATCHED, _PLACE)}
        return filled if len(self._titles) > 1 else filled | {"title": 0.0}


def _values(body: bytes) -> Iterator[bytes | None]:
    """Yield the fields of a body: each after its length, a negative one for NULL."""
    at = 0
    while at < len(body):
        size = int.from_bytes(body[at : at + 4], "big", signed=True)
        at += 4
        yield None if size < 0 else body[at : at + size]
        at += max(size, 0)


def drift_of(feed: Feed, filled: Filled, now: datetime) -> dict[str, Any]:
    """Return what a run of a feed changes of what is remembered of its fields."""
    shares = filled.shares()
    if shares is None:
        return {}
    lost = lost_fields(feed.filled, shares)
    if lost and (feed.drifted_since is None or now - feed.drifted_since < _BELIEVED):
        return {"drifted_since": feed.drifted_since or now, "lost_fields": lost}
    return {"filled": shares, "drifted_since": None, "lost_fields": []}


def lost_fields(before: Mapping[str, float], shares: Mapping[str, float]) -> list[str]:
    """Return the fields that most rows filled before, and that none fills now."""
    return [name for name, share in before.items() if share >= _SHARE and not shares.get(name)]
