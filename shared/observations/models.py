"""Measured things (OGC SensorThings names), vehicles and trips."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DDL, Computed, DateTime, ForeignKey, Index, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, Id, Point


class ThingRow(Base):
    """A station, a sensor, a counter: something with a place that is observed."""

    __tablename__ = "things"
    __table_args__ = (
        UniqueConstraint("feed_id", "external_id"),
        Index("ix_things_point", "point", postgresql_using="gist"),
        Index("ix_things_city_kind", "city", "kind"),
    )

    id: Mapped[Id]
    city: Mapped[str]
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    external_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]
    point: Mapped[tuple[float, float] | None]
    properties: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    #: What its last observation said besides results: is it renting, is it installed.
    state: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    content_hash: Mapped[bytes]
    fetched_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]
    parser_version: Mapped[int] = mapped_column(server_default=text("1"))
    run_id: Mapped[UUID]
    missing_since: Mapped[datetime | None]


class Datastream(Base):
    """One observed property of one thing, with its latest result."""

    __tablename__ = "datastreams"
    __table_args__ = (
        UniqueConstraint("thing_id", "observed_property"),
        {"postgresql_with": {"fillfactor": "60"}},
    )

    id: Mapped[Id]
    thing_id: Mapped[UUID] = mapped_column(ForeignKey("things.id", ondelete="CASCADE"))
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), index=True)
    observed_property: Mapped[str]
    #: UCUM code, `1` for a plain count.
    unit: Mapped[str]
    result: Mapped[float | None]
    phenomenon_time: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]


class ObservationRow(Base):
    """One result at one moment; partitioned by `phenomenon_time`, retention drops partitions."""

    __tablename__ = "observations"
    __table_args__ = ({"postgresql_partition_by": "RANGE (phenomenon_time)"},)

    datastream_id: Mapped[UUID] = mapped_column(primary_key=True)
    phenomenon_time: Mapped[datetime] = mapped_column(primary_key=True)
    result: Mapped[float]
    run_id: Mapped[UUID]


class ObservationHour(Base):
    """The results of one hour in UTC summed up, in the transaction that stores them; charts read these."""

    __tablename__ = "observation_hours"
    __table_args__ = (
        Index("ix_observation_hours_start", "start", postgresql_using="brin"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    datastream_id: Mapped[UUID] = mapped_column(primary_key=True)
    start: Mapped[datetime] = mapped_column(primary_key=True)
    least: Mapped[float]
    most: Mapped[float]
    total: Mapped[float]
    count: Mapped[int]


class VehicleRow(Base):
    """A vehicle's latest position, and a short trail of those before it."""

    __tablename__ = "vehicles"
    __table_args__ = (
        UniqueConstraint("feed_id", "external_id"),
        # Nothing that moves with a vehicle is indexed: each of its positions would be added to all the indexes.
        Index("ix_vehicles_city", "city"),
        {"postgresql_with": {"fillfactor": "60"}},
    )

    id: Mapped[Id]
    city: Mapped[str]
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    external_id: Mapped[str]
    kind: Mapped[str]
    label: Mapped[str | None]
    route: Mapped[str | None]
    trip_id: Mapped[str | None]
    point: Mapped[tuple[float, float] | None]
    #: Degrees clockwise from north.
    bearing: Mapped[float | None]
    speed_mps: Mapped[float | None]
    properties: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    observed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime]
    content_hash: Mapped[bytes]
    parser_version: Mapped[int] = mapped_column(server_default=text("1"))
    run_id: Mapped[UUID]
    #: The publisher no longer lists it, since this moment.
    missing_since: Mapped[datetime | None]
    #: Where it was before, the oldest first, and when; lists do not read them.
    trail: Mapped[list[tuple[float, float]]] = mapped_column(
        ARRAY(Point), server_default=text("'{}'"), deferred=True
    )
    trail_times: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), server_default=text("'{}'"), deferred=True
    )


class TripUpdateRow(Base):
    """The latest prediction for one trip of one service day."""

    __tablename__ = "trip_updates"
    __table_args__ = (
        UniqueConstraint("feed_id", "external_id"),
        # Of a day's trips the few that are under way.
        Index("ix_trip_updates_listed", "feed_id", postgresql_where=text("missing_since IS NULL")),
    )

    id: Mapped[Id]
    city: Mapped[str]
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    #: trip_id and start_date, as `trip_id@start_date`; a frequency-based trip has its start_time in between.
    external_id: Mapped[str]
    trip_id: Mapped[str]
    start_date: Mapped[str | None]
    route: Mapped[str | None]
    vehicle: Mapped[str | None]
    delay_seconds: Mapped[int | None]
    #: [{stop_id, stop_sequence, arrival, departure, delay_seconds, relationship}], times RFC 3339.
    #: With a timetable also name, scheduled_arrival and scheduled_departure, is_approximate where these are
    #: interpolated, and the calls that it leaves out.
    stops: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    #: The stop_id of each stop, so that a feed's trips can be looked through without reading `stops`, which is long.
    #: It is never NULL, and must not be NOT NULL: staging tables take that over, and not what fills it.
    stop_ids: Mapped[list[Any] | None] = mapped_column(
        Computed("jsonb_path_query_array(stops, '$[*].\"stop_id\"'::jsonpath)", persisted=True)
    )
    properties: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    observed_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime]
    content_hash: Mapped[bytes]
    parser_version: Mapped[int] = mapped_column(server_default=text("1"))
    run_id: Mapped[UUID]
    #: The publisher no longer lists it, since this moment.
    missing_since: Mapped[datetime | None]


event.listen(
    ObservationRow.__table__,
    "after_create",
    DDL("CREATE TABLE IF NOT EXISTS observations_default PARTITION OF observations DEFAULT"),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped
)
