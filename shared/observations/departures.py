"""The next departures at a stop of a timetable, as the trip updates in force predict them, in the API's shape."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, exists, select, text

from shared.db import Transaction
from shared.errors import NotFound
from shared.feeds.items import Origin, moment, origins, pace_of, source_of, times
from shared.feeds.models import Feed
from shared.feeds.rules import feed_freshness
from shared.observations.models import ThingRow, TripUpdateRow
from shared.observations.queries import get_thing
from shared.observations.trips import line_of

MOST_DEPARTURES: Final = 50
HORIZON: Final = timedelta(hours=2)
_STOP: Final = "transit_stop"

# A call that ends its trip is no departure: it tells none, or the timetable has it leave as it arrives.
_NEXT: Final = text("""
WITH calls AS (
  SELECT u.feed_id, u.trip_id, u.start_date, u.route, u.properties, u.observed_at, u.published_at, u.fetched_at,
    c.call,
    CASE WHEN u.properties->>'relationship' = 'canceled' THEN 'canceled'
      ELSE coalesce(c.call->>'relationship', u.properties->>'relationship', 'scheduled') END AS relationship
  FROM trip_updates u
  CROSS JOIN LATERAL jsonb_array_elements(u.stops) WITH ORDINALITY AS c(call, number)
  WHERE u.feed_id = ANY(:feed_ids) AND u.missing_since IS NULL AND u.stop_ids ?| :stop_ids
    AND c.call->>'stop_id' = ANY(:stop_ids)
    AND NOT (c.number = jsonb_array_length(u.stops) AND CASE WHEN c.call ? 'scheduled_arrival'
      THEN coalesce(c.call->>'scheduled_departure', c.call->>'scheduled_arrival') = c.call->>'scheduled_arrival'
      ELSE NOT c.call ? 'departure' END)
), timed AS (
  SELECT calls.*, CAST(coalesce(call->>'scheduled_departure', call->>'scheduled_arrival') AS timestamptz) AS scheduled,
    CAST(CASE WHEN relationship NOT IN ('canceled', 'skipped')
      THEN coalesce(call->>'departure', call->>'arrival') END AS timestamptz) AS predicted
  FROM calls WHERE relationship <> 'deleted'
)
SELECT * FROM timed WHERE coalesce(predicted, scheduled) >= :now AND coalesce(predicted, scheduled) < :until
ORDER BY coalesce(predicted, scheduled), trip_id LIMIT :most""")


def list_departures(tx: Transaction, thing_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return a stop with the feeds that predict its departures, and at most 50 of these within two hours, soonest first.

    The feeds are those whose option `static` names the stop's timetable; a station has the departures of its
    platforms. What is past is left out, however old the prediction; each is as fresh as its feed and its own time.
    Raises: NotFound for what is no stop.
    """
    stop = tx.get(ThingRow, thing_id)
    if stop is None or stop.kind != _STOP:
        raise NotFound(
            f"no {_STOP} {thing_id}" if stop is None else f"thing {thing_id} is a {stop.kind}, no {_STOP}"
        )
    feeds = _feeds_of(tx, stop)
    found = origins(tx, (feed.id for feed in feeds), now)
    stop_ids = [stop.external_id, *_platforms(tx, stop)]
    values = {"feed_ids": list(found), "stop_ids": stop_ids, "now": now, "until": now + HORIZON}
    rows = tx.execute(_NEXT, {**values, "most": MOST_DEPARTURES}) if feeds else ()
    return {
        "thing": get_thing(tx, thing_id, now),
        "feeds": [_feed_json(feed, now) for feed in feeds],
        "items": [_departure_json(row, found[row.feed_id], now) for row in rows],
    }


def _feeds_of(tx: Transaction, stop: ThingRow) -> list[Feed]:
    """Return the feeds that speak of the stop's timetable and have ever predicted a trip."""
    slug = select(Feed.slug).where(Feed.id == stop.feed_id).scalar_subquery()
    predicts = exists().where(TripUpdateRow.feed_id == Feed.id)
    chosen = select(Feed).where(Feed.city == stop.city, Feed.options["static"].astext == slug, predicts)
    return list(tx.scalars(chosen.order_by(Feed.name, Feed.id)))


def _platforms(tx: Transaction, stop: ThingRow) -> list[str]:
    """Return the ids of a station's platforms; only a station has any."""
    if stop.properties.get("location_type") != "station":
        return []
    inside = ThingRow.properties["parent_station"].astext == stop.external_id
    return list(tx.scalars(select(ThingRow.external_id).where(ThingRow.feed_id == stop.feed_id, inside)))


def _feed_json(feed: Feed, now: datetime) -> dict[str, Any]:
    freshness = feed_freshness(feed.last_success_at, feed.newest_at, pace_of(feed), now)
    return {"freshness": freshness, "source": source_of(feed)}


def _departure_json(row: Row[Any], origin: Origin, now: datetime) -> dict[str, Any]:
    is_predicted = row.predicted is not None
    return {
        "trip_id": row.trip_id,
        "start_date": row.start_date,
        "route": row.route,
        **line_of(row.properties),
        "stop_id": row.call["stop_id"],
        "stop_name": row.call.get("name"),
        "scheduled": moment(row.scheduled),
        "is_approximate": row.call.get("is_approximate", False),
        "predicted": moment(row.predicted),
        "delay_seconds": _delay(row) if is_predicted else None,
        "relationship": row.relationship,
        "times": times(row.observed_at, row.fetched_at, row.published_at),
        "freshness": origin.judge(row.observed_at, False, now),
        "source": origin.source,
    }


def _delay(row: Row[Any]) -> int | None:
    """Return how late it leaves, in seconds: as the two times have it, else as it is told."""
    told: int | None = row.call.get("delay_seconds")
    late: timedelta | None = row.scheduled and row.predicted - row.scheduled
    return told if late is None else round(late.total_seconds())
