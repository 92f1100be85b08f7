"""What residents report, and everything that happened to it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, CreatedAt, Id


class Report(Base):
    """A problem a resident reported."""

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("city", "number"),
        Index("ix_reports_city_created", "city", text("created_at DESC"), text("id DESC")),
        Index("ix_reports_point", "point", postgresql_using="gist"),
        Index("ix_reports_public_point", "public_point", postgresql_using="gist"),
        CheckConstraint(
            "status IN ('received','published','in_progress','resolved','closed')", name="status"
        ),
    )

    id: Mapped[Id]
    city: Mapped[str] = mapped_column(ForeignKey("cities.slug"))
    #: Counts up per city; the reference people see is the city's prefix and this.
    number: Mapped[int] = mapped_column(BigInteger)
    category: Mapped[str]
    title: Mapped[str]
    description: Mapped[str] = mapped_column(server_default="")
    status: Mapped[str] = mapped_column(server_default="received")
    #: Where it is, (lon, lat), as exactly as it was told; for staff and triage.
    point: Mapped[tuple[float, float] | None]
    #: Where the public sees it: rounded by its category. Public queries look at nothing else, or a small
    #: enough box would find the exact place.
    public_point: Mapped[tuple[float, float] | None]
    address: Mapped[str] = mapped_column(server_default="")
    area_id: Mapped[UUID | None] = mapped_column(ForeignKey("areas.id", ondelete="SET NULL"), index=True)
    h3_8: Mapped[int | None] = mapped_column(BigInteger, index=True)
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    #: Where confirmations go; never shown.
    email: Mapped[str | None]
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))
    language: Mapped[str] = mapped_column(server_default="en")
    #: sha256 of the token in the reporter's link.
    token_hash: Mapped[str]
    #: Steps of the live stepper: [{key, state, at, detail}].
    steps: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    duplicate_of: Mapped[UUID | None] = mapped_column(ForeignKey("reports.id", ondelete="SET NULL"))
    supports: Mapped[int] = mapped_column(server_default=text("0"))
    job_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())


class ReportCounter(Base):
    """The last number given to a report of a city; its row lock makes numbers unique and without gaps."""

    __tablename__ = "report_counters"

    city: Mapped[str] = mapped_column(ForeignKey("cities.slug", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class ReportSupport(Base):
    """One person's "me too"; the key makes a second one impossible."""

    __tablename__ = "report_supports"

    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), primary_key=True)
    #: The account's id, or a hash that stands for a visitor.
    supporter: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class ReportUpdate(Base):
    """One entry of a report's append-only status history."""

    __tablename__ = "report_updates"

    id: Mapped[Id]
    report_id: Mapped[UUID] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    status: Mapped[str]
    note: Mapped[str] = mapped_column(server_default="")
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class IdempotencyKey(Base):
    """The answer a creating POST gave, so that the same request asked again gets the same answer."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    #: Route and caller.
    scope: Mapped[str]
    key: Mapped[str]
    #: Hash of the request body: the same key with another body is refused.
    request_hash: Mapped[str]
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    created_at: Mapped[CreatedAt]
