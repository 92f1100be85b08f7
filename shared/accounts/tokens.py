"""Links by mail: random, good once and for a while, kept as hashes only."""

import hashlib
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import select, update

from shared.accounts.models import AccountToken, User
from shared.clock import new_id
from shared.db import Transaction
from shared.errors import Refused

_RANDOM_BYTES = 32


class Purpose(StrEnum):
    """What a link is for."""

    VERIFY = "verify"
    RESET = "reset"
    EMAIL = "email"


LIFETIME: Final = {
    Purpose.VERIFY: timedelta(hours=24),
    Purpose.RESET: timedelta(minutes=30),
    Purpose.EMAIL: timedelta(hours=24),
}


class BadLink(Refused):
    """Refuse a link; used, made void, too old and never made by us are told alike."""

    status = 400

    def __init__(self) -> None:
        kind = "urn:citypulse:problem:link-not-valid"
        super().__init__(
            "this link was used, is too old, or is not one of ours: ask for a new one", type=kind
        )


def issue(
    tx: Transaction,
    user: User,
    purpose: Purpose,
    now: datetime,
    *,
    email: str | None = None,
    password_hash: str | None = None,
) -> str:
    """Make a token and return it, this once; it is to be mailed to `email`, or to the person's own address."""
    token = secrets.token_urlsafe(_RANDOM_BYTES)
    tx.add(
        AccountToken(
            id=new_id(),
            user_id=user.id,
            purpose=purpose,
            token_hash=hash_of(token),
            email=email or user.email,
            password_hash=password_hash,
            created_at=now,
            expires_at=now + LIFETIME[purpose],
        )
    )
    tx.flush()
    return token


def peek(tx: Transaction, token: str, purpose: Purpose, now: datetime) -> User:
    """
    Return the person of a token that could be used now, and leave it as it is.

    Raises: BadLink.
    """
    return _check(tx, _find(tx, token, purpose), now)


def redeem(tx: Transaction, token: str, purpose: Purpose, now: datetime) -> tuple[AccountToken, User]:
    """
    Use a token; of many who bring it at once one wins.

    Returns: the token and its person, both locked.
    Raises: BadLink.
    """
    found = _find(tx, token, purpose)
    # The person first: who makes all tokens of a person void holds that lock too.
    tx.get_one(User, found.user_id, with_for_update=True)
    tx.refresh(found, with_for_update=True)
    user = _check(tx, found, now)
    found.used_at = now
    return found, user


def void_tokens(tx: Transaction, user_id: UUID, now: datetime, *purposes: Purpose) -> None:
    """Make every open token of a person void, or those for these purposes."""
    still_open = (AccountToken.user_id == user_id) & AccountToken.used_at.is_(None)
    if purposes:
        still_open &= AccountToken.purpose.in_(purposes)
    tx.execute(update(AccountToken).where(still_open).values(used_at=now, password_hash=None))


def hash_of(token: str) -> bytes:
    """Return what is kept of a token; it is random, so one round is enough."""
    return hashlib.sha256(token.encode()).digest()


def _find(tx: Transaction, token: str, purpose: Purpose) -> AccountToken:
    wanted = (AccountToken.token_hash == hash_of(token)) & (AccountToken.purpose == purpose)
    found = tx.scalars(select(AccountToken).where(wanted)).one_or_none()
    if found is None:
        raise BadLink
    return found


def _check(tx: Transaction, found: AccountToken, now: datetime) -> User:
    user = tx.get_one(User, found.user_id)
    if found.used_at is not None or found.expires_at <= now or user.disabled_at is not None:
        raise BadLink
    return user
