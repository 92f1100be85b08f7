"""
Mail as rows: prepared by whoever owes it, claimed before the provider is called, settled after.

States: pending -> sending (the intent, committed before the call) -> sent -> delivered | bounced | dropped;
failed when the provider refused it; held when nobody can tell whether it was taken and a second mail
would be worse than a late one. An admin who retries the job of a failed or held one sends it again.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.clock import new_id
from shared.db import Transaction
from shared.email.models import Delivery, MailboxMessage, Suppression
from shared.email.rules import SETTLED
from shared.events import DeliveryChanged
from shared.jobs.enqueue import enqueue
from shared.jobs.secrets import decrypt, encrypt
from shared.messages import DeliverEmail
from shared.stream.publish import publish

#: The token bucket all workers draw from before they call the provider, where an operator set one.
PROVIDER_RATE_KEY = "provider:sendgrid"
#: Where the encrypted values of a context stand.
_SEALED = "sealed"
_HOLD_ADDRESS = text("SELECT pg_advisory_xact_lock(hashtextextended('mail to ' || lower(:address), 0))")


@dataclass(frozen=True, slots=True)
class Mail:
    """
    A mail we owe; `when_unsure` says whether a possible second one is better than none.

    `secrets` fill the template as `context` does, and are encrypted until the mail was sent.
    """

    template: str
    to_address: str
    dedupe_key: str
    context: dict[str, Any] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    language: str = "en"
    user_id: UUID | None = None
    report_id: UUID | None = None
    when_unsure: Literal["resend", "hold"] = "hold"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail as it goes out; `headers` are those beyond the usual ones."""

    subject: str
    html: str
    text: str
    headers: dict[str, str]


def prepare_mail(tx: Transaction, mail: Mail) -> UUID | None:
    """Add a delivery and its job; returns none when one with the same `dedupe_key` was there already."""
    made = tx.execute(
        insert(Delivery)
        .values(
            id=new_id(),
            template=mail.template,
            to_address=mail.to_address,
            dedupe_key=mail.dedupe_key,
            context=_sealed(mail),
            language=mail.language,
            user_id=mail.user_id,
            report_id=mail.report_id,
            when_unsure=mail.when_unsure,
        )
        .on_conflict_do_nothing(index_elements=[Delivery.dedupe_key])
        .returning(Delivery.id)
    ).scalar()
    if made is None:
        return None
    job = enqueue(
        tx,
        DeliverEmail(delivery_id=str(made)),
        unique_key=f"email.deliver:{made}",
        rate_key=PROVIDER_RATE_KEY,
    )
    tx.get_one(Delivery, made).job_id = job.id
    return made


def context_of(delivery: Delivery) -> dict[str, Any]:
    """
    Return what a template is filled with, readable.

    Raises: Permanent when it was encrypted with a key we no longer hold.
    """
    context = dict(delivery.context)
    sealed = context.pop(_SEALED, None)
    return context | (json.loads(decrypt(sealed, "email: the context")) if sealed else {})


def _sealed(mail: Mail) -> dict[str, Any]:
    return mail.context | ({_SEALED: encrypt(json.dumps(mail.secrets))} if mail.secrets else {})


def mails_since(tx: Transaction, address: str, since: datetime) -> int:
    """
    Count the deliveries to an address since a moment: nobody is bombed through us.

    Who counts holds the address until the transaction ends, so that of many at once each sees the one before.
    """
    tx.execute(_HOLD_ADDRESS, {"address": address})
    query = select(func.count()).where(
        func.lower(Delivery.to_address) == func.lower(address), Delivery.created_at >= since
    )
    return int(tx.execute(query).scalar_one())


def is_suppressed(tx: Transaction, address: str) -> bool:
    """Tell whether an address gets no more mail."""
    return tx.get(Suppression, address.lower()) is not None


def locked_delivery(tx: Transaction, delivery_id: UUID) -> Delivery | None:
    """Return a delivery, locked until the transaction ends; none when it is gone."""
    return tx.execute(
        select(Delivery).where(Delivery.id == delivery_id).with_for_update()
    ).scalar_one_or_none()


def claim(delivery: Delivery, job_id: UUID, now: datetime) -> None:
    """Commit to sending: from here until it is settled, a crash leaves the delivery in doubt."""
    delivery.state = "sending"
    delivery.claimed_at = now
    delivery.job_id = job_id
    delivery.error = None


def release(tx: Transaction, delivery: Delivery, error: str) -> None:
    """Give a claim back: the provider did not take the mail."""
    delivery.state = "pending"
    delivery.claimed_at = None
    delivery.error = error
    tell(tx, delivery)


def mark_sent(tx: Transaction, delivery: Delivery, provider_id: str | None, now: datetime) -> None:
    """Note that the provider took the mail; an event that was faster is not undone."""
    delivery.provider_id = provider_id or delivery.provider_id
    delivery.sent_at = delivery.sent_at or now
    delivery.context = {}
    if delivery.state not in SETTLED:
        delivery.state = "sent"
        delivery.error = None
        tell(tx, delivery)


def settle(tx: Transaction, delivery: Delivery, state: str, error: str | None) -> None:
    """End a delivery that was not sent, or hold it for an admin."""
    delivery.state = state
    delivery.error = error
    if state in SETTLED:
        delivery.context = {}
    tell(tx, delivery)


def keep_in_mailbox(tx: Transaction, delivery: Delivery, mail: Rendered) -> None:
    """Put a mail into the local mailbox; a second copy of the same delivery is impossible."""
    tx.execute(
        insert(MailboxMessage)
        .values(
            id=new_id(),
            delivery_id=delivery.id,
            to_address=delivery.to_address,
            subject=mail.subject,
            html=mail.html,
            text=mail.text,
            headers=mail.headers,
        )
        .on_conflict_do_nothing(index_elements=[MailboxMessage.delivery_id])
    )


def tell(tx: Transaction, delivery: Delivery) -> None:
    """Tell the browsers that may know of this delivery."""
    topics = ["ops"]
    if delivery.user_id:
        topics.append(f"user:{delivery.user_id}")
    if delivery.report_id:
        topics.append(f"report:{delivery.report_id}")
    publish(tx, DeliveryChanged(delivery_id=str(delivery.id), state=delivery.state), to=topics)
