"""Accounts and sessions: who somebody is, and for how long we believe it."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, text, update

from shared.accounts.addresses import clean_address
from shared.accounts.models import SignIn, User
from shared.accounts.passwords import (
    check_password_rules,
    hash_password,
    is_outdated,
    verify_password,
)
from shared.accounts.rules import Role
from shared.audit import Actor, audit
from shared.clock import new_id, rfc3339
from shared.db import Transaction
from shared.errors import NotFound

#: A session ends this long after it began, however often it was renewed (ASVS 7.3.2).
SESSION_LIFETIME = timedelta(days=30)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """A signed-in person, as the database knows them now."""

    user_id: UUID
    email: str
    name: str
    role: Role
    session_id: UUID
    #: When they proved to be this person in this session, if that is known.
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Renewal:
    """What came of a refresh token; `caller` is given when, and only when, it was good."""

    outcome: Literal["renewed", "ended", "reused"]
    caller: Caller | None = None


_SESSION = text("""
SELECT u.id, u.email, u.name, u.role, s.proven_at FROM sign_ins s JOIN users u ON u.id = s.user_id
WHERE s.id = :session_id AND s.user_id = :user_id AND s.revoked_at IS NULL AND s.expires_at > :now
  AND u.disabled_at IS NULL
""")

_GONE = text("""
SELECT w.session_id FROM unnest(CAST(:sessions AS uuid[]), CAST(:roles AS text[])) AS w(session_id, role)
LEFT JOIN sign_ins s ON s.id = w.session_id LEFT JOIN users u ON u.id = s.user_id
WHERE s.id IS NULL OR s.revoked_at IS NOT NULL OR s.expires_at <= clock_timestamp()
  OR u.disabled_at IS NOT NULL OR u.role <> w.role
