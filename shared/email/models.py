"""Mail we owe, mail we sent, and the local mailbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, CreatedAt, Id


class Delivery(Base):
    """One email to one address; `dedupe_key` makes a second one impossible."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("dedupe_key"),
        #: Read for each mail that a stranger can cause: how many did this address get lately?
        Index("ix_deliveries_to_address_lower", text("lower(to_address)"), "created_at"),
        CheckConstraint(
            "state IN ('pending','sending','sent','delivered','bounced','dropped','failed','held')",
            name="state",
        ),
    )

    id: Mapped[Id]
    dedupe_key: Mapped[str]
    #: Folder under `tasks/email/templates`.
    template: Mapped[str]
    language: Mapped[str] = mapped_column(server_default="en")
    to_address: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    report_id: Mapped[UUID | None] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    #: What the template is filled with; emptied once sent, for it may hold a link that signs in.
    context: Mapped[dict[str, Any]]
    #: resend or hold, when a crash left it unknown whether the provider took it.
    when_unsure: Mapped[str] = mapped_column(server_default="hold")
    state: Mapped[str] = mapped_column(server_default="pending")
    provider_id: Mapped[str | None]
    error: Mapped[str | None]
    job_id: Mapped[UUID | None]
    created_at: Mapped[CreatedAt]
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class EmailEvent(Base):
    """One signed event of the provider, kept so that a repeated one changes nothing."""

    __tablename__ = "email_events"

    sg_event_id: Mapped[str] = mapped_column(primary_key=True)
    delivery_id: Mapped[UUID | None] = mapped_column(index=True)
    event: Mapped[str]
    reason: Mapped[str] = mapped_column(server_default="")
    at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Suppression(Base):
    """An address that gets no more mail: it bounced, or its owner complained."""

    __tablename__ = "email_suppressions"

    #: In lower case.
    address: Mapped[str] = mapped_column(primary_key=True)
    #: The provider's event: bounce, dropped, spamreport.
    reason: Mapped[str]
    at: Mapped[datetime]


class MailboxMessage(Base):
    """A mail kept for reading here, where no provider's key is set."""

    __tablename__ = "mailbox"

    id: Mapped[Id]
    delivery_id: Mapped[UUID | None] = mapped_column(unique=True)
    to_address: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str]
    html: Mapped[str]
    text: Mapped[str]
    headers: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[CreatedAt]
