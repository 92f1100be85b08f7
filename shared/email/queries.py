"""Read the local mailbox and deliveries as the API shows them."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from shared.clock import rfc3339
from shared.db import Transaction
from shared.email.models import Delivery, MailboxMessage
from shared.errors import NotFound


def mailbox(tx: Transaction, *, to: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """List the mails of the local mailbox, newest first; `to` keeps one address."""
    query = select(MailboxMessage).order_by(MailboxMessage.id.desc()).limit(max(1, min(limit, 500)))
    if to:
        query = query.where(MailboxMessage.to_address == to)
    return [message_json(message) for message in tx.scalars(query)]


def mailbox_message(tx: Transaction, message_id: UUID) -> dict[str, Any]:
    """
    Return one mail of the local mailbox.

    Raises: NotFound.
    """
    message = tx.get(MailboxMessage, message_id)
    if message is None:
        raise NotFound("This mail is not in the mailbox.")
    return message_json(message)


def message_json(message: MailboxMessage) -> dict[str, Any]:
    """Give a mail's API shape."""
    return {
        "id": str(message.id),
        "to": message.to_address,
        "subject": message.subject,
        "html": message.html,
        "text": message.text,
        "headers": message.headers,
        "created_at": rfc3339(message.created_at),
    }


def delivery_json(delivery: Delivery) -> dict[str, Any]:
    """Give a delivery's API shape, for its receiver and for staff; the address itself is not in it."""
    return {
        "id": str(delivery.id),
        "template": delivery.template,
        "state": delivery.state,
        "error": delivery.error,
        "created_at": rfc3339(delivery.created_at),
        "sent_at": rfc3339(delivery.sent_at) if delivery.sent_at else None,
    }


def deliveries_of_report(tx: Transaction, report_id: UUID) -> list[dict[str, Any]]:
    """List the mails a report caused, oldest first."""
    query = select(Delivery).where(Delivery.report_id == report_id).order_by(Delivery.id)
    return [delivery_json(delivery) for delivery in tx.scalars(query)]
