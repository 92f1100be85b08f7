"""The city's pulse: a few numbers now, and what each was every hour of the last day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from shared.cities.models import City
from shared.cities.queries import find_city
from shared.clock import rfc3339
from shared.db import Transaction
from shared.feeds.items import is_new, pace_of
from shared.feeds.models import Feed
from shared.feeds.rules import Freshness, feed_freshness, worse

HOURS: Final = 24
#: A feed's last word counts for so long; after that its value of an hour is unknown.
_CARRIED: Final = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Tile:
    """A number of the city: the sum of some of its feeds' totals."""

    key: str
    label: str
    unit: str
    totals: tuple[str, ...]


TILES: Final = (
    Tile("service_requests_open", "Open service requests", "1", ("service_requests_open",)),
    Tile("vehicles_live", "Vehicles on the move", "1", ("vehicles_live",)),
    Tile("bikes_available", "Bicycles to rent", "1", ("bikes_available", "bicycles")),
)
#: The only number that feeds of a kind can add to, if any; a feed of another kind may add to each of them.
ADDS_TO: Final[Mapping[str, str | None]] = {
    "gbfs": "bikes_available",
    "gtfs_realtime": "vehicles_live",
    "open311": "service_requests_open",
    **dict.fromkeys(
        ("air_quality", "cap", "gtfs_static", "icalendar", "legistar", "news", "nws_alerts", "weather")
    ),
}


def pulse(tx: Transaction, city: str, now: datetime) -> dict[str, Any]:
    """
    Return the tiles of a city; a tile that no feed of the city can fill is left out.

    A tile is as fresh as the least fresh feed it sums. An hour of which nothing is known is null. So is the
    freshness of a sum while a feed that may add to it was never read, and then a sum of nothing: it is not whole.
    Raises: NotFound for an unknown city.
    """
    place = find_city(tx, city)
    feeds = tx.scalars(select(Feed).where(Feed.city == city, Feed.paused.is_(False))).all()
    hours = _hours(now)
    history = _history(tx, [feed.id for feed in feeds if feed.totals], hours)
    tiles = [_tile(tile, feeds, history, hours, now) for tile in TILES]
    found = [tile for tile in tiles if tile is not None]
    found.append(_reports(tx, place, hours, now))
    return {"city": city, "at": rfc3339(now), "tiles": found}


def _hours(now: datetime) -> list[datetime]:
    """Return the starts of the last 24 hours, the current one last."""
    current = now.replace(minute=0, second=0, microsecond=0)
    return [current - timedelta(hours=back) for back in reversed(range(HOURS))]


def _history(
    tx: Transaction, feed_ids: Sequence[UUID], hours: Sequence[datetime]
) -> dict[tuple[UUID, datetime], Mapping[str, Any]]:
    """Return what each feed amounted to at the end of each hour, one look into the index each."""
    rows = tx.execute(
        text("""
        SELECT f.id, h.start, r.totals
        FROM unnest(CAST(:feeds AS uuid[])) AS f(id), unnest(CAST(:hours AS timestamptz[])) AS h(start), LATERAL (
          SELECT totals FROM feed_runs
          WHERE feed_id = f.id AND started_at < h.start + interval '1 hour'
            AND started_at >= h.start + interval '1 hour' - CAST(:carried AS interval)
            AND state IN ('succeeded', 'unchanged') AND reprocess_of IS NULL
          ORDER BY started_at DESC LIMIT 1) r"""),
        {"feeds": list(feed_ids), "hours": list(hours), "carried": _CARRIED},
    )
    return {(row.id, row.start): row.totals for row in rows}


def _tile(
    tile: Tile,
    feeds: Sequence[Feed],
    history: Mapping[tuple[UUID, datetime], Mapping[str, Any]],
    hours: Sequence[datetime],
    now: datetime,
) -> dict[str, Any] | None:
    counted = [feed for feed in feeds if any(name in feed.totals for name in tile.totals)]
    missed = [
        feed for feed in feeds if not feed.last_success_at and ADDS_TO.get(feed.kind, tile.key) == tile.key
    ]
    unread = [feed for feed in missed if not is_new(feed)]
    if not counted and missed == unread:
        return None
    value = _sum(tile, [feed.totals for feed in counted])
    judged: list[Freshness] = [
        feed_freshness(feed.last_success_at, feed.newest_at, pace_of(feed), now) for feed in counted
    ]
    series = [
        [rfc3339(hour), _sum(tile, [history.get((feed.id, hour), {}) for feed in counted])] for hour in hours
    ]
    return {
        "key": tile.key,
        "label": tile.label,
        "value": value or (None if missed else value),
        "unit": tile.unit,
        "series": series,
        "freshness": None if missed else worse(*judged),
        "unread": len(unread),
    }


def _sum(tile: Tile, totals: Sequence[Mapping[str, Any]]) -> float | None:
    known = [float(of[name]) for of in totals for name in tile.totals if name in of]
    return sum(known) if known else None


def _reports(tx: Transaction, place: City, hours: Sequence[datetime], now: datetime) -> dict[str, Any]:
    """Return the reports filed today by the city's clock, and by hour; our own, so always fresh."""
    midnight = now.astimezone(ZoneInfo(place.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = tx.execute(
        text("""
        SELECT date_bin('1 hour', created_at, :first) AS hour, count(*) AS n,
          count(*) FILTER (WHERE created_at >= :midnight) AS today
        FROM reports WHERE city = :city AND created_at >= least(:first, :midnight) GROUP BY 1"""),
        {"city": place.slug, "first": hours[0], "midnight": midnight},
    ).all()
    by_hour = {row.hour: row.n for row in rows}
    return {
        "key": "reports_today",
        "label": "Reports today",
        "value": sum(row.today for row in rows),
        "unit": "1",
        "series": [[rfc3339(hour), by_hour.get(hour, 0)] for hour in hours],
        "freshness": "fresh",
        "unread": 0,
    }
