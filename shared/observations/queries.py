"""Reads of things, their observations and vehicles for the API and for events, in the API's shapes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, exists, select, text, tuple_

from shared.clock import rfc3339
from shared.db import Transaction
from shared.errors import FieldProblem, Invalid, NotFound
from shared.feeds.items import Origin, moment, origins, times
from shared.feeds.paging import Page, cursor_after, read_cursor
from shared.geo import Box
from shared.observations.models import Datastream, ThingRow, VehicleRow
from shared.observations.rollups import read_hours
from shared.observations.trips import line_of
from shared.places import in_box

#: Sizes of buckets as the API names them, in seconds.
BUCKETS: Final = {"5m": 300, "1h": 3600, "1d": 86_400}
MOST_OBSERVATIONS: Final = 10_000
MOST_VEHICLES: Final = 10_000
_DEFAULT_SPAN: Final = timedelta(days=1)
#: Moments with a day on either side of them, in any zone.
_EARLIEST: Final = datetime.min.replace(tzinfo=UTC) + _DEFAULT_SPAN
_LATEST: Final = datetime.max.replace(tzinfo=UTC) - _DEFAULT_SPAN


@dataclass(frozen=True, slots=True)
class ThingFilter:
    """Which things to list: of one city, inside a box, that observe a property, anything at all or nothing."""

    city: str
    bbox: Box | None = None
    observed_property: str | None = None
    is_observed: bool | None = None

    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """Return SQL conditions."""
        found: list[ColumnElement[bool]] = [ThingRow.city == self.city]
        if self.bbox is not None:
            found.append(in_box(ThingRow.point, self.bbox))
        if self.observed_property:
            found.append(
                exists().where(
                    Datastream.thing_id == ThingRow.id,
                    Datastream.observed_property == self.observed_property,
                )
            )
        if self.is_observed is not None:
            has_any = exists().where(Datastream.thing_id == ThingRow.id)
            found.append(has_any if self.is_observed else ~has_any)
        return found


def list_things(tx: Transaction, chosen: ThingFilter, limit: int, cursor: str | None, now: datetime) -> Page:
    """
    Return up to `limit` things with their latest results, the last changed first.

    Raises: Invalid for a cursor that is none of ours.
    """
    wanted = select(ThingRow).where(*chosen.conditions())
    if cursor:
        wanted = wanted.where(tuple_(ThingRow.updated_at, ThingRow.id) < read_cursor(cursor))
    rows = tx.scalars(wanted.order_by(ThingRow.updated_at.desc(), ThingRow.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(_things(tx, rows[:limit], now), cursor_after(last.updated_at, last.id) if last else None)


def get_thing(tx: Transaction, thing_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return one thing.

    Raises: NotFound.
    """
    row = tx.get(ThingRow, thing_id)
    if row is None:
        raise NotFound(f"no thing {thing_id}")
    return _things(tx, [row], now)[0]


def _things(tx: Transaction, rows: Sequence[ThingRow], now: datetime) -> list[dict[str, Any]]:
    if not rows:
        return []
    found = origins(tx, (row.feed_id for row in rows), now)
    streams: dict[UUID, list[Datastream]] = {row.id: [] for row in rows}
    for stream in tx.scalars(
        select(Datastream).where(Datastream.thing_id.in_(streams)).order_by(Datastream.observed_property)
    ):
        streams[stream.thing_id].append(stream)
    return [_thing_json(row, streams[row.id], found[row.feed_id], now) for row in rows]


def _thing_json(
    row: ThingRow, streams: Sequence[Datastream], origin: Origin, now: datetime
) -> dict[str, Any]:
    observed_at = max((s.phenomenon_time for s in streams if s.phenomenon_time is not None), default=None)
    fetched_at = max((s.fetched_at for s in streams if s.fetched_at is not None), default=row.fetched_at)
    lon, lat = row.point or (None, None)
    return {
        "id": str(row.id),
        "city": row.city,
        "kind": row.kind,
        "external_id": row.external_id,
        "name": row.name,
        "lon": lon,
        "lat": lat,
        "properties": {**row.properties, **row.state},
        "datastreams": [_stream_json(stream) for stream in streams],
        "times": times(observed_at, max(fetched_at, row.fetched_at), row.published_at),
        "freshness": origin.judge(observed_at, row.missing_since is not None, now),
        "source": origin.source,
    }


def _stream_json(stream: Datastream) -> dict[str, Any]:
    return {
        "id": str(stream.id),
        "observed_property": stream.observed_property,
        "unit": stream.unit,
        "result": stream.result,
        "phenomenon_time": moment(stream.phenomenon_time),
    }


