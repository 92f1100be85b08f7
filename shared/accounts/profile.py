"""What a person sees and changes of their own account."""

from datetime import datetime
from typing import Any
from uuid import UUID

from shared.accounts import mail
from shared.accounts.addresses import clean_address
from shared.accounts.freshness import require_fresh
from shared.accounts.models import User
from shared.accounts.recovery import require_password
from shared.accounts.registration import locked_user
from shared.accounts.service import Caller
from shared.accounts.tokens import Purpose, issue, redeem, void_tokens
from shared.audit import Actor, audit
from shared.clock import rfc3339
from shared.db import Transaction
from shared.errors import Conflict


def profile_json(user: User) -> dict[str, Any]:
    """Give a person's API shape, for themselves."""
    return {
        "id": str(user.id),
        "email": user.email,
        "name": user.name,
        "role": user.role,
        "language": user.language,
        "has_password": user.password_hash is not None,
        "created_at": rfc3339(user.created_at),
        "erase_at": rfc3339(user.erase_at) if user.erase_at else None,
    }


def change_profile(tx: Transaction, user_id: UUID, *, name: str | None, language: str | None) -> User:
    """Change what is given of a person's name and language."""
    user = tx.get_one(User, user_id, with_for_update=True)
    if name is not None:
        user.name = " ".join(name.split())
    if language is not None:
        user.language = language
    return user


def require_proof(user: User, who: Caller, password: str | None, now: datetime) -> None:
    """
    Let only the person themselves go on: by their password or, where there is none, by a sign-in just now.

    Raises: Invalid for a wrong password, NotFresh.
    """
    if user.password_hash is not None:
        require_password(user, password or "")
    else:
        require_fresh(who, now)


def ask_email_change(tx: Transaction, user: User, email: str, now: datetime) -> None:
    """
    Owe a mail with the link to the new address, and a notice to the old one.

    An address that another account has is told so in its own mailbox, and here nothing.
    Raises: Invalid for a bad address, Conflict when it is theirs already.
    """
    address = clean_address(email)
    if address.lower() == user.email.lower():
        raise Conflict("this is your address already")
    owner = locked_user(tx, address)
    if owner is not None and owner.email_verified_at is not None:
        mail.owe_asked(tx, mail.exists_mail(owner), now)
    else:
        void_tokens(tx, user.id, now, Purpose.EMAIL)
        token = issue(tx, user, Purpose.EMAIL, now, email=address)
        mail.owe_asked(tx, mail.link_mail(user, Purpose.EMAIL, token, to=address), now)
    mail.owe_notice(tx, mail.email_change_notice(user, address))
    audit(tx, Actor(user.email, user.id), "accounts.ask_email_change", subject=str(user.id))


def confirm_email_change(tx: Transaction, token: str, now: datetime) -> None:
    """
    Take the new address, which reads its mail; links sent to the old one are void.

    An account that nobody confirmed does not keep the address.
    Raises: BadLink, Conflict when another account has it by now.
    """
    used, user = redeem(tx, token, Purpose.EMAIL, now)
    owner = locked_user(tx, used.email)
    if owner is not None and owner.id != user.id:
        if owner.email_verified_at is not None:
            raise Conflict("this address belongs to another account by now")
        tx.delete(owner)
        tx.flush()
    user.email, user.email_verified_at = used.email, now
    void_tokens(tx, user.id, now)
    audit(tx, Actor(user.email, user.id), "accounts.change_email", subject=str(user.id))
