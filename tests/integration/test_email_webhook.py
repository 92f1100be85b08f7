"""The provider's events: believed only when signed, counted once, and never moving a delivery back."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from shared.db import transaction
from shared.email.models import Delivery, EmailEvent, Suppression
from shared.email.webhook import NotSigned, check_signature, parse_events, receive_events
from shared.errors import Refused

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PRIVATE = ec.generate_private_key(ec.SECP256R1())


def public_key(key: Any = PRIVATE) -> str:
    """Return a public key as the provider's console shows it."""
    return base64.b64encode(
        key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    ).decode()


def signed(body: bytes, at: datetime = NOW) -> tuple[str, str]:
    """Sign a body as the provider does: signature and timestamp headers."""
    timestamp = str(int(at.timestamp()))
    signature = PRIVATE.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    return base64.b64encode(signature).decode(), timestamp


def told(delivery_id: UUID | None, event: str, sg_event_id: str = "", **more: Any) -> dict[str, Any]:
    """One event in the provider's form."""
    return {
        "email": "Ada@example.org",
        "event": event,
        "sg_event_id": sg_event_id or uuid4().hex,
        "sg_message_id": "abc123.recvd-1",
        "timestamp": int(NOW.timestamp()),
        "delivery_id": str(delivery_id),
        **more,
    }


def received(*events: dict[str, Any]) -> int:
    """Take in events as the web route does after their signature was checked."""
    with transaction() as tx:
        return receive_events(tx, parse_events(json.dumps(events).encode()))


@pytest.fixture
def delivery_id(db: object) -> UUID:
    """A mail that is on its way."""
    with transaction() as tx:
        delivery = Delivery(
            dedupe_key="k",
            template="verify_email",
            to_address="ada@example.org",
            context={"a": 1},
            state="sending",
        )
        tx.add(delivery)
        tx.flush()
        return delivery.id


def state_of(delivery_id: UUID) -> str:
    """Return a delivery's state."""
    with transaction() as tx:
        return tx.get_one(Delivery, delivery_id).state


def test_a_signed_body_is_believed() -> None:
    """Exactly these bytes, signed a moment ago."""
    body = b'[{"event":"delivered"}]'
    signature, timestamp = signed(body)

    check_signature(public_key(), signature, timestamp, body, NOW)


@pytest.mark.parametrize(
    "change", ["body", "timestamp", "signature", "none", "key", "not base64", "old", "future", "rsa"]
)
def test_a_body_that_is_not_signed_as_it_stands_is_refused(change: str) -> None:
    """Another byte, another time, another key, a replay of ten minutes ago: none is believed."""
    body, key, now = b'[{"event": "delivered"}]', public_key(), NOW
    signature, timestamp = signed(body)
    if change == "body":
        body = json.dumps(json.loads(body), separators=(",", ":")).encode()
    if change == "timestamp":
        timestamp = str(int(timestamp) + 1)
    if change == "signature":
        signature = signed(b"other")[0]
    if change == "none":
        signature = timestamp = ""
    if change == "key":
        key = public_key(ec.generate_private_key(ec.SECP256R1()))
    if change == "not base64":
        signature = "%%%"
    if change == "old":
        now = NOW + timedelta(minutes=10)
    if change == "future":
        now = NOW - timedelta(minutes=10)
    if change == "rsa":
        key = public_key(rsa.generate_private_key(65537, 2048))

    with pytest.raises(NotSigned):
        check_signature(key, signature, timestamp, body, now)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"\xff", b"[" * 10])
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    """Signed nonsense is still nonsense."""
    with pytest.raises(Refused):
        parse_events(body)


def test_the_same_event_twice_counts_once(delivery_id: UUID) -> None:
    """Dedupe is by sg_event_id, in one body and over several."""
    event = told(delivery_id, "delivered", "e1")

    assert [1, 0] == [received(event, event), received(event)]
    assert "delivered" == state_of(delivery_id)
    with transaction() as tx:
        assert 1 == len(tx.scalars(select(EmailEvent)).all())


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (["processed"], "sent"),
        (["processed", "delivered"], "delivered"),
        (["delivered", "processed"], "delivered"),
        (["delivered", "deferred"], "delivered"),
        (["deferred", "bounce"], "bounced"),
        (["bounce", "delivered"], "bounced"),
        (["dropped"], "dropped"),
        (["open", "click", "something new"], "sending"),
    ],
)
def test_a_delivery_only_moves_forward(delivery_id: UUID, order: list[str], expected: str) -> None:
    """Events come late and in any order."""
    for event in order:
        received(told(delivery_id, event))

    assert expected == state_of(delivery_id)


def test_a_settling_event_keeps_the_providers_id_and_forgets_the_context(delivery_id: UUID) -> None:
    """The event is enough to settle a mail whose sender died."""
    received(told(delivery_id, "processed"))

    with transaction() as tx:
        delivery = tx.get_one(Delivery, delivery_id)
    assert ("abc123", {}, NOW) == (delivery.provider_id, delivery.context, delivery.sent_at)


@pytest.mark.parametrize(
    ("event", "more", "expected"),
    [
        ("bounce", {"type": "bounce", "reason": "550 no such user"}, {"ada@example.org"}),
        ("bounce", {"type": "blocked", "reason": "421 try later"}, set()),
        ("spamreport", {}, {"ada@example.org"}),
        ("delivered", {}, set()),
        ("unsubscribe", {}, set()),
    ],
)
def test_who_bounced_or_complained_gets_no_more_mail(
    delivery_id: UUID, event: str, more: dict[str, Any], expected: set[str]
) -> None:
    """A block is temporary; leaving a list is not leaving one's account."""
    received(told(delivery_id, event, **more))

    with transaction() as tx:
        assert expected == set(tx.scalars(select(Suppression.address)))


def test_strange_events_harm_nobody(delivery_id: UUID) -> None:
    """Foreign ids, missing fields, NUL, absurd times: kept or left out, never an error."""
    strange = [
        {},
        7,
        None,
        {"sg_event_id": "a", "delivery_id": "no uuid", "timestamp": "soon"},
        {"sg_event_id": "b\0", "event": "deliv\0ered", "timestamp": 10**18, "reason": "\0"},
        told(uuid4(), "delivered"),
        told(delivery_id, "delivered", more={"deep": [1]}),
    ]

    assert 4 == received(*strange)
    assert "delivered" == state_of(delivery_id)


def test_a_thousand_events_are_taken_in_one_go(db: object) -> None:
    """Each settles its own delivery."""
    with transaction() as tx:
        deliveries = [
            Delivery(dedupe_key=f"k{n}", template="t", to_address="a@example.org", context={}, state="sent")
            for n in range(1000)
        ]
        tx.add_all(deliveries)
        tx.flush()
        ids = [delivery.id for delivery in deliveries]

    assert 1000 == received(*(told(delivery_id, "delivered") for delivery_id in ids))
    with transaction() as tx:
        assert {"delivered"} == set(tx.scalars(select(Delivery.state)))
