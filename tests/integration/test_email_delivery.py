"""One mail for each delivery, whatever the provider, the network and the workers do."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from pytest_httpserver import HTTPServer
from sqlalchemy import select, text

from shared.clock import utcnow
from shared.db import transaction
from shared.email import service
from shared.email.models import Delivery, MailboxMessage, Suppression
from shared.email.service import Mail, prepare_mail
from shared.email.webhook import ProviderEvent, receive_events
from shared.errors import Permanent, Transient
from shared.jobs.enqueue import enqueue
from shared.jobs.lease import Fenced
from shared.messages import DeliverEmail
from shared.settings import Settings, get_settings
from shared.stream.models import StreamEvent
from tasks.email.deliver import deliver
from tasks.email.sender import Outgoing, SendGrid, Unsure
from tests.support.jobs import drain, run_job_id, running_job
from tests.support.sendgrid import KEY, LocalSendGrid, hanging_up, serve, silent

LINK = {"link_url": "https://city-pulse.app/verify-email?token=t", "good_for": "24 h"}


@pytest.fixture
def provider(
    httpserver: HTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalSendGrid]:
    """A local SendGrid that the settings point at."""
    local = serve(httpserver)
    monkeypatch.setenv("SENDGRID_API_KEY", KEY)
    monkeypatch.setenv("SENDGRID_API_URL", local.url)
    get_settings.cache_clear()
    yield local
    get_settings.cache_clear()


def owed(key: str = "k", **changes: object) -> UUID:
    """Owe one mail, as a service does."""
    values: dict[str, object] = {"template": "verify_email", "to_address": "ada@example.org", "context": LINK}
    with transaction() as tx:
        made = prepare_mail(tx, Mail(dedupe_key=key, **(values | changes)))  # type: ignore[arg-type]
    assert made is not None
    return made


def found(delivery_id: UUID) -> Delivery:
    """Read a delivery."""
    with transaction() as tx:
        return tx.get_one(Delivery, delivery_id)


def left_at_sending(delivery_id: UUID, at: datetime) -> None:
    """Leave a delivery as a worker does that dies between its intent and its result."""
    with transaction() as tx:
        delivery = tx.get_one(Delivery, delivery_id)
        assert delivery.job_id is not None
        service.claim(delivery, delivery.job_id, at)


def state_of_job(delivery_id: UUID) -> tuple[str, float]:
    """Return the state of a delivery's job and in how many seconds it runs again."""
    with transaction() as tx:
        row = tx.execute(
            text(
                "SELECT j.state, extract(epoch FROM j.run_at - clock_timestamp()) AS due "
                "FROM jobs j JOIN deliveries d ON d.job_id = j.id WHERE d.id = :id"
            ),
            {"id": delivery_id},
        ).one()
    return row.state, float(row.due)


def run(delivery_id: UUID) -> str:
    """Run the delivery's own job once, now."""
    with transaction() as tx:
        job_id = tx.get_one(Delivery, delivery_id).job_id
        again = "state = 'queued', finished_at = NULL, lease_token = NULL, lease_until = NULL"
        tx.execute(text(f"UPDATE jobs SET {again} WHERE id = :id"), {"id": job_id})
    assert job_id is not None
    return run_job_id("email.deliver", job_id)


def test_a_mail_goes_out_once_and_in_the_right_form(provider: LocalSendGrid) -> None:
    """The provider gets both bodies, our ids, and no tracking; we keep its id and forget the context."""
    delivery_id = owed()
    drain()

    assert 1 == len(provider.taken)
    body = provider.taken[0]
    assert {
        "to": [{"email": "ada@example.org"}],
        "custom_args": {"delivery_id": str(delivery_id), "job_id": str(found(delivery_id).job_id)},
    } == body["personalizations"][0]
    assert {"email": "no-reply@city-pulse.app", "name": "CityPulse"} == body["from"]
    assert ["text/plain", "text/html"] == [part["type"] for part in body["content"]]
    assert {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}} == body[
        "tracking_settings"
    ]
    assert "sent" == found(delivery_id).state
    assert (found(delivery_id).provider_id or "").startswith("sg-")
    assert {} == found(delivery_id).context


