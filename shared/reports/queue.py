"""The queue of those who handle reports: what waits, since when, and how much of it there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, tuple_

from shared.db import Transaction
from shared.reports.models import Report
from shared.reports.queries import Page, cursor_of, position_of, staff_json
from shared.reports.rules import Status

#: What somebody still has to do something about.
OPEN = (Status.RECEIVED, Status.PUBLISHED, Status.IN_PROGRESS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports of a city: of a category, filed at or after `since` and before `before`."""

    city: str
    category: str | None = None
    since: datetime | None = None
    before: datetime | None = None

    def clauses(self) -> list[ColumnElement[bool]]:
        """Return what a report must fulfil."""
        found = [Report.city == self.city]
        if self.category is not None:
            found.append(Report.category == self.category)
        if self.since is not None:
            found.append(Report.created_at >= self.since)
        if self.before is not None:
            found.append(Report.created_at < self.before)
        return found


def list_queue(
    tx: Transaction,
    wanted: Wanted,
    *,
    statuses: Sequence[str] = (),
    newest_first: bool = False,
    limit: int,
    cursor: str | None = None,
) -> Page:
    """
    List reports as staff see them, those that wait longest first; also those that are not public yet.

    Raises: Invalid for a cursor that is not ours.
    """
    place = tuple_(Report.created_at, Report.id)
    query = select(Report).where(*wanted.clauses())
    if statuses:
        query = query.where(Report.status.in_(statuses))
    if cursor is not None:
        after = position_of(cursor)
        query = query.where(place < after if newest_first else place > after)
    columns = (Report.created_at, Report.id)
    query = query.order_by(*(each.desc() if newest_first else each.asc() for each in columns))
    reports = list(tx.scalars(query.limit(limit + 1)))
    more = len(reports) > limit
    reports = reports[:limit]
    return Page(staff_json(tx, reports), cursor_of(reports[-1]) if more else None)


def count_queue(tx: Transaction, wanted: Wanted) -> dict[str, Any]:
    """Count the reports of each status, and tell since when the oldest that is not done waits."""
    by = select(Report.status, func.count(), func.min(Report.created_at)).where(*wanted.clauses())
    found = {status: (count, oldest) for status, count, oldest in tx.execute(by.group_by(Report.status))}
    waiting = [found[each][1] for each in OPEN if each in found]
    return {
        "by_status": {str(each): found[each][0] if each in found else 0 for each in Status},
        "oldest_open": min(waiting, default=None),
    }
