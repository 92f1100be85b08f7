"""The end of an account: asked for, delayed by two weeks of grace, then done for good."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from shared.accounts.models import User
from shared.accounts.rules import Role
from shared.audit import Actor, audit
from shared.clock import new_id
from shared.db import Transaction
from shared.email.service import Mail, prepare_mail
from shared.errors import Conflict
from shared.settings import get_settings

GRACE: Final = timedelta(days=14)

#: What is left of a person elsewhere, in an order that foreign keys allow. Reports are the city's: they stay,
#: without anything that leads to who wrote them, not even the private link.
_FORGET: Final = tuple(
    text(sql)
    for sql in (
        "UPDATE uploads SET filename = 'photo', owner_id = NULL, taken_at = NULL, taken_point = NULL"
        " WHERE owner_id = :id OR report_id IN"
        " (SELECT id FROM reports WHERE author_id = :id OR lower(email) = lower(:email))",
        "UPDATE reports SET author_id = NULL, email = NULL, anonymous = true, token_hash = ''"
        " WHERE author_id = :id OR lower(email) = lower(:email)",
        "UPDATE report_updates SET actor_id = NULL WHERE actor_id = :id",
        "UPDATE report_supports SET supporter = md5(supporter || gen_random_uuid()::text)"
        " WHERE supporter = CAST(:id AS text)",
        "DELETE FROM idempotency_keys WHERE scope LIKE '%: ' || CAST(:id AS text)",
        "DELETE FROM mailbox WHERE lower(to_address) = lower(:email)"
        " OR delivery_id IN (SELECT id FROM deliveries WHERE user_id = :id)",
        "DELETE FROM email_events WHERE delivery_id IN"
        " (SELECT id FROM deliveries WHERE user_id = :id OR lower(to_address) = lower(:email))",
        "DELETE FROM deliveries WHERE user_id = :id OR lower(to_address) = lower(:email)",
        "DELETE FROM email_suppressions WHERE address = lower(:email)",
        "DELETE FROM events WHERE topics @> ARRAY['user:' || CAST(:id AS text)]",
        # Sessions, identities, mailed links, keys and copies go with the account.
        "DELETE FROM users WHERE id = :id",
    )
)


def ask_erase(tx: Transaction, user: User, actor: Actor, now: datetime) -> datetime:
    """
    Note that an account shall end after the days of grace; asked again, the first day stays.

    Raises: Conflict for the only admin there is.
    """
    if user.role == Role.ADMIN and _other_admins(tx, user.id) == 0:
        raise Conflict("you are the only admin here: make another one first")
    if user.erase_at is not None:
        return user.erase_at
    user.erase_at = now + GRACE
    context = {"account_url": f"{_site()}/account", "erase_date": f"{user.erase_at:%Y-%m-%d}"}
    prepare_mail(tx, _mail("erase_asked", user, context, user_id=user.id))
    audit(tx, actor, "accounts.ask_erase", subject=str(user.id))
    return user.erase_at


def take_back(tx: Transaction, user: User, actor: Actor) -> None:
    """Keep the account after all; one that was not to end stays as it is."""
    if user.erase_at is not None:
        user.erase_at = None
        audit(tx, actor, "accounts.take_back_erase", subject=str(user.id))


def due(tx: Transaction, now: datetime, most: int) -> Sequence[UUID]:
    """Return up to `most` accounts whose days of grace are over."""
    return tx.scalars(select(User.id).where(User.erase_at <= now).order_by(User.erase_at).limit(most)).all()


def locked_due(tx: Transaction, user_id: UUID, now: datetime) -> User | None:
    """Return an account that is to end now, locked; none when it is gone or was taken back meanwhile."""
    query = select(User).where(User.id == user_id, User.erase_at <= now).with_for_update()
    return tx.execute(query).scalar_one_or_none()


def files_of(tx: Transaction, user_id: UUID) -> Sequence[str]:
    """Return where the files lie that go with an account."""
    return tx.scalars(
        text("SELECT path FROM exports WHERE user_id = :id AND path IS NOT NULL"), {"id": user_id}
    ).all()


def erase(tx: Transaction, user: User) -> None:
    """Remove a locked account and all that leads to its person, and owe the last mail to its address."""
    receipt = _mail("erase_done", user, {"site_url": _site()})
    values = {"id": user.id, "email": user.email}
    tx.flush()
    for statement in _FORGET:
        tx.execute(statement, values)
    tx.expunge(user)
    prepare_mail(tx, receipt)
    audit(tx, Actor("erasure"), "accounts.erase", subject=str(values["id"]))


def _other_admins(tx: Transaction, user_id: UUID) -> int:
    query = text("SELECT count(*) FROM users WHERE role = 'admin' AND disabled_at IS NULL AND id <> :id")
    return int(tx.execute(query, {"id": user_id}).scalar_one())


def _mail(template: str, user: User, context: dict[str, str], user_id: UUID | None = None) -> Mail:
    return Mail(
        template=template,
        to_address=user.email,
        dedupe_key=f"{template}:{new_id()}",
        context=context,
        language=user.language,
        user_id=user_id,
        when_unsure="resend",
    )


def _site() -> str:
    return get_settings().public_url.rstrip("/")
