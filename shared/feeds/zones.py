"""
Outlines of places that publishers name and do not draw, such as the zones of weather alerts.

Asked for once, kept here, and renewed after a month; any number of feeds share them.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Index, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, Transaction

RENEWED_AFTER: Final = timedelta(days=30)
_FIRST_WAIT: Final = timedelta(hours=1)
_LONGEST_WAIT: Final = timedelta(days=1)


class Zone(Base):
    """One zone, as its publisher last drew it, or what became of asking for it."""

    __tablename__ = "zones"
    __table_args__ = (Index("ix_zones_asked", "asked_at"),)

    url: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(server_default="")
    #: GeoJSON, CRS84, simplified for the map; null until it was fetched.
    geometry: Mapped[dict[str, Any] | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    #: When its publisher last gave it, or said that it is the same.
    fetched_at: Mapped[datetime | None]
    #: When it was last asked for, with or without an answer.
    asked_at: Mapped[datetime]
    #: Not to be asked for again before this moment.
    due_at: Mapped[datetime]
    failures_in_a_row: Mapped[int] = mapped_column(server_default=text("0"))
    #: Why it could not be had when it was last asked for.
    error: Mapped[str | None]


def known_zones(tx: Transaction, urls: Collection[str]) -> dict[str, Zone]:
    """Return the zones that were ever asked for."""
    found = tx.scalars(select(Zone).where(Zone.url.in_(urls))) if urls else ()
    return {zone.url: zone for zone in found}


def keep_zone(tx: Transaction, url: str, drawn: Mapping[str, Any], now: datetime) -> None:
    """Keep what a publisher said of a zone: any of name, geometry, etag, last_modified; due in a month."""
    told = {"fetched_at": now, "asked_at": now, "due_at": now + RENEWED_AFTER, "failures_in_a_row": 0}
    _put(tx, url, {**drawn, **told, "error": None})


def put_off(tx: Transaction, url: str, known: Zone | None, error: str, now: datetime) -> None:
    """Note that a zone could not be had, what is known of it stays; each time it waits longer, up to a day."""
    failures = (known.failures_in_a_row if known else 0) + 1
    wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 10), _LONGEST_WAIT)
    _put(
        tx,
        url,
        {"asked_at": now, "due_at": now + wait, "failures_in_a_row": failures, "error": error},
    )


def _put(tx: Transaction, url: str, values: Mapping[str, Any]) -> None:
    tx.execute(
        upsert(Zone).values(url=url, **values).on_conflict_do_update(index_elements=["url"], set_=values)
    )
