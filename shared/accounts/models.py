"""People and what they may do."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from shared.accounts.rules import Role
from shared.db import Base, CreatedAt, Id

__all__ = ["AccountToken", "Identity", "Role", "SignIn", "User"]


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
    #: When everything about this person will be removed, as they asked.
    erase_at: Mapped[datetime | None]
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
    #: When the person gave the password, or Google says that they gave theirs; none when it does not say.
    proven_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_why: Mapped[str | None]


class AccountToken(Base):
    """A link we mailed: whoever holds it reads that address. Good once, for a while, and kept as a hash only."""

    __tablename__ = "account_tokens"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("purpose IN ('verify','reset','email')", name="purpose"),
    )

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str]
    #: SHA-256 of the token.
    token_hash: Mapped[bytes]
    #: The address it was mailed to, and which it proves.
    email: Mapped[str]
    #: The password chosen with this registration (`verify`): proving the address takes this one and no other.
    password_hash: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    #: When it was used, or made void.
    used_at: Mapped[datetime | None]


class Identity(Base):
    """A way in through somebody else; the key is issuer and subject, for an address may change hands."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    #: Whom the person knows it by: google.
    provider: Mapped[str]
    issuer: Mapped[str]
    subject: Mapped[str]
    #: The address the provider told when it was linked; shown, and trusted for nothing.
    email: Mapped[str]
    created_at: Mapped[CreatedAt]
    used_at: Mapped[datetime] = mapped_column(server_default=func.now())
