"""The audit log: who did what, why, in the transaction that did it."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction

_INSERT = text("""
INSERT INTO audit_log (actor_id, actor, action, subject, reason, data, request_id)
VALUES (:actor_id, :actor, :action, :subject, :reason, CAST(:data AS jsonb), :request_id)
""")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person, a key or the platform itself."""

    name: str
    id: UUID | None = None
    request_id: str | None = None


def audit(
    tx: Transaction, actor: Actor, action: str, *, subject: str = "", reason: str = "", **data: Any
) -> None:
    """Write one entry; `action` is `noun.verb`, `subject` the id of what was acted on."""
    tx.execute(
        _INSERT,
        {
            "actor_id": actor.id,
            "actor": actor.name,
            "action": action,
            "subject": subject,
            "reason": reason,
            "data": json.dumps(data, default=str),
            "request_id": actor.request_id,
        },
    )
