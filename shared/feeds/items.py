"""The words that stand on every item a feed gave: where it comes from, its times, how fresh it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from shared.clock import rfc3339
from shared.db import Transaction
from shared.feeds.models import Feed
from shared.feeds.rules import Ages, Freshness, Pace, entity_freshness, fetch_freshness, worse


@dataclass(frozen=True, slots=True)
class Origin:
    """A feed as its items know it, judged once for all of them."""

    source: dict[str, Any]
    pace: Pace
    feed_freshness: Freshness

    def judge(self, observed_at: datetime | None, is_missing: bool, now: datetime) -> Freshness:
        """Judge one item by its own time, its feed, and whether the publisher still lists it."""
        listed: Freshness = "stale" if is_missing else "fresh"
        return worse(entity_freshness(observed_at, self.pace, now), self.feed_freshness, listed)

    def judge_lasting(self, is_missing: bool) -> Freshness:
        """Judge an item that does not age, such as a request filed last month: it is as fresh as its feed."""
        return worse(self.feed_freshness, "stale" if is_missing else "fresh")


def pace_of(feed: Feed) -> Pace:
    """Return how a feed is read."""
    ages = Ages(feed.late_seconds, feed.stale_seconds, feed.dead_seconds)
    return Pace(feed.interval_seconds, ages, feed.ttl_seconds)


def is_new(feed: Feed) -> bool:
    """Tell whether the first run of a feed has not ended yet, well or badly: nothing is known of it."""
    return feed.last_success_at is None and feed.failures_in_a_row == 0


def source_of(feed: Feed) -> dict[str, Any]:
    """Return the `source` block of a feed's items."""
    return {
        "feed_id": str(feed.id),
        "name": feed.name,
        "kind": feed.kind,
        "attribution": feed.attribution,
        "license": feed.license,
        "url": feed.url,
        "simulated": feed.simulated,
    }


def origins(tx: Transaction, feed_ids: Iterable[UUID], now: datetime) -> dict[UUID, Origin]:
    """Return the feeds behind some items, one query for all."""
    wanted = set(feed_ids)
    if not wanted:
        return {}
    return {
        feed.id: Origin(
            source_of(feed), pace_of(feed), fetch_freshness(feed.last_success_at, pace_of(feed), now)
        )
        for feed in tx.scalars(select(Feed).where(Feed.id.in_(wanted)))
    }


def times(
    observed_at: datetime | None, fetched_at: datetime, published_at: datetime | None
) -> dict[str, str | None]:
    """Return the `times` block of an item."""
    return {
        "observed_at": moment(observed_at),
        "fetched_at": rfc3339(fetched_at),
        "published_at": moment(published_at),
    }


def moment(value: datetime | None) -> str | None:
    """Write a moment that may be unknown."""
    return None if value is None else rfc3339(value)
