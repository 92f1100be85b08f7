"""API keys: made once, kept as a hash, never worth more than their owner is now."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select, text, update

from shared.accounts.models_keys import ApiKey
from shared.accounts.rules import Permission, Role, allows
from shared.accounts.service import Caller
from shared.audit import Actor, audit
from shared.clock import new_id, rfc3339
from shared.db import Transaction
from shared.errors import Conflict, FieldProblem, Invalid, NotFound

#: By this the gate tells a key from a token, and a scanner of leaked secrets finds one.
MARK: Final = "cpk_"
MOST_KEYS: Final = 20
_PREFIX_LENGTH: Final = len(MARK) + 6
_SECRET_BYTES: Final = 32
_USE_IS_NOTED_EVERY: Final = timedelta(minutes=1)

#: What a key can be given. Acts on the account itself are not among them: those ask for the person.
SCOPES: Final[dict[Permission, str]] = {
    Permission.PUBLIC: "Read what everybody may read, and report in your name",
    Permission.SEND_FILES: "Send files, and see what becomes of them",
    Permission.HANDLE_REPORTS: "Read and answer reports as staff",
    Permission.READ_RUNS: "Read the runs of feeds and what they rejected",
    Permission.MANAGE_FEEDS: "Add, change, run and remove feeds",
    Permission.READ_JOBS: "Read jobs and queues",
    Permission.MANAGE_JOBS: "Retry and cancel jobs, pause and resume queues",
    Permission.READ_AUDIT: "Read who did what",
    Permission.READ_MAILBOX: "Read the local mailbox",
}

_HOLDER = text("""
SELECT k.id AS key_id, k.scopes, k.last_used_at, u.id, u.email, u.name, u.role
FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.key_hash = :key_hash AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > :now)
  AND u.disabled_at IS NULL
""")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who speaks by a key, and what the key may do of all that they may."""

    caller: Caller
    key_id: UUID
    permissions: frozenset[Permission]


def scope_code(permission: Permission) -> str:
    """Return a permission's name as the API writes it."""
    return permission.value.replace(" ", "-")


def grantable(role: Role) -> list[Permission]:
    """Return what a person of this role may give a key."""
    return [permission for permission in SCOPES if allows(role, permission)]


def make_key(
    tx: Transaction,
    owner: Caller,
    actor: Actor,
    name: str,
    scopes: Sequence[str],
    expires_in: timedelta | None,
    now: datetime,
) -> tuple[dict[str, Any], str]:
    """
    Make a key; returns it in the API's shape, and the key itself, which is shown this once.

    Raises: Invalid for no scope or one its owner may not give, Conflict when there are too many keys.
    """
    given = _checked(scopes, owner.role)
    # One at a time for each person, so that the count below stays true.
    tx.execute(text("SELECT 1 FROM users WHERE id = :id FOR UPDATE"), {"id": owner.user_id})
    if tx.execute(select(func.count()).where(_live(owner.user_id, now))).scalar_one() >= MOST_KEYS:
        raise Conflict(f"you have {MOST_KEYS} keys: take one back before you make another")
    key = MARK + secrets.token_urlsafe(_SECRET_BYTES)
    made = ApiKey(
        id=new_id(),
        user_id=owner.user_id,
        name=name,
        prefix=key[:_PREFIX_LENGTH],
        key_hash=_hash(key),
        scopes=given,
        created_at=now,
        expires_at=now + expires_in if expires_in else None,
    )
    tx.add(made)
    tx.flush()
    audit(tx, actor, "accounts.make_key", subject=str(made.id), scopes=given)
    return _json(made), key


def keys_of(tx: Transaction, user_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return a person's keys that are still good, the newest first, in the API's shape."""
    found = tx.scalars(select(ApiKey).where(_live(user_id, now)).order_by(ApiKey.id.desc()))
    return [_json(key) for key in found]


def revoke_key(tx: Transaction, user_id: UUID, key_id: UUID, actor: Actor, now: datetime) -> None:
    """
    Take one of a person's own keys back; the next request by it is refused.

    Raises: NotFound, also for another's key and for one taken back before.
    """
    mine = (ApiKey.id == key_id) & (ApiKey.user_id == user_id) & ApiKey.revoked_at.is_(None)
    done = tx.execute(update(ApiKey).where(mine).values(revoked_at=now).returning(ApiKey.id)).first()
    if done is None:
        raise NotFound("this key is not here")
    audit(tx, actor, "accounts.revoke_key", subject=str(key_id))


def revoke_all_keys(tx: Transaction, user_id: UUID, actor: Actor, now: datetime, why: str) -> list[str]:
    """Take every key of a person back; returns how each of them began."""
    revoked = tx.execute(
        update(ApiKey).where(_live(user_id, now)).values(revoked_at=now).returning(ApiKey.id, ApiKey.prefix)
    ).all()
    for key in revoked:
        audit(tx, actor, "accounts.revoke_key", subject=str(key.id), reason=why)
    return [f"{key.prefix}…" for key in revoked]


def holder_of(tx: Transaction, key: str, now: datetime) -> Holder | None:
    """Return who speaks by a key, as they are now; none for a key that is unknown, over or taken back."""
    row = tx.execute(_HOLDER, {"key_hash": _hash(key), "now": now}).first()
    if row is None:
        return None
    if row.last_used_at is None or now - row.last_used_at >= _USE_IS_NOTED_EVERY:
        tx.execute(update(ApiKey).where(ApiKey.id == row.key_id).values(last_used_at=now))
    role = Role(row.role)
    held = frozenset(p for p in SCOPES if scope_code(p) in row.scopes and allows(role, p))
    # A key has no session: its own id stands where the session's would.
    return Holder(Caller(row.id, row.email, row.name, role, row.key_id), row.key_id, held)


def _checked(scopes: Sequence[str], role: Role) -> list[str]:
    allowed = [scope_code(permission) for permission in grantable(role)]
    if not scopes:
        raise Invalid("a key needs a scope", FieldProblem("scopes", "required", "choose one at least"))
    if unknown := sorted(set(scopes) - set(allowed)):
        rule = f"{', '.join(unknown)[:100]}: not yours to give; choose of {', '.join(allowed)}"
        raise Invalid("this scope cannot be given", FieldProblem("scopes", "one_of", rule))
    return [code for code in allowed if code in scopes]


def _live(user_id: UUID, now: datetime) -> Any:  # SQLAlchemy's own type of a condition is private
    is_over = ApiKey.expires_at.is_not(None) & (ApiKey.expires_at <= now)
    return (ApiKey.user_id == user_id) & ApiKey.revoked_at.is_(None) & ~is_over


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _json(key: ApiKey) -> dict[str, Any]:
    return {
        "id": str(key.id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "created_at": rfc3339(key.created_at),
        "last_used_at": rfc3339(key.last_used_at) if key.last_used_at else None,
        "expires_at": rfc3339(key.expires_at) if key.expires_at else None,
    }