def test_an_alert_can_be_left_with_one_click(provider: LocalSendGrid) -> None:
    """RFC 8058 headers travel with a mail that has an unsubscribe link, and with no other."""
    owed("a", context={**LINK, "unsubscribe_url": "https://city-pulse.app/u/opaque"})
    owed("b")
    drain()

    alert, other = (body["headers"] for body in provider.taken)
    assert "<https://city-pulse.app/u/opaque>" == alert["List-Unsubscribe"]
    assert "List-Unsubscribe=One-Click" == alert["List-Unsubscribe-Post"]
    assert "List-Unsubscribe" not in other


def test_owing_the_same_mail_twice_owes_it_once(provider: LocalSendGrid) -> None:
    """The dedupe key decides, not the caller's care."""
    owed("same")
    with transaction() as tx:
        assert prepare_mail(tx, Mail("verify_email", "ada@example.org", "same", LINK)) is None
    drain()

    assert 1 == len(provider.taken)


def test_a_redelivered_job_sends_nothing_more(provider: LocalSendGrid) -> None:
    """Running the job again after success meets a settled delivery."""
    delivery_id = owed()
    drain()
    for _ in range(3):
        assert "succeeded" == run(delivery_id)

    assert 1 == provider.calls


def test_too_many_requests_then_yes_is_one_mail_after_the_wait(provider: LocalSendGrid) -> None:
    """429 releases the claim, and Retry-After is honoured."""
    provider.next_answers((429, {"Retry-After": "120"}))
    delivery_id = owed()

    assert "retryable" == run(delivery_id)
    state, due = state_of_job(delivery_id)
    assert "retryable" == state
    assert due > 110
    assert "pending" == found(delivery_id).state

    assert "succeeded" == run(delivery_id)
    assert 1 == len(provider.taken)
    assert "sent" == found(delivery_id).state


def test_a_broken_provider_is_tried_again(provider: LocalSendGrid) -> None:
    """500 and 503 are the provider's trouble, not ours."""
    provider.next_answers((500, {}), (503, {}))
    delivery_id = owed()

    assert ["retryable", "retryable", "succeeded"] == [run(delivery_id) for _ in range(3)]
    assert 1 == len(provider.taken)


def test_a_provider_that_stays_broken_ends_as_failed_and_an_admin_can_try_again(
    provider: LocalSendGrid,
) -> None:
    """The last attempt fails the delivery together with its job; a retry by hand sends it."""
    delivery_id = owed()
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET max_attempts = 1"))
    provider.next_answers((503, {}))

    assert "dead" == run(delivery_id)
    assert "failed" == found(delivery_id).state
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET max_attempts = 2"))

    assert "succeeded" == run(delivery_id)
    assert "sent" == found(delivery_id).state


def test_a_refused_mail_is_dead_at_once_with_the_providers_words(provider: LocalSendGrid) -> None:
    """400 is never tried again by itself."""
    delivery_id = owed(to_address="nobody")

    assert "dead" == run(delivery_id)
    assert "failed" == found(delivery_id).state
    assert "HTTP 400" in (found(delivery_id).error or "")
    assert "personalizations" in (found(delivery_id).error or "")
    assert 1 == provider.calls


