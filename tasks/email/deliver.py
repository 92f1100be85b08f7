"""Send one prepared mail: claim, commit the intent, call the provider, commit the result."""

import logging
from datetime import datetime
from uuid import UUID

from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.email import service
from shared.email.models import Delivery
from shared.email.rules import Move, next_move, seconds_to_wait
from shared.email.service import PROVIDER_RATE_KEY, locked_delivery
from shared.errors import Permanent, Transient
from shared.jobs import breakers
from shared.jobs import lease as leases
from shared.jobs.lease import Fenced
from shared.jobs.points import reach
from shared.messages import DeliverEmail
from shared.reports.service import locked_report, note_step
from shared.settings import get_settings
from tasks.base import Job, handles
from tasks.email.render import render
from tasks.email.sender import Fault, Outgoing, Sender, Unsure, configured_sender

log = logging.getLogger(__name__)

#: Templates whose sending is a step of their report.
_STEP_OF = {"report_received": "mail"}
_UNKNOWN = "A worker died inside the call to the mail provider, and no event told whether the mail was taken."


@handles(DeliverEmail, limit_seconds=60)
def deliver(
    message: DeliverEmail, job: Job, sender: Sender | None = None, now: datetime | None = None
) -> None:
    """Send one prepared mail, or keep it in the local mailbox; one that is settled is left alone."""
    delivery_id, now = UUID(message.delivery_id), now or utcnow()
    sender = sender or configured_sender(get_settings())
    if sender is None:
        with job.finish() as tx:
            _keep(tx, delivery_id, now)
        return
    outgoing = _claim(job, delivery_id, now)
    if outgoing is None:
        return
    job.checkpoint()
    reach("intended")
    provider_id = _call(sender, outgoing, job, delivery_id, now)
    reach("called")
    with job.finish() as tx:
        if (delivery := locked_delivery(tx, delivery_id)) is not None:
            service.mark_sent(tx, delivery, provider_id, now)
            _note_step(tx, delivery, now)
        breakers.note_answer(tx, PROVIDER_RATE_KEY)


def _keep(tx: Transaction, delivery_id: UUID, now: datetime) -> None:
    """Put a mail into the mailbox in the transaction that ends its job: exactly once."""
    delivery = locked_delivery(tx, delivery_id)
    if delivery is None or next_move(delivery.state, None, delivery.when_unsure, now) is Move.LEAVE:
        return
    service.keep_in_mailbox(tx, delivery, _rendered(delivery))
    service.mark_sent(tx, delivery, None, now)
    _note_step(tx, delivery, now)


def _claim(job: Job, delivery_id: UUID, now: datetime) -> Outgoing | None:
    """
    Commit the intent to send, fenced by the job's lease; returns none when there is nothing to send.

    Raises: Transient while the provider may still tell, Permanent once a mail is held, PutBack while the
    provider is left alone.
    """
    with job.step(1, 3, "claimed") as tx:
        delivery = locked_delivery(tx, delivery_id)
        if delivery is None:
            return None
        move = next_move(delivery.state, delivery.claimed_at, delivery.when_unsure, now)
        if move is Move.WAIT and delivery.claimed_at is not None:
            wait = seconds_to_wait(delivery.claimed_at, now)
            raise Transient(
                "email: waiting for the provider to tell what became of it", retry_after_seconds=wait
            )
        if move is Move.SEND and service.is_suppressed(tx, delivery.to_address):
            service.settle(tx, delivery, "dropped", "This address bounced or complained before.")
            _note_step(tx, delivery, now)
            return None
        if move is Move.SEND:
            outgoing = _outgoing(delivery, job)
            breakers.enter(tx, PROVIDER_RATE_KEY)
            if delivery.state == "sending":
                log.warning("sending again what may have been taken", extra={"delivery_id": str(delivery.id)})
            service.claim(delivery, job.id, now)
            return outgoing
    if move is Move.HOLD:
        _end_unsent(job, delivery_id, "held", _UNKNOWN, now)
        raise Permanent(f"{_UNKNOWN} Retry this job to send it once more.")
    return None


def _call(sender: Sender, outgoing: Outgoing, job: Job, delivery_id: UUID, now: datetime) -> str | None:
    """Call the provider with no transaction open; a failure settles or releases the claim."""
    try:
        return _tried(sender, outgoing)
    except Unsure:
        raise
    except Permanent as error:
        _end_unsent(job, delivery_id, "failed", str(error), now)
        raise
    except Transient as error:
        if job.is_last_attempt:
            _end_unsent(job, delivery_id, "failed", str(error), now)
        else:
            _release(job, delivery_id, str(error))
        raise


def _tried(sender: Sender, outgoing: Outgoing) -> str | None:
    """Call, and let the breaker know of a call that failed: a refusal is an answer, too."""
    try:
        return sender(outgoing)
    except (Permanent, Transient) as error:
        with transaction() as tx:
            if isinstance(error, Fault):
                breakers.note_fault(tx, PROVIDER_RATE_KEY, str(error))
            else:
                breakers.note_answer(tx, PROVIDER_RATE_KEY)
        raise


def _release(job: Job, delivery_id: UUID, error: str) -> None:
    with job.step(0, 3, "not taken, trying again") as tx:
        if (delivery := locked_delivery(tx, delivery_id)) is not None and delivery.state == "sending":
            service.release(tx, delivery, error)


def _end_unsent(job: Job, delivery_id: UUID, state: str, error: str, now: datetime) -> None:
    """
    End a delivery and its job together, so that only an admin's retry can meet it again.

    Raises: Fenced when the lease was lost.
    """
    with transaction() as tx:
        delivery = locked_delivery(tx, delivery_id)
        if delivery is not None and delivery.state == "sending":
            service.settle(tx, delivery, state, error)
            _note_step(tx, delivery, now)
        if not leases.fail(tx, job.lease, "dead", error):
            raise Fenced(job.id)


def _outgoing(delivery: Delivery, job: Job) -> Outgoing:
    return Outgoing(
        to_address=delivery.to_address,
        mail=_rendered(delivery),
        custom_args={"job_id": str(job.id), "delivery_id": str(delivery.id)},
    )


def _rendered(delivery: Delivery) -> service.Rendered:
    site_url = get_settings().public_url
    return render(delivery.template, delivery.language, service.context_of(delivery), site_url=site_url)


def _note_step(tx: Transaction, delivery: Delivery, now: datetime) -> None:
    """Show in the report's stepper what became of its confirmation."""
    key = _STEP_OF.get(delivery.template)
    if key is None or delivery.report_id is None:
        return
    report = locked_report(tx, delivery.report_id)
    if report is not None:
        was_sent = delivery.state in {"sent", "delivered"}
        state, detail = ("done", None) if was_sent else ("failed", "The mail could not be sent.")
        note_step(tx, report, key, state, now, detail)
