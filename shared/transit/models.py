"""What realtime messages refer to: the routes and trips of a timetable, and the days they run on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, Id


class Timetable(Base):
    """One whole package of a feed; a newer one replaces it at once, in the transaction that ends its run."""

    __tablename__ = "transit_timetables"
    __table_args__ = (
        Index("uq_transit_timetables_current", "feed_id", unique=True, postgresql_where=text("is_current")),
        Index("ix_transit_timetables_feed", "feed_id"),
    )

    id: Mapped[Id]
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    run_id: Mapped[UUID]
    fetched_at: Mapped[datetime]
    #: IANA name of the agencies' zone, in which the service days are counted.
    timezone: Mapped[str]
    #: service_id -> {weekdays: "1111100" from Monday, start, end, added, removed}, dates as YYYYMMDD.
    services: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    #: False while its run fills it, and for ever when that was cut short.
    is_current: Mapped[bool] = mapped_column(server_default=text("false"))


class TransitRoute(Base):
    """A line as riders know it."""

    __tablename__ = "transit_routes"

    timetable_id: Mapped[UUID] = mapped_column(
        ForeignKey("transit_timetables.id", ondelete="CASCADE"), primary_key=True
    )
    route_id: Mapped[str] = mapped_column(primary_key=True)
    agency: Mapped[str | None]
    short_name: Mapped[str | None]
    long_name: Mapped[str | None]
    #: Number of the GTFS standard: 0 tram, 1 subway, 2 rail, 3 bus, 4 ferry, 100 and up extended.
    route_type: Mapped[int]
    #: `RRGGBB`.
    color: Mapped[str | None]
    text_color: Mapped[str | None]
    #: GeoJSON of its most used shape in each direction.
    geometry: Mapped[dict[str, Any] | None]


class TransitTrip(Base):
    """A trip with all its calls, in parallel arrays in the order of `sequences`."""

    __tablename__ = "transit_trips"
    __table_args__ = (
        #: Messages may name a trip by its route and by when it leaves its first stop.
        Index(
            "ix_transit_trips_start", "timetable_id", "route_id", text("COALESCE(departures[1], arrivals[1])")
        ),
    )

    timetable_id: Mapped[UUID] = mapped_column(
        ForeignKey("transit_timetables.id", ondelete="CASCADE"), primary_key=True
    )
    trip_id: Mapped[str] = mapped_column(primary_key=True)
    route_id: Mapped[str]
    service_id: Mapped[str]
    headsign: Mapped[str | None]
    direction_id: Mapped[int | None]
    shape_id: Mapped[str | None]
    stop_ids: Mapped[list[str]] = mapped_column(ARRAY(Text))
    sequences: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    #: Seconds after "noon minus 12 h" of the service day; NULL between two stops whose times are known.
    arrivals: Mapped[list[int | None]] = mapped_column(ARRAY(Integer))
    departures: Mapped[list[int | None]] = mapped_column(ARRAY(Integer))
    #: It runs at a headway, by frequencies.txt: its times only tell how far apart its calls are.
    is_repeated: Mapped[bool] = mapped_column(server_default=text("false"))