def list_observations(
    tx: Transaction,
    datastream_id: UUID,
    since: datetime | None,
    until: datetime | None,
    bucket: str | None,
    now: datetime,
) -> dict[str, Any]:
    """
    Return a datastream with its results in [since, until), the last day by default, oldest first.

    With a bucket (5m, 1h, 1d, in UTC) each item is start, min, max, mean and count; without one there are at
    most 10,000 results, the newest.
    Raises: NotFound; Invalid for another bucket, and for a span that ends before it has begun.
    """
    stream = tx.get(Datastream, datastream_id)
    if stream is None:
        raise NotFound(f"no datastream {datastream_id}")
    if bucket is not None and bucket not in BUCKETS:
        raise Invalid(
            f"bucket {bucket!r:.20} is not known", FieldProblem("bucket", "choice", "one of 5m, 1h, 1d")
        )
    if since is not None and until is not None and since >= until:
        raise Invalid("this span has no length", FieldProblem("to", "order", "must be later than `from`"))
    upper = _reckonable(until or now)
    lower = upper - _DEFAULT_SPAN if since is None else _reckonable(since)
    values = {"id": datastream_id, "since": lower, "until": upper}
    items = _buckets(tx, values, BUCKETS[bucket]) if bucket else _results(tx, values)
    return {"datastream": {**_stream_json(stream), "thing_id": str(stream.thing_id)}, "items": items}


def _reckonable(moment: datetime) -> datetime:
    """Return the nearest moment in UTC that can be reckoned with; beyond, nothing was ever measured."""
    return min(max(moment, _EARLIEST), _LATEST).astimezone(UTC)


def _results(tx: Transaction, values: dict[str, Any]) -> list[dict[str, Any]]:
    rows = tx.execute(
        text(
            "SELECT phenomenon_time, result FROM observations WHERE datastream_id = :id"
            " AND phenomenon_time >= :since AND phenomenon_time < :until"
            " ORDER BY phenomenon_time DESC LIMIT :most"
        ),
        {**values, "most": MOST_OBSERVATIONS},
    ).all()
    return [{"phenomenon_time": rfc3339(at), "result": result} for at, result in reversed(rows)]


def _buckets(tx: Transaction, values: dict[str, Any], seconds: int) -> list[dict[str, Any]]:
    values = {**values, "most": MOST_OBSERVATIONS}
    rows: Iterable[Any] = (
        read_hours(tx, values, seconds) if seconds % 3600 == 0 else _short(tx, values, seconds)
    )
    return [
        {"start": rfc3339(start), "min": least, "max": most, "mean": mean, "count": count}
        for start, least, most, mean, count in rows
    ]


def _short(tx: Transaction, values: dict[str, Any], seconds: int) -> Iterable[Any]:
    """Sum up results in buckets shorter than the hours that are kept."""
    return tx.execute(
        text(
            "SELECT date_bin(make_interval(secs => :seconds), phenomenon_time, 'epoch'::timestamptz) AS start,"
            " min(result), max(result), avg(result), count(*) FROM observations WHERE datastream_id = :id"
            " AND phenomenon_time >= :since AND phenomenon_time < :until GROUP BY 1 ORDER BY 1 LIMIT :most"
        ),
        {**values, "seconds": seconds},
    )


def list_vehicles(
    tx: Transaction,
    city: str,
    bbox: Box | None,
    kinds: Sequence[str],
    now: datetime,
    after: UUID | None = None,
) -> tuple[list[dict[str, Any]], UUID | None]:
    """
    Return the vehicles that a city's publishers list now, and the last one's id when there are more behind it.

    One without a position (a train under ground) is no vehicle on a map.
    """
    wanted = select(VehicleRow).where(
        VehicleRow.city == city, VehicleRow.missing_since.is_(None), VehicleRow.point.is_not(None)
    )
    if after is not None:
        wanted = wanted.where(VehicleRow.id > after)
    if bbox is not None:
        wanted = wanted.where(in_box(VehicleRow.point, bbox))
    if kinds:
        wanted = wanted.where(VehicleRow.kind.in_(kinds))
    rows = tx.scalars(wanted.order_by(VehicleRow.id).limit(MOST_VEHICLES + 1)).all()
    page = rows[:MOST_VEHICLES]
    found = origins(tx, (row.feed_id for row in page), now)
    last = page[-1].id if len(rows) > len(page) else None
    return [_vehicle_json(row, found[row.feed_id], now) for row in page], last


def _vehicle_json(row: VehicleRow, origin: Origin, now: datetime) -> dict[str, Any]:
    lon, lat = row.point or (None, None)
    return {
        "id": str(row.id),
        "external_id": row.external_id,
        "kind": row.kind,
        "label": row.label,
        "route": row.route,
        "lon": lon,
        "lat": lat,
        "bearing": row.bearing,
        "speed_mps": row.speed_mps,
        "trip_id": row.trip_id,
        **line_of(row.properties),
        "properties": row.properties,
        "times": times(row.observed_at, row.fetched_at, row.published_at),
        "freshness": origin.judge(row.observed_at, False, now),
        "source": origin.source,
    }


def moved_vehicles(tx: Transaction, vehicle_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return vehicles as `VehiclesMoved` tells them; those without a position are not told."""
    rows = tx.execute(
        text(
            "SELECT id, external_id, kind, label, route, point[0] AS lon, point[1] AS lat, bearing, observed_at,"
            " properties->>'route_name' AS route_name, properties->>'route_color' AS route_color,"
            " properties->>'headsign' AS headsign FROM vehicles WHERE id = ANY(:ids) AND point IS NOT NULL"
        ),
        {"ids": list(vehicle_ids)},
    )
    return [_moved(row) for row in rows]


def _moved(row: Row[Any]) -> dict[str, Any]:
    return {**row._mapping, "id": str(row.id), "observed_at": moment(row.observed_at)}
