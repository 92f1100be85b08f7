"""People and what they may do."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.accounts.rules import Role
from shared.db import Base, CreatedAt, Id

__all__ = ["Role", "SignIn", "User"]


class User(Base):
    """A person with an account."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email_lower", text("lower(email)"), unique=True),
        CheckConstraint("role IN ('resident','partner','staff','admin','ops')", name="role"),
    )

    id: Mapped[Id]
    email: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    #: argon2id, or none for an account that signs in elsewhere only.
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(server_default="resident")
    language: Mapped[str] = mapped_column(server_default="en")
    email_verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class SignIn(Base):
    """A session: one family of refresh tokens, of which only the newest is good."""

    __tablename__ = "sign_ins"

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    #: The `jti` of the refresh token that may be used next.
    refresh_jti: Mapped[str]
    user_agent: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[CreatedAt]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[str | None]
