"""The stream browsers follow: what happened, in an order that no late commit can slip behind."""

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, BigInteger, Identity, Index, event, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text, UserDefinedType

from shared.db import Base


class Xid8(UserDefinedType[int]):
    """Map Postgres `xid8`, a transaction id that never wraps, to int."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Name the column type."""
        return "XID8"

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        """Read the number out of its text."""
        return lambda value: None if value is None else int(value)


ischema_names["xid8"] = Xid8


class StreamEvent(Base):
    """
    One event; readers follow `(xid, id)` and stop before the oldest transaction still open.

    Identity values commit out of order, and so do transaction ids beside them; only the pair, read
    below the snapshot's horizon, is complete.
    """

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_position", "xid", "id"), Index("ix_events_at", "at"))

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    name: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class StreamState(Base):
    """One row: the stream's epoch, raised by a restore, and how far it was pruned."""

    __tablename__ = "stream_state"

    id: Mapped[int] = mapped_column(primary_key=True, server_default=text("1"))
    epoch: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    pruned_xid: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    pruned_id: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


event.listen(
    StreamState.__table__,
    "after_create",
    DDL("INSERT INTO stream_state (id) VALUES (1) ON CONFLICT DO NOTHING"),  # type: ignore[no-untyped-call]  # SQLAlchemy leaves DDL untyped
)
