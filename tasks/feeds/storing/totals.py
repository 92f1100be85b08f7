"""What a feed amounts to after a run: how many of each it lists, and the sums of what it counts."""

# ruff: noqa: S608 - statements are put together from our own words only.

from typing import Any

from sqlalchemy import text

from shared.db import Transaction
from shared.feeds.models import Feed
from shared.feeds.rules import RENTED_KINDS
from tasks.feeds.storing.store import Store


def totals(tx: Transaction, store: Store, feed: Feed, withdrawn: int) -> dict[str, Any]:
    """
    Return the feed's totals: `features`, `things`, `vehicles`, `bikes_available`, ...

    What a feed never listed it has no total of: none of it is another thing than not knowing.
    Features are counted on from the last run, because a feed may have millions; the tidy job counts them
    anew. Everything else is counted as it stands.
    """
    found: dict[str, Any] = {}
    if store.seen["features"].size or "features" in feed.totals:
        found["features"] = max(0, int(feed.totals.get("features", 0)) + store.added["features"] - withdrawn)
        is_listed = "service_request" in store.kinds["features"]
        found |= _told(feed, "service_requests_open", _one(tx, feed, _OPEN), is_listed)
    if store.seen["vehicles"].size or "vehicles" in feed.totals:
        counted = tx.execute(text(_VEHICLES), {"feed_id": feed.id}).one()
        found["vehicles"] = counted.vehicles
        kinds = store.kinds["vehicles"]
        found |= _told(feed, "bicycles", counted.bicycles, "bicycle" in kinds)
        found |= _told(feed, "vehicles_live", counted.vehicles_live, bool(kinds - RENTED_KINDS))
    if store.seen["things"].size or "things" in feed.totals:
        found["things"] = _one(tx, feed, "SELECT count(*) FROM things WHERE feed_id = :feed_id" + _LISTED)
        found |= {row.name: row.total for row in tx.execute(text(_SUMS), {"feed_id": feed.id})}
    return found


def _told(feed: Feed, name: str, number: int, is_listed: bool) -> dict[str, int]:
    """Return a total, unless the feed lists none now, in this run, or before."""
    return {name: number} if number or is_listed or name in feed.totals else {}


_LISTED = " AND missing_since IS NULL"
_VEHICLES = """
SELECT count(*) AS vehicles,
  count(*) FILTER (WHERE kind = 'bicycle' AND properties->>'station_id' IS NULL
    AND properties->>'is_reserved' IS DISTINCT FROM 'true'
    AND properties->>'is_disabled' IS DISTINCT FROM 'true') AS bicycles,
  count(*) FILTER (WHERE kind NOT IN ('bicycle', 'scooter', 'moped', 'car')) AS vehicles_live
FROM vehicles WHERE feed_id = :feed_id AND missing_since IS NULL"""
_OPEN = """
SELECT count(*) FROM features WHERE feed_id = :feed_id
  AND kind = 'service_request' AND lower(status) = 'open' AND withdrawn_at IS NULL"""
_SUMS = """
SELECT d.observed_property AS name, sum(d.result) AS total FROM datastreams d JOIN things t ON t.id = d.thing_id
WHERE d.feed_id = :feed_id AND d.unit = '1' AND t.missing_since IS NULL AND d.result IS NOT NULL
GROUP BY d.observed_property"""


def _one(tx: Transaction, feed: Feed, sql: str) -> int:
    return int(tx.execute(text(sql), {"feed_id": feed.id}).scalar_one())
