"""Files people send, before and after they were cleaned."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, CreatedAt, Id


class Upload(Base):
    """One file: where its bytes lie, what it really is, and how far its work is."""

    __tablename__ = "uploads"
    __table_args__ = (CheckConstraint("state IN ('received','processing','ready','rejected')", name="state"),)

    id: Mapped[Id]
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    report_id: Mapped[UUID | None] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    job_id: Mapped[UUID | None]
    #: photo or dataset.
    purpose: Mapped[str]
    #: As the sender called it, made safe to show.
    filename: Mapped[str]
    #: As the bytes say, once looked at; as the sender said before.
    media_type: Mapped[str] = mapped_column(server_default="")
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None]
    #: Path of the received bytes under the storage root; null once they were deleted.
    path: Mapped[str | None]
    state: Mapped[str]
    #: Why it was rejected, a sentence for the sender.
    error: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    alt: Mapped[str] = mapped_column(server_default="")
    #: Size name -> {path, width, height, bytes}.
    sizes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    #: Where the photo says it was taken; never published, offered to its sender only.
    taken_at: Mapped[datetime | None]
    taken_point: Mapped[tuple[float, float] | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]
