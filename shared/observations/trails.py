"""Where a vehicle was lately, in the API's shape."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction
from shared.feeds.items import origins, times
from shared.observations.trips import listed_vehicle


def trail_of_vehicle(tx: Transaction, vehicle_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return where a vehicle was lately, the oldest first and where it is now last.

    Raises: NotFound.
    """
    vehicle = listed_vehicle(tx, vehicle_id)
    before = tx.execute(
        text(
            "SELECT t.point[0] AS lon, t.point[1] AS lat, t.at FROM vehicles v,"
            " unnest(v.trail, v.trail_times) WITH ORDINALITY AS t(point, at, number)"
            " WHERE v.id = :id ORDER BY t.number"
        ),
        {"id": vehicle_id},
    )
    places = [(row.lon, row.lat, row.at) for row in before]
    if vehicle.point is not None:
        places.append((*vehicle.point, vehicle.observed_at or vehicle.fetched_at))
    origin = origins(tx, [vehicle.feed_id], now)[vehicle.feed_id]
    return {
        "vehicle_id": str(vehicle.id),
        "items": [{"lon": lon, "lat": lat, "observed_at": rfc3339(at)} for lon, lat, at in places],
        "times": times(vehicle.observed_at, vehicle.fetched_at, vehicle.published_at),
        "freshness": origin.judge(vehicle.observed_at, False, now),
        "source": origin.source,
    }
