"""Reads of the audit log, which names people by their ids: here they have their addresses, while they have any."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction

#: Entries are numbered from 1, almost without gaps, and none is ever removed.
SEARCHED: Final = 100_000
_BEHIND_ALL: Final = text("SELECT coalesce(max(id), 0) + 1 FROM audit_log")
_LISTED: Final = text("""
SELECT a.id, a.at, coalesce(u.email, a.actor) AS actor, a.actor_id, a.action, a.subject, a.reason, a.data, a.request_id
FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id
WHERE a.id > :after AND a.id < :before
  AND (CAST(:action AS text) IS NULL OR a.action = :action OR starts_with(a.action, :action || '.'))
  AND (CAST(:subject AS text) IS NULL OR a.subject = :subject)
  AND (CAST(:actor_id AS uuid) IS NULL OR a.actor_id = :actor_id)
ORDER BY a.id DESC LIMIT :limit
""")


def list_entries(
    tx: Transaction,
    *,
    action: str | None,
    subject: str | None,
    actor_id: UUID | None,
    limit: int,
    before: int | None,
) -> tuple[list[dict[str, Any]], int | None]:
    """
    Return up to `limit` entries, newest first, and the id behind which the next page begins, none at the end.

    `action` is one (`feeds.change`) or a noun, which means all of its actions. What is looked for may be rare, and no
    index finds it: a page looks through `SEARCHED` entries and may hold fewer than `limit`, or none, before the end.
    """
    if before is None:
        before = tx.execute(_BEHIND_ALL).scalar_one()
    after = before - 1 - SEARCHED
    values = {
        "action": action,
        "subject": subject,
        "actor_id": actor_id,
        "limit": limit + 1,
        "after": after,
        "before": before,
    }
    rows = tx.execute(_LISTED, values).mappings().all()
    items = [{**row, "at": rfc3339(row["at"]), "subject": row["subject"] or None} for row in rows[:limit]]
    if len(rows) > limit:
        return items, items[-1]["id"]
    return items, after + 1 if after > 0 else None
