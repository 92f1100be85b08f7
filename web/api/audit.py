"""The audit log: who did what to what, when and why."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared.accounts.audited import list_entries
from shared.accounts.rules import Permission
from shared.db import transaction
from web.openapi import Answer, needs, noun
from web.paging import decode, encode
from web.params import DEFAULT_LIMIT, Cursor, Limit, Line, page

api = noun("audit", "Who did what to what, when and why")


class AuditQuery(BaseModel):
    """Of which action (`feeds.change`, or `feeds` for all of a noun), subject (an id) or person."""

    action: Line | None = None
    subject: Line | None = None
    actor_id: UUID | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class AuditEntry(BaseModel):
    """One act; `actor` is the address of an account that is still there, else the id that it had."""

    id: int
    at: datetime
    actor: str
    actor_id: UUID | None
    action: str
    subject: str | None
    reason: str | None
    data: dict[str, Any]
    request_id: str | None


class AuditList(BaseModel):
    """A page of acts, newest first; with a `next` there may be more, also behind a page that is short or empty."""

    items: list[AuditEntry]
    next: str | None


@api.get("/audit", responses={200: AuditList})
@needs(Permission.READ_AUDIT)
def list_audit(query: AuditQuery) -> Answer:
    """List what was done, newest first."""
    with transaction() as tx:
        items, last = list_entries(
            tx,
            action=query.action,
            subject=query.subject,
            actor_id=query.actor_id,
            limit=query.limit,
            before=decode(query.cursor),
        )
    return page(items, encode(last))
