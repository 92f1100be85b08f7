"""
How an account begins.

Nothing here tells whether an address has an account: the answer is the same, and what differs is read in
the mailbox. An account that nobody has confirmed belongs to nobody: whoever proves the address takes it,
with the password that *their* registration chose, so a stranger who registered it before gains nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.accounts import mail
from shared.accounts.models import User
from shared.accounts.tokens import Purpose, issue, redeem, void_tokens
from shared.audit import Actor, audit
from shared.clock import new_id
from shared.db import Transaction
from shared.errors import Refused

LANGUAGES = ("en", "fr")


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody registers with; the address is clean, the password checked and hashed."""

    email: str
    password_hash: str
    name: str = ""
    language: str = "en"


class EmailNotVerified(Refused):
    """Refuse a sign-in that is right, but whose address nobody has confirmed."""

    status = 403

    def __init__(self) -> None:
        kind = "urn:citypulse:problem:email-not-verified"
        super().__init__("confirm your email address first: the link is in your mailbox", type=kind)


def register(tx: Transaction, wish: Registration, now: datetime) -> None:
    """Begin an account and owe the mail that confirms it; a known address is told that it is known."""
    user = ensured_row(tx, wish.email, now)
    if user.email_verified_at is not None:
        # A known address costs the work of a new one, so that a stopwatch cannot tell them apart.
        with tx.begin_nested() as undone:
            issue(tx, user, Purpose.VERIFY, now)
            undone.rollback()
        mail.owe_asked(tx, mail.exists_mail(user), now)
        audit(tx, Actor("anonymous"), "accounts.register_known", subject=str(user.id))
        return
    user.password_hash, user.name, user.language = wish.password_hash, wish.name, wish.language
    _owe_link(tx, user, now, wish.password_hash)
    audit(tx, Actor("anonymous"), "accounts.register", subject=str(user.id))


def resend(tx: Transaction, email: str, now: datetime) -> None:
    """Owe the confirming mail once more, where one is waited for; any other address costs the same work."""
    user = locked_user(tx, email)
    is_waiting = user is not None and user.email_verified_at is None and user.disabled_at is None
    with tx.begin_nested() as undone:
        person = user or nobody(tx)
        _owe_link(tx, person, now, person.password_hash)
        if not is_waiting:
            undone.rollback()
    audit(tx, Actor("anonymous"), "accounts.resend", subject=str(user.id) if user else "")


def verify_email(tx: Transaction, token: str, now: datetime) -> None:
    """
    Confirm an address; the account takes the password that was chosen with this very registration.

    Raises: BadLink.
    """
    used, user = redeem(tx, token, Purpose.VERIFY, now)
    user.password_hash, used.password_hash = used.password_hash, None
    confirm(tx, user, now)


def confirm(tx: Transaction, user: User, now: datetime) -> None:
    """Note that a person reads their address; links of other registrations are void."""
    user.email_verified_at = now
    void_tokens(tx, user.id, now, Purpose.VERIFY)
    audit(tx, Actor(user.email, user.id), "accounts.verify_email", subject=str(user.id))


def require_verified(user: User) -> None:
    """
    Let nobody in whose address is not confirmed.

    Raises: EmailNotVerified.
    """
    if user.email_verified_at is None:
        raise EmailNotVerified


def locked_user(tx: Transaction, email: str) -> User | None:
    """Return the account of an address, locked until the transaction ends; case does not matter."""
    address = func.lower(User.email) == func.lower(email.strip())
    return tx.scalars(select(User).where(address).with_for_update()).one_or_none()


def nobody(tx: Transaction) -> User:
    """Return an account that is to be taken back at once: work for an address nobody has."""
    made = User(id=new_id(), email=f"{new_id()}@nobody.invalid", language="en")
    tx.add(made)
    tx.flush()
    return made


def ensured_row(tx: Transaction, email: str, now: datetime) -> User:
    """Return the row of an address, locked, and made when there was none; of many at once one makes it."""
    tx.execute(
        insert(User)
        .values(id=new_id(), email=email, created_at=now)
        .on_conflict_do_nothing(index_elements=[text("lower(email)")])
    )
    address = func.lower(User.email) == func.lower(email)
    return tx.scalars(select(User).where(address).with_for_update()).one()


def _owe_link(tx: Transaction, user: User, now: datetime, password_hash: str | None) -> None:
    token = issue(tx, user, Purpose.VERIFY, now, password_hash=password_hash)
    mail.owe_asked(tx, mail.link_mail(user, Purpose.VERIFY, token), now)
