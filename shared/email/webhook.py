"""
Take in the provider's signed events: what became of each mail, told once, twice or late.

Source: Twilio SendGrid, "Event Webhook Security Features" (ECDSA, P-256, SHA-256 over timestamp + raw body).
"""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from shared.db import Transaction
from shared.email.models import Delivery, EmailEvent, Suppression
from shared.email.service import tell
from shared.errors import Refused

SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
#: A signed body older than this is a replay; the provider signs each of its own tries anew.
WINDOW = timedelta(minutes=5)
MAX_EVENTS = 10_000

#: What an event makes of a delivery, and how far that is: a late, weaker event changes nothing.
_STATE_AFTER = {
    "processed": ("sent", 1),
    "deferred": ("sent", 1),
    "delivered": ("delivered", 2),
    "dropped": ("dropped", 3),
    "bounce": ("bounced", 3),
}
_RANK = {
    "pending": 0,
    "sending": 0,
    "held": 0,
    "failed": 0,
    "sent": 1,
    "delivered": 2,
    "dropped": 3,
    "bounced": 3,
}
_SUPPRESSING = frozenset({"bounce", "spamreport"})


class NotSigned(Refused):
    """Refuse events that the provider did not sign, or signed long ago."""

    status = 403


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event as the provider tells it; `at` is when it happened there."""

    sg_event_id: str
    event: str
    email: str
    reason: str
    delivery_id: UUID | None
    provider_id: str | None
    is_temporary: bool
    at: datetime


def check_signature(public_key: str, signature: str, timestamp: str, body: bytes, now: datetime) -> None:
    """
    Check that the provider signed exactly these bytes, a short while ago.

    Args: the console's base64 DER key; both headers; the raw body, never a re-serialised one.
    Raises: NotSigned.
    """
    try:
        key = load_der_public_key(base64.b64decode(public_key, validate=True))
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise NotSigned("The webhook's public key is not an elliptic curve key.")
        key.verify(
            base64.b64decode(signature, validate=True), timestamp.encode() + body, ec.ECDSA(hashes.SHA256())
        )
        signed_at = datetime.fromtimestamp(int(timestamp), UTC)
    except (InvalidSignature, binascii.Error, ValueError, OverflowError, OSError) as error:
        raise NotSigned("These events are not signed by our mail provider.") from error
    if abs(now - signed_at) > WINDOW:
        raise NotSigned("These events were signed too long ago.")


def parse_events(body: bytes) -> list[ProviderEvent]:
    """
    Read the signed body; events without an id, which nothing can be told apart by, are left out.

    Raises: Refused when it is no JSON array.
    """
    try:
        items = json.loads(body)
    except ValueError as error:
        raise Refused("The events are not JSON.") from error
    if not isinstance(items, list) or len(items) > MAX_EVENTS:
        raise Refused(f"The events must be an array of at most {MAX_EVENTS}.")
    return list(_events(items))


def receive_events(tx: Transaction, events: list[ProviderEvent]) -> int:
    """
    Settle deliveries and suppress addresses by events never seen before; returns how many were new.

    Events may come late, twice and in any order: a delivery only ever moves forward.
    """
    fresh = _remember(tx, events)
    by_delivery: dict[UUID, list[ProviderEvent]] = {}
    for event in fresh:
        if event.delivery_id:
            by_delivery.setdefault(event.delivery_id, []).append(event)
    query = select(Delivery).where(Delivery.id.in_(by_delivery)).order_by(Delivery.id).with_for_update()
    for delivery in tx.scalars(query):
        for event in by_delivery[delivery.id]:
            _apply(tx, delivery, event)
    _suppress(tx, fresh)
    return len(fresh)


def _events(items: list[Any]) -> Iterator[ProviderEvent]:  # the provider's JSON, before it was checked
    for item in items:
        if not isinstance(item, Mapping) or not item.get("sg_event_id"):
            continue
        yield ProviderEvent(
            sg_event_id=_text(item["sg_event_id"], 200),
            event=_text(item.get("event"), 40),
            email=_text(item.get("email"), 320).lower(),
            reason=_text(item.get("reason") or item.get("response"), 500),
            delivery_id=_uuid(item.get("delivery_id")),
            provider_id=_text(item.get("sg_message_id"), 200).split(".")[0] or None,
            is_temporary=item.get("type") == "blocked",
            at=_moment(item.get("timestamp")),
        )


def _remember(tx: Transaction, events: list[ProviderEvent]) -> list[ProviderEvent]:
    """Keep the events' ids and return those that were not there, in the order they happened."""
    by_id = {event.sg_event_id: event for event in events}
    if not by_id:
        return []
    rows = [
        {
            "sg_event_id": e.sg_event_id,
            "delivery_id": e.delivery_id,
            "event": e.event,
            "reason": e.reason,
            "at": e.at,
        }
        for e in sorted(by_id.values(), key=lambda event: event.sg_event_id)
    ]
    added = tx.scalars(
        insert(EmailEvent).values(rows).on_conflict_do_nothing().returning(EmailEvent.sg_event_id)
    )
    return sorted((by_id[sg_event_id] for sg_event_id in added), key=lambda event: event.at)


def _apply(tx: Transaction, delivery: Delivery, event: ProviderEvent) -> None:
    state, rank = _STATE_AFTER.get(event.event, ("", 0))
    if rank <= _RANK[delivery.state]:
        return
    delivery.state = state
    delivery.provider_id = delivery.provider_id or event.provider_id
    delivery.sent_at = delivery.sent_at or event.at
    delivery.error = event.reason or None if rank == 3 else None
    delivery.context = {}
    tell(tx, delivery)


def _suppress(tx: Transaction, events: list[ProviderEvent]) -> None:
    for event in events:
        if event.email and event.event in _SUPPRESSING and not event.is_temporary:
            row = {"address": event.email, "reason": event.event, "at": event.at}
            tx.execute(insert(Suppression).values(row).on_conflict_do_nothing())


def _text(value: object, longest: int) -> str:
    """Return text that Postgres can keep: NUL is legal in JSON and nowhere else."""
    return "" if value is None else str(value).replace("\0", "")[:longest]


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None


def _moment(value: object) -> datetime:
    try:
        return datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
