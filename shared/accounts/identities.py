"""
Ways in through somebody else (Google).

The key of an account is issuer and subject. An address is trusted once: to open a new account, when the
provider says that it was verified. It never opens an account that is there: its owner links the two.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select

from shared.accounts import mail
from shared.accounts.addresses import clean_address
from shared.accounts.freshness import is_fresh
from shared.accounts.models import Identity, User
from shared.accounts.registration import LANGUAGES, confirm, ensured_row
from shared.accounts.tokens import void_tokens
from shared.audit import Actor, audit
from shared.clock import new_id, rfc3339
from shared.db import Transaction
from shared.errors import CityPulseError, Conflict, Invalid, NotFound

PROVIDER = "google"
Slug = Literal["google-failed", "google-unverified", "account-exists", "google-other", "google-not-fresh"]


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider vouches for, from a checked ID token."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str = ""
    locale: str = ""
    #: When the person gave the provider their password; most providers tell only who asks, and some never.
    proven_at: datetime | None = None


class IdentityRefused(CityPulseError):
    """Refuse a way in, with the word the page has a sentence for."""

    def __init__(self, slug: Slug) -> None:
        super().__init__(slug)
        self.slug = slug


def person_of(tx: Transaction, claims: Claims, now: datetime) -> User:
    """
    Return the person of an identity; a new one gets an account.

    An account whose address nobody confirmed belongs to nobody: it is taken over without its password.
    Raises: IdentityRefused.
    """
    if (known := _known(tx, claims, now)) is not None:
        return known
    user = ensured_row(tx, _proven_address(claims), now)
    if (known := _known(tx, claims, now)) is not None:
        return known  # The same person, in two tabs at once.
    if user.email_verified_at is not None:
        raise IdentityRefused("account-exists")
    if user.disabled_at is not None:
        raise IdentityRefused("google-failed")
    user.password_hash, user.name, user.language = None, _name(claims), _language(claims)
    void_tokens(tx, user.id, now)
    confirm(tx, user, now)
    _add(tx, user, claims, now)
    return user


def link(tx: Transaction, user_id: UUID, claims: Claims, now: datetime) -> None:
    """
    Let an identity open a person's account, and tell them by mail; linked twice is linked.

    Raises: IdentityRefused when it is unverified, or opens another account.
    """
    if not claims.email_verified:
        raise IdentityRefused("google-unverified")
    user = tx.get_one(User, user_id, with_for_update=True)
    owner = _known(tx, claims, now)
    if owner is not None and owner.id != user.id:
        raise IdentityRefused("account-exists")
    if owner is None:
        _add(tx, user, claims, now)
        mail.owe_notice(tx, mail.identity_linked_mail(user, claims.email))


def prove(tx: Transaction, user_id: UUID, claims: Claims, now: datetime) -> User:
    """
    Return a person who proved to be themselves by an identity of theirs, and just now.

    A provider that does not say when is taken to have asked for nothing (ASVS 6.8.4).
    Raises: IdentityRefused.
    """
    user = _known(tx, claims, now)
    if user is None or user.id != user_id:
        raise IdentityRefused("google-other")
    if not is_fresh(claims.proven_at, now):
        raise IdentityRefused("google-not-fresh")
    return user


def identities_of(tx: Transaction, user_id: UUID) -> list[dict[str, Any]]:
    """Return a person's ways in, the oldest first, in the API's shape."""
    return [
        {
            "id": str(each.id),
            "provider": each.provider,
            "email": each.email,
            "created_at": rfc3339(each.created_at),
        }
        for each in tx.scalars(select(Identity).where(Identity.user_id == user_id).order_by(Identity.id))
    ]


def remove_identity(tx: Transaction, user_id: UUID, identity_id: UUID) -> None:
    """
    Take a way in away.

    Raises: NotFound, also for another's; Conflict when nothing else would let the person in.
    """
    user = tx.get_one(User, user_id, with_for_update=True)
    found = tx.get(Identity, identity_id)
    if found is None or found.user_id != user_id:
        raise NotFound("this way to sign in is not here")
    how_many = select(func.count()).where(Identity.user_id == user_id)
    if user.password_hash is None and tx.execute(how_many).scalar_one() == 1:
        raise Conflict("this is the only way into your account: choose a password first")
    tx.delete(found)
    audit(tx, Actor(user.email, user.id), "accounts.unlink", subject=str(identity_id))


def remove_foreign_identities(tx: Transaction, user: User, why: str) -> list[str]:
    """
    Take away the ways in that bear another address than the account; returns those addresses, masked.

    One that bears the account's own address is its owner's: the provider had verified it.
    """
    is_foreign = (Identity.user_id == user.id) & (func.lower(Identity.email) != func.lower(user.email))
    removed = tx.scalars(select(Identity).where(is_foreign).with_for_update()).all()
    for identity in removed:
        tx.delete(identity)
        audit(tx, Actor(user.email, user.id), "accounts.unlink", subject=str(identity.id), reason=why)
    return [mail.masked(identity.email) for identity in removed]


def _known(tx: Transaction, claims: Claims, now: datetime) -> User | None:
    key = (Identity.issuer == claims.issuer) & (Identity.subject == claims.subject)
    found = tx.scalars(select(Identity).where(key).with_for_update()).one_or_none()
    if found is None:
        return None
    user = tx.get_one(User, found.user_id)
    if user.disabled_at is not None:
        raise IdentityRefused("google-failed")
    found.used_at = now
    return user


def _proven_address(claims: Claims) -> str:
    if not claims.email_verified:
        raise IdentityRefused("google-unverified")
    try:
        return clean_address(claims.email)
    except Invalid:
        raise IdentityRefused("google-failed") from None


def _add(tx: Transaction, user: User, claims: Claims, now: datetime) -> None:
    identity = Identity(
        id=new_id(),
        user_id=user.id,
        provider=PROVIDER,
        issuer=claims.issuer,
        subject=claims.subject,
        email=claims.email,
        created_at=now,
        used_at=now,
    )
    tx.add(identity)
    tx.flush()
    audit(tx, Actor(user.email, user.id), "accounts.link", subject=str(identity.id))


def _name(claims: Claims) -> str:
    return "".join(each for each in " ".join(claims.name.split()) if each.isprintable())[:100]


def _language(claims: Claims) -> str:
    language = claims.locale[:2].lower()
    return language if language in LANGUAGES else LANGUAGES[0]