def test_a_wrong_key_is_dead_at_once(provider: LocalSendGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    """401 needs an admin; and the key is in no error."""
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.canary")
    get_settings.cache_clear()
    delivery_id = owed()

    assert "dead" == run(delivery_id)
    assert "HTTP 401" in (found(delivery_id).error or "")
    assert "canary" not in (found(delivery_id).error or "")


def test_a_provider_that_is_not_there_took_nothing(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused connection releases the claim: no need to wait for an event."""
    monkeypatch.setenv("SENDGRID_API_KEY", KEY)
    monkeypatch.setenv("SENDGRID_API_URL", "http://127.0.0.1:9")
    get_settings.cache_clear()
    delivery_id = owed()

    assert "retryable" == run(delivery_id)
    assert "pending" == found(delivery_id).state


def test_a_call_that_breaks_off_leaves_the_mail_in_doubt(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider read it and hung up: it may have taken it, so it is not sent again at once."""
    with hanging_up() as (url, heard):
        monkeypatch.setenv("SENDGRID_API_KEY", KEY)
        monkeypatch.setenv("SENDGRID_API_URL", url)
        get_settings.cache_clear()
        delivery_id = owed()

        assert "retryable" == run(delivery_id)
        assert "retryable" == run(delivery_id)

    assert 1 == len(heard)
    assert "sending" == found(delivery_id).state
    assert state_of_job(delivery_id)[1] > 250


def test_a_provider_that_never_answers_leaves_the_mail_in_doubt(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call ends by our own clock, and what the provider made of it nobody knows."""
    with silent() as url:
        monkeypatch.setenv("SENDGRID_API_KEY", KEY)
        monkeypatch.setenv("SENDGRID_API_URL", url)
        get_settings.cache_clear()
        delivery_id = owed()
        impatient = SendGrid(get_settings(), call_seconds=0.05)

        with running_job(DeliverEmail(delivery_id=str(delivery_id))) as job, pytest.raises(Unsure):
            deliver(DeliverEmail(delivery_id=str(delivery_id)), job, sender=impatient)

    assert "sending" == found(delivery_id).state


def test_a_crash_between_intent_and_result_waits_for_the_providers_event(provider: LocalSendGrid) -> None:
    """Within five minutes nothing is sent; the event settles it, and the job ends without a call."""
    delivery_id = owed()
    left_at_sending(delivery_id, utcnow() - timedelta(minutes=1))

    assert "retryable" == run(delivery_id)
    assert 200 < state_of_job(delivery_id)[1] < 300

    event = ProviderEvent("e1", "processed", "ada@example.org", "", delivery_id, "sg-1", False, utcnow())
    with transaction() as tx:
        assert 1 == receive_events(tx, [event])
    assert "succeeded" == run(delivery_id)
    assert ("sent", "sg-1") == (found(delivery_id).state, found(delivery_id).provider_id)
    assert 0 == provider.calls


def test_after_silence_a_mail_whose_loss_is_worse_is_sent_again(provider: LocalSendGrid) -> None:
    """A link to sign in: two are better than none."""
    delivery_id = owed(when_unsure="resend")
    left_at_sending(delivery_id, utcnow() - timedelta(minutes=6))

    assert "succeeded" == run(delivery_id)
    assert 1 == len(provider.taken)


def test_after_silence_a_mail_whose_double_is_worse_is_held_for_an_admin(provider: LocalSendGrid) -> None:
    """Held and dead in one commit; the admin's retry sends it, once."""
    delivery_id = owed(when_unsure="hold")
    left_at_sending(delivery_id, utcnow() - timedelta(minutes=6))

    assert "dead" == run(delivery_id)
    assert "held" == found(delivery_id).state
    assert 0 == provider.calls

    assert "succeeded" == run(delivery_id)
    assert ("sent", 1) == (found(delivery_id).state, len(provider.taken))


def test_a_worker_that_lost_its_lease_before_the_call_does_not_call(provider: LocalSendGrid) -> None:
    """The claim is fenced: a zombie cannot commit the intent, so it never sends."""
    delivery_id = owed()
    with running_job(DeliverEmail(delivery_id=str(delivery_id))) as job:
        with transaction() as tx:
            tx.execute(text("UPDATE jobs SET lease_token = gen_random_uuid() WHERE id = :id"), {"id": job.id})
        with pytest.raises(Fenced):
            deliver(DeliverEmail(delivery_id=str(delivery_id)), job)

    assert "pending" == found(delivery_id).state
    assert 0 == provider.calls


def test_a_worker_that_lost_its_lease_in_the_call_commits_nothing(provider: LocalSendGrid) -> None:
    """The next worker finds the intent and waits for the provider's word instead of sending."""
    delivery_id = owed()

    def slow(outgoing: Outgoing) -> str | None:
        with transaction() as tx:
            tx.execute(text("UPDATE jobs SET lease_token = gen_random_uuid() WHERE state = 'running'"))
        return SendGrid(get_settings())(outgoing)

    with running_job(DeliverEmail(delivery_id=str(delivery_id))) as job, pytest.raises(Fenced):
        deliver(DeliverEmail(delivery_id=str(delivery_id)), job, sender=slow)

    assert "sending" == found(delivery_id).state
    assert "retryable" == run(delivery_id)
    assert 1 == provider.calls


def test_a_suppressed_address_gets_no_mail(provider: LocalSendGrid) -> None:
    """Whoever bounced or complained is left alone, in whatever case the address is written."""
    with transaction() as tx:
        tx.add(Suppression(address="ada@example.org", reason="bounce", at=utcnow()))
    delivery_id = owed(to_address="Ada@Example.org")

    assert "succeeded" == run(delivery_id)
    assert "dropped" == found(delivery_id).state
    assert 0 == provider.calls


def test_a_template_that_does_not_render_is_dead_before_any_intent(provider: LocalSendGrid) -> None:
    """A mail with a hole in it never becomes one in doubt."""
    delivery_id = owed(context={})

    assert "dead" == run(delivery_id)
    assert "pending" == found(delivery_id).state
    assert 0 == provider.calls


def test_a_delivery_that_is_gone_is_no_error(settings: Settings) -> None:
    """Its report was erased meanwhile."""
    delivery_id = owed()
    with transaction() as tx:
        tx.execute(text("DELETE FROM deliveries"))
        job = enqueue(tx, DeliverEmail(delivery_id=str(delivery_id)))

    assert "succeeded" == run_job_id("email.deliver", job.id)


def test_browsers_hear_of_every_state(provider: LocalSendGrid) -> None:
    """DeliveryChanged names the delivery and its state, never the address."""
    provider.next_answers((503, {}))
    delivery_id = owed()
    run(delivery_id)
    run(delivery_id)

    with transaction() as tx:
        events = tx.scalars(
            select(StreamEvent).where(StreamEvent.name == "DeliveryChanged").order_by(StreamEvent.id)
        )
        told = [event.data for event in events]
    assert [{"delivery_id": str(delivery_id), "state": state} for state in ("pending", "sent")] == told


def test_without_a_key_the_mail_lies_in_the_mailbox_exactly_once(settings: Settings) -> None:
    """Mail, state and the job's end are one commit; running again adds nothing."""
    delivery_id = owed()
    drain()
    run(delivery_id)

    with transaction() as tx:
        message = tx.scalars(select(MailboxMessage)).one()
    assert ("ada@example.org", delivery_id) == (message.to_address, message.delivery_id)
    assert "auto-generated" == message.headers["Auto-Submitted"]
    assert "sent" == found(delivery_id).state


def test_a_fenced_worker_leaves_nothing_in_the_mailbox(settings: Settings) -> None:
    """No mail without the job's end."""
    delivery_id = owed()
    with running_job(DeliverEmail(delivery_id=str(delivery_id))) as job:
        with transaction() as tx:
            tx.execute(text("UPDATE jobs SET lease_token = gen_random_uuid() WHERE id = :id"), {"id": job.id})
        with pytest.raises(Fenced):
            deliver(DeliverEmail(delivery_id=str(delivery_id)), job)

    with transaction() as tx:
        assert [] == tx.scalars(select(MailboxMessage)).all()
    assert "pending" == found(delivery_id).state


@pytest.mark.parametrize("error", [Unsure("?"), Transient("later"), Permanent("never")])
def test_a_failure_keeps_the_context_for_another_try(settings: Settings, error: Exception) -> None:
    """What was not sent can still be sent: its link is not forgotten."""

    def failing(outgoing: Outgoing) -> str | None:
        raise error

    delivery_id = owed()
    with running_job(DeliverEmail(delivery_id=str(delivery_id))) as job, pytest.raises(type(error)):
        deliver(DeliverEmail(delivery_id=str(delivery_id)), job, sender=failing)

    assert LINK == found(delivery_id).context


def test_the_test_process_holds_no_real_key() -> None:
    """These tests could not send a mail even by mistake."""
    assert "SENDGRID_API_KEY" not in os.environ
