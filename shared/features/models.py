"""Features: things that happen in a city, and every version of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, Id
from shared.places import LAT, LON, STRIP

_LISTED = text("withdrawn_at IS NULL")


class FeatureRow(Base):
    """A service request, alert, road work, event or piece of news, as last published."""

    __tablename__ = "features"
    __table_args__ = (
        UniqueConstraint("feed_id", "external_id"),
        # Ascending, and read backwards by lists: new rows are then added at an index's end. Lists of
        # several kinds are merged: a further index of all rows would cost a first load a tenth more. Nor
        # does one hold what is closed, as most requests are: that is found in any list soon.
        Index("ix_features_listed", "city", "kind", "updated_at", "id", postgresql_where=_LISTED),
        Index(
            "ix_features_status",
            "city",
            "kind",
            text("lower(status)"),
            "updated_at",
            "id",
            postgresql_where=text("withdrawn_at IS NULL AND lower(status) <> 'closed'"),
        ),
        Index(
            "ix_features_withdrawn",
            "city",
            "kind",
            "updated_at",
            "id",
            postgresql_where=text("withdrawn_at IS NOT NULL"),
        ),
        Index("ix_features_strip", text(STRIP), text(LON), text(LAT), postgresql_include=["point"]),
        Index(
            "ix_features_missing",
            "feed_id",
            "missing_since",
            postgresql_where=text("missing_since IS NOT NULL AND withdrawn_at IS NULL"),
        ),
        Index(
            "ix_features_open",
            "feed_id",
            postgresql_where=text(
                "kind = 'service_request' AND lower(status) = 'open' AND withdrawn_at IS NULL"
            ),
        ),
    )

    id: Mapped[Id]
    city: Mapped[str]
    #: No foreign key: it would ask for the feed once a row; `lock_feed` asks once a chunk.
    feed_id: Mapped[UUID]
    #: The publisher's own id; (feed_id, external_id) is the natural key.
    external_id: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str | None]
    severity: Mapped[str | None]
    category: Mapped[str | None]
    address: Mapped[str | None]
    url: Mapped[str | None]
    #: GeoJSON, CRS84; null when the publisher gives no place, or a point that says no more than `point` does.
    geometry: Mapped[dict[str, Any] | None]
    #: A point on the geometry, (lon, lat).
    point: Mapped[tuple[float, float] | None]
    properties: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    #: When it was observed or last touched in the world, by the publisher's word.
    observed_at: Mapped[datetime | None]
    #: When the publisher published this version.
    published_at: Mapped[datetime | None]
    #: When we fetched this version.
    fetched_at: Mapped[datetime]
    #: When the row last changed here; lists are sorted by it.
    updated_at: Mapped[datetime]
    #: Of the row it was read from as it was sent, and of how that was read: equal, and it need not be read again.
    source_hash: Mapped[int | None] = mapped_column(BigInteger)
    #: XXH3, 128 bits, of the content, without the times of fetching.
    content_hash: Mapped[bytes]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    parser_version: Mapped[int] = mapped_column(server_default=text("1"))
    run_id: Mapped[UUID]
    #: The publisher no longer lists it, since this moment.
    missing_since: Mapped[datetime | None]
    #: It was withdrawn: missing for longer than the grace period, or cancelled.
    withdrawn_at: Mapped[datetime | None]


class FeatureVersion(Base):
    """What a feature looked like before a change: field -> [old, new]."""

    __tablename__ = "feature_versions"

    feature_id: Mapped[UUID] = mapped_column(ForeignKey("features.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    changed_at: Mapped[datetime]
    run_id: Mapped[UUID]
    changes: Mapped[dict[str, Any]]
