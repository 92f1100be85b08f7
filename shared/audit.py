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
    #: The API key that spoke for the person.
    key_id: UUID | None = None


def audit(
    tx: Transaction, actor: Actor, action: str, *, subject: str = "", reason: str = "", **data: Any
) -> None:
    """
    Write one entry; `action` is `noun.verb`, `subject` the id of what was acted on.

    A person is named by their id alone: entries are never changed, so they must hold nothing that a
    person may ask us to forget. Who reads the log joins the accounts that are still there.
    """
    tx.execute(
        _INSERT,
        {
            "actor_id": actor.id,
            "actor": f"user {actor.id}" if actor.id else actor.name,
            "action": action,
            "subject": subject,
            "reason": reason,
            "data": json.dumps(data | ({"key_id": actor.key_id} if actor.key_id else {}), default=str),
            "request_id": actor.request_id,
        },
    )
