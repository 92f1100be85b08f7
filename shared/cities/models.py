"""The cities this platform serves and the areas people know them by."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, CreatedAt, Id


class City(Base):
    """A city as its pack under `deploy/cities` describes it."""

    __tablename__ = "cities"

    slug: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    #: IANA zone; naive times of the city's publishers are read in it.
    timezone: Mapped[str]
    #: Everything else of the pack: bounds, centre, zoom, attribution, report categories.
    config: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]


class Area(Base):
    """A borough, ward or district; `geometry` is GeoJSON in CRS84."""

    __tablename__ = "areas"
    __table_args__ = (
        UniqueConstraint("city", "slug"),
        Index("ix_areas_cells", "cells", postgresql_using="gin"),
    )

    id: Mapped[Id]
    city: Mapped[str] = mapped_column(ForeignKey("cities.slug", ondelete="CASCADE"))
    slug: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(server_default="district")
    geometry: Mapped[dict[str, Any]]
    centroid: Mapped[tuple[float, float]]
    #: H3 cells of resolution 8 that touch the area: the prefilter before the exact test.
    cells: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