""")


def find_user(tx: Transaction, email: str) -> User | None:
    """Return the account of an address; case does not matter, and the database alone says what case is."""
    address = func.lower(User.email) == func.lower(email.strip())
    return tx.scalars(select(User).where(address)).one_or_none()


def ensure_user(tx: Transaction, email: str, password: str, role: Role, name: str = "") -> tuple[User, bool]:
    """
    Make an account, or bring an existing one to this password and role; tells whether it is new.

    Raises: Invalid for a bad address or a poor password.
    """
    address = clean_address(email)
    check_password_rules(password, (address, name))
    user = find_user(tx, address)
    if user is None:
        user = User(id=new_id(), email=address, name=name, role=role, password_hash=hash_password(password))
        user.email_verified_at = tx.scalar(select(func.now()))
        tx.add(user)
        tx.flush()
        return user, True
    if not verify_password(user.password_hash, password):
        user.password_hash = hash_password(password)
    user.role = role
    user.email_verified_at = user.email_verified_at or tx.scalar(select(func.now()))
    return user, False


def check_password(tx: Transaction, email: str, password: str) -> User | None:
    """Return the account whose address and password these are; a wrong guess costs the same for any address."""
    user = find_user(tx, email)
    is_right = verify_password(user.password_hash if user else None, password)
    if user is None or not is_right or user.disabled_at is not None:
        log.warning("accounts: sign-in refused", extra={"account": str(user.id) if user else None})
        return None
    if user.password_hash and is_outdated(user.password_hash):
        user.password_hash = hash_password(password)
    return user


def begin_session(
    tx: Transaction,
    user: User,
    session_id: UUID,
    refresh_jti: str,
    now: datetime,
    *,
    address: str,
    agent: str,
    proven_at: datetime | None,
) -> Caller:
    """Record a sign-in whose refresh token bears `refresh_jti`; `proven_at` is when the person was asked for proof."""
    session = SignIn(
        id=session_id,
        user_id=user.id,
        refresh_jti=refresh_jti,
        user_agent=agent[:200],
        address=address[:45],
        proven_at=proven_at,
        created_at=now,
        used_at=now,
        expires_at=now + SESSION_LIFETIME,
    )
    tx.add(session)
    tx.flush()
    audit(tx, Actor(user.email, user.id), "accounts.sign_in", subject=str(session_id))
    return _caller(user, session)


def renew_session(tx: Transaction, session_id: UUID, used_jti: str, next_jti: str, now: datetime) -> Renewal:
    """
    Trade a refresh token for the next one of its session.

    A token used before is in two hands, one of them a thief's: the whole session ends (RFC 9700, 4.14.2).
    Returns instead of raising, because the caller must commit that end.
    """
    session = tx.scalars(select(SignIn).where(SignIn.id == session_id).with_for_update()).one_or_none()
    user = tx.get(User, session.user_id) if session else None
    if session is None or user is None or user.disabled_at is not None:
        return Renewal("ended")
    if session.revoked_at is not None or session.expires_at <= now:
        return Renewal("ended")
    if session.refresh_jti != used_jti:
        _end(session, now, "refresh token used twice")
        audit(tx, Actor(user.email, user.id), "accounts.refresh_reused", subject=str(session_id))
        return Renewal("reused")
    session.refresh_jti, session.used_at = next_jti, now
    return Renewal("renewed", _caller(user, session))


def end_session(tx: Transaction, session_id: UUID, now: datetime, why: str) -> None:
    """End a session; one that has ended stays as it is."""
    session = tx.scalars(select(SignIn).where(SignIn.id == session_id).with_for_update()).one_or_none()
    if session is not None and session.revoked_at is None:
        _end(session, now, why)
        audit(tx, Actor("", session.user_id), "accounts.sign_out", subject=str(session_id), reason=why)


def end_all_sessions(
    tx: Transaction, user_id: UUID, now: datetime, why: str, *, keep: UUID | None = None
) -> None:
    """End every session of a person, but the one to keep."""
    still_open = (SignIn.user_id == user_id) & SignIn.revoked_at.is_(None)
    if keep is not None:
        still_open &= SignIn.id != keep
    tx.execute(update(SignIn).where(still_open).values(revoked_at=now, revoked_why=why))


def caller_of(tx: Transaction, session_id: UUID, user_id: UUID, now: datetime) -> Caller | None:
    """Return the person of a session that is still good, as they are now."""
    row = tx.execute(_SESSION, {"session_id": session_id, "user_id": user_id, "now": now}).first()
    return Caller(row.id, row.email, row.name, Role(row.role), session_id, row.proven_at) if row else None


def ended_among(tx: Transaction, held: dict[UUID, Role]) -> set[UUID]:
    """Return the sessions among those held that ended, or whose person is no longer of that role."""
    if not held:
        return set()
    values = {"sessions": [str(key) for key in held], "roles": [role.value for role in held.values()]}
    return {row.session_id for row in tx.execute(_GONE, values)}


def _caller(user: User, session: SignIn) -> Caller:
    return Caller(user.id, user.email, user.name, Role(user.role), session.id, session.proven_at)


def _end(session: SignIn, now: datetime, why: str) -> None:
    session.revoked_at, session.revoked_why = now, why


def sessions_of(tx: Transaction, user_id: UUID, now: datetime) -> list[dict[str, Any]]:
    """Return a person's sessions that are still good, the last used first, in the API's shape."""
    good = (SignIn.user_id == user_id) & SignIn.revoked_at.is_(None) & (SignIn.expires_at > now)
    return [
        {
            "id": str(session.id),
            "user_agent": session.user_agent,
            "address": session.address,
            "created_at": rfc3339(session.created_at),
            "used_at": rfc3339(session.used_at),
            "expires_at": rfc3339(session.expires_at),
        }
        for session in tx.scalars(select(SignIn).where(good).order_by(SignIn.used_at.desc()))
    ]


def end_own_session(tx: Transaction, user_id: UUID, session_id: UUID, now: datetime) -> None:
    """
    End one of a person's own sessions.

    Raises: NotFound, also for a session that is another's.
    """
    session = tx.get(SignIn, session_id)
    if session is None or session.user_id != user_id:
        raise NotFound("this session is not here")
    end_session(tx, session_id, now, "ended by its owner")
