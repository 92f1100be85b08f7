"""Keys by which a program speaks for a person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from shared.db import Base, CreatedAt, Id


class ApiKey(Base):
    """A key of a person's; the key itself is shown once and never kept."""

    __tablename__ = "api_keys"
    __table_args__ = (CheckConstraint("cardinality(scopes) > 0", name="scoped"),)

    id: Mapped[Id]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    #: The first characters of the key, by which its owner tells it from others.
    prefix: Mapped[str]
    #: sha256 of the whole key, hexadecimal; a key is random enough to need no slower hash.
    key_hash: Mapped[str] = mapped_column(unique=True)
    #: Permissions it was given; it holds those of them that its owner holds now.
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[CreatedAt]
    #: To the minute: a key in use is not a row written at each request.
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
