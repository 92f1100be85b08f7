"""The same request asked again gets the same answer: `Idempotency-Key` on POSTs that make something."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from flask import request
from sqlalchemy import text

from shared.db import Transaction
from shared.errors import FieldProblem, Invalid
from web.gate import caller

HEADER = "Idempotency-Key"
_LONGEST = 255

_TAKE = text("""
INSERT INTO idempotency_keys (scope, key, request_hash, status, body)
VALUES (:scope, :key, :hash, 0, '{}') ON CONFLICT (scope, key) DO NOTHING RETURNING id
""")
_KEPT = text("SELECT request_hash, status, body FROM idempotency_keys WHERE scope = :scope AND key = :key")
_KEEP = text("UPDATE idempotency_keys SET status = :status, body = CAST(:body AS jsonb) WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer, and whether it was given before."""

    body: dict[str, Any]
    status: int
    is_repeat: bool


def once(tx: Transaction, said: Iterable[str], make: Callable[[], tuple[dict[str, Any], int]]) -> Answered:
    """
    Make the answer, or give the one that this key got before.

    The key and its answer are rows of the transaction that makes the thing: both are there or neither.
    A second request that comes while the first still works waits for it.
    Args: what the request said, so that the same key with another request is refused.
    Raises: Invalid for a malformed key, or one that was used for another request.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return Answered(*make(), is_repeat=False)
    if not (0 < len(key) <= _LONGEST and key.isascii() and key.isprintable()):
        raise Invalid("this is no key", FieldProblem(HEADER, "format", "1 to 255 printable characters"))
    who = caller()
    values = {
        "scope": f"{request.method} {request.url_rule}: {who.user_id if who else 'anonymous'}",
        "key": key,
        "hash": hashlib.sha256("\x1f".join(said).encode()).hexdigest(),
    }
    taken = tx.execute(_TAKE, values).scalar()
    if taken is None:
        return _kept(tx, values)
    body, status = make()
    tx.execute(_KEEP, {"id": taken, "status": status, "body": orjson.dumps(body).decode()})
    return Answered(body, status, is_repeat=False)


def _kept(tx: Transaction, values: dict[str, str]) -> Answered:
    row = tx.execute(_KEPT, values).one()
    if row.request_hash != values["hash"]:
        raise Invalid(
            "this key was used for another request", FieldProblem(HEADER, "unique", "take a new key")
        )
    return Answered(row.body, row.status, is_repeat=True)
