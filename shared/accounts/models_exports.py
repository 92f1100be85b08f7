"""Copies of what we hold about a person, made for that person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, CreatedAt, Id


class Export(Base):
    """One ZIP of everything about a person, kept in storage for a few days."""

    __tablename__ = "exports"
    __table_args__ = (CheckConstraint("state IN ('working','ready','expired','failed')", name="state"),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[UUID | None]
    state: Mapped[str]
    #: Path under the storage root, random; none before it is ready and after it was deleted.
    path: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[CreatedAt]
    #: When the file is deleted.
    expires_at: Mapped[datetime | None]
