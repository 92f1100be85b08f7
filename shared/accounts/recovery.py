"""A new password: by mail for who forgot theirs, with the old one for who is signed in."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.accounts import mail
from shared.accounts.api_keys import revoke_all_keys
from shared.accounts.identities import remove_foreign_identities
from shared.accounts.models import User
from shared.accounts.passwords import hash_new_password, verify_password
from shared.accounts.registration import confirm, locked_user, nobody
from shared.accounts.service import end_all_sessions
from shared.accounts.tokens import Purpose, issue, peek, redeem, void_tokens
from shared.audit import Actor, audit
from shared.db import Transaction, transaction
from shared.errors import Conflict, FieldProblem, Invalid


def ask_reset(tx: Transaction, email: str, now: datetime) -> None:
    """
    Owe the mail that lets somebody choose a new password; an unknown address costs the same work.

    The mail goes to the address that is kept, not to the one typed: two that look alike to a database may
    be two mailboxes.
    """
    user = locked_user(tx, email)
    is_real = user is not None and user.disabled_at is None
    # A stranger's address goes through the same statements, which are then taken back.
    with tx.begin_nested() as undone:
        person = user or nobody(tx)
        token = issue(tx, person, Purpose.RESET, now)
        to = user.email if user else email.strip()
        mail.owe_asked(tx, mail.link_mail(person, Purpose.RESET, token, to=to), now)
        if not is_real:
            undone.rollback()
    audit(tx, Actor("anonymous"), "accounts.ask_reset", subject=str(user.id) if user else "")


def reset_password(token: str, password: str, now: datetime) -> None:
    """
    Give an account the password that the reader of its mail chose, and end every other way in.

    Who resets a password may have lost the account to somebody else, who may have made themselves a key or
    linked an identity of theirs: sessions, links, API keys and identities of other addresses all end.

    The password is judged and hashed with no transaction open.
    Raises: BadLink, Invalid for a poor password, which does not use the link up.
    """
    with transaction() as tx:
        person = peek(tx, token, Purpose.RESET, now)
    password_hash = hash_new_password(password, (person.email, person.name))
    with transaction() as tx:
        _, user = redeem(tx, token, Purpose.RESET, now)
        if user.email_verified_at is None:
            confirm(tx, user, now)
        why, actor = "password reset", Actor(user.email, user.id)
        ended = revoke_all_keys(tx, user.id, actor, now, why) + remove_foreign_identities(tx, user, why)
        _set_password(tx, user, password_hash, now, why, ended=ended)


def change_password(user_id: UUID, session_id: UUID, current: str, new: str, now: datetime) -> None:
    """
    Change a signed-in person's password and end their other sessions.

    Raises: Conflict for an account without a password, Invalid for a wrong current or a poor new one.
    """
    with transaction() as tx:
        person = tx.get_one(User, user_id)
    require_password(person, current, field="current_password")
    password_hash = hash_new_password(new, (person.email, person.name), field="new_password")
    with transaction() as tx:
        user = tx.get_one(User, user_id, with_for_update=True)
        if user.password_hash != person.password_hash:
            raise Conflict("the password was changed a moment ago: try again")
        _set_password(tx, user, password_hash, now, "password changed", keep=session_id)


def require_password(user: User, password: str, *, field: str = "password") -> None:
    """
    Let nobody go on who does not know the password of the account.

    Raises: Conflict when the account has none, Invalid when it is wrong.
    """
    if user.password_hash is None:
        raise Conflict("this account has no password: choose one by the link for a forgotten password")
    if not verify_password(user.password_hash, password):
        raise Invalid("the password is wrong", FieldProblem(field, "wrong", "this is not the password"))


def _set_password(
    tx: Transaction,
    user: User,
    password_hash: str,
    now: datetime,
    why: str,
    *,
    keep: UUID | None = None,
    ended: Sequence[str] = (),
) -> None:
    user.password_hash = password_hash
    void_tokens(tx, user.id, now)
    end_all_sessions(tx, user.id, now, why, keep=keep)
    mail.owe_notice(tx, mail.password_changed_mail(user, ended))
    audit(tx, Actor(user.email, user.id), "accounts.set_password", subject=str(user.id), reason=why)
