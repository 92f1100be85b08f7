"""[p] Pages by key: a cursor names the last row given, so that rows added meanwhile shift nothing."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.errors import FieldProblem, Invalid

DEFAULT_LIMIT = 50
MOST = 500


@dataclass(frozen=True, slots=True)
class Page:
    """
    Items of a list, and the cursor that goes on behind them, none at the end.

    `searched`: the page ends because so many were looked through, and what comes after was not looked at yet.
    """

    items: list[dict[str, Any]]
    next: str | None = None
    searched: int | None = None


def cursor_after(moment: datetime, id_: UUID) -> str:
    """Return the cursor behind a row of a list sorted by (moment, id)."""
    return base64.urlsafe_b64encode(f"{moment.isoformat()}|{id_}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """
    Return what a cursor names.

    Raises: Invalid when it is none of ours.
    """
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        moment, _, id_ = text.partition("|")
        position = datetime.fromisoformat(moment), UUID(id_)
    except (ValueError, binascii.Error) as error:
        raise _refusal() from error
    if position[0].tzinfo is None:
        raise _refusal()
    return position


def _refusal() -> Invalid:
    return Invalid("the cursor is not one of ours", FieldProblem("cursor", "cursor", "take it from `next`"))


def clamp(limit: int | None) -> int:
    """Return a page size between 1 and 500."""
    return max(1, min(DEFAULT_LIMIT if limit is None else limit, MOST))
