"""A provider that fails again and again is left alone by every worker, and one mail at a time tries it."""

import logging
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.clock import utcnow
from shared.db import transaction
from shared.email.models import Delivery
from shared.email.service import PROVIDER_RATE_KEY, Mail, prepare_mail
from shared.errors import Permanent, Transient
from shared.jobs import breakers
from shared.jobs.breakers import PutBack, State
from shared.jobs.claim import claim
from shared.jobs.rules import BREAKER_FAILURES, BREAKER_SECONDS, PROBE_SECONDS
from shared.messages import DeliverEmail
from shared.settings import Settings, get_settings
from tasks.base import Job, Registration
from tasks.email.deliver import deliver
from tasks.email.sender import Fault, Outgoing, Unsure
from tasks.execute import execute
from tasks.heart import Heart
from tests.conftest import SECRET
from tests.support.web import Browser

LINK = {"link_url": "https://city-pulse.app/verify-email?token=t", "good_for": "24 h"}

pytestmark = pytest.mark.usefixtures("settings")


class Provider:
    """A sender that answers as it is told, and counts its calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None

    def __call__(self, outgoing: Outgoing) -> str | None:
        self.calls += 1
        if self.error:
            raise self.error
        return f"sg-{self.calls}"


@pytest.fixture
def provider() -> Provider:
    return Provider()


def owed(key: str) -> tuple[UUID, UUID]:
    """Owe one mail; returns the delivery and its job."""
    with transaction() as tx:
        made = prepare_mail(tx, Mail("verify_email", "ada@example.org", key, LINK))
        assert made is not None
        job_id = tx.get_one(Delivery, made).job_id
        assert job_id is not None
    return made, job_id


def run(provider: Callable[[Outgoing], str | None], job_id: UUID) -> int:
    """Run a job as a worker does; returns whether it was let in (1) or put back (0)."""
    kept = Registration(DeliverEmail, lambda message, job: deliver(message, job, sender=provider), 60)
    return execute(kept, [job_id], "test:1", Heart())


def job(job_id: UUID) -> tuple[str, int, float]:
    """Return a job's state, its attempts, and in how many seconds it runs again."""
    with transaction() as tx:
        row = tx.execute(
            text(
                "SELECT state, attempt, extract(epoch FROM run_at - clock_timestamp()) AS due"
                " FROM jobs WHERE id = :id"
            ),
            {"id": job_id},
        ).one()
    return row.state, row.attempt, float(row.due)


def state() -> State:
    with transaction() as tx:
        return breakers.state_of(tx, PROVIDER_RATE_KEY)


def pass_time(seconds: float) -> None:
    """Let the breaker's times pass."""
    with transaction() as tx:
        tx.execute(
            text(
                "UPDATE breakers SET open_until = open_until - make_interval(secs => :s),"
                " probe_until = probe_until - make_interval(secs => :s)"
            ),
            {"s": seconds},
        )


def queue_again(job_id: UUID) -> None:
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET state = 'queued' WHERE id = :id"), {"id": job_id})


def fail(provider: Provider, times: int, error: Exception | None = None) -> None:
    """Let so many mails in a row meet a fault."""
    provider.error = error or Fault("email provider: HTTP 503")
    for n in range(times):
        run(provider, owed(f"failing-{n}-{provider.calls}")[1])


@pytest.mark.parametrize("fault", [Fault("HTTP 503"), Unsure("the call broke off")])
def test_the_fifth_fault_in_a_row_opens_the_breaker_and_the_next_mail_makes_no_call(
    provider: Provider, fault: Exception
) -> None:
    """It is put back until the breaker is half open, and spends no attempt."""
    fail(provider, BREAKER_FAILURES - 1, fault)
    assert "closed" == state().state
    fail(provider, 1, fault)
    delivery_id, job_id = owed("next")

    assert "open" == state().state
    assert 0 == run(provider, job_id)
    assert BREAKER_FAILURES == provider.calls
    told, attempt, due = job(job_id)
    assert ("scheduled", 0) == (told, attempt)
    assert BREAKER_SECONDS - 5 < due <= BREAKER_SECONDS
    with transaction() as tx:
        assert "pending" == tx.get_one(Delivery, delivery_id).state


@pytest.mark.parametrize("answer", [None, Permanent("HTTP 400"), Transient("HTTP 429")])
def test_an_answer_between_faults_begins_the_count_anew(provider: Provider, answer: Exception | None) -> None:
    """A yes, a no and a `later` all say that somebody is there."""
    fail(provider, BREAKER_FAILURES - 1)
    provider.error = answer
    run(provider, owed("answered")[1])
    fail(provider, BREAKER_FAILURES - 1)

    assert "closed" == state().state


def test_half_open_lets_one_mail_try_while_the_others_wait(provider: Provider) -> None:
    """The second is put back while the first is in its call, wherever its worker is."""
    fail(provider, BREAKER_FAILURES)
    first, second = owed("first")[1], owed("second")[1]
    pass_time(BREAKER_SECONDS)
    assert "half_open" == state().state
    seen: list[tuple[int, str, int, bool]] = []

    def meanwhile(outgoing: Outgoing) -> str | None:
        let_in = run(provider, second)
        told, attempt, due = job(second)
        seen.append((let_in, told, attempt, 0 < due <= PROBE_SECONDS))
        return "sg-probe"

    assert 1 == run(meanwhile, first)

    assert [(0, "scheduled", 0, True)] == seen
    assert BREAKER_FAILURES == provider.calls


def test_two_that_start_at_the_same_moment_make_one_call(provider: Provider) -> None:
    """Both were let in by a half-open breaker; the one that commits its intent second goes back uncounted."""
    fail(provider, BREAKER_FAILURES)
    first, second = owed("first")[1], owed("second")[1]
    pass_time(BREAKER_SECONDS)
    provider.error = None

    def late(message: DeliverEmail, held: Job) -> None:
        run(lambda outgoing: deliver_second(), first)
        deliver(message, held, sender=provider)

    def deliver_second() -> str | None:
        with transaction() as tx, pytest.raises(PutBack):
            breakers.enter(tx, PROVIDER_RATE_KEY)
        raise Fault("HTTP 503")

    execute(Registration(DeliverEmail, late, 60), [second], "test:1", Heart())

    assert BREAKER_FAILURES == provider.calls
    assert ("scheduled", 0) == job(second)[:2]


def test_a_mail_that_needs_no_call_takes_nobodys_turn(provider: Provider) -> None:
    """Half open, one that is settled or held ends at once, and the next one tries."""
    fail(provider, BREAKER_FAILURES)
    settled, job_id = owed("settled")
    with transaction() as tx:
        tx.execute(text("UPDATE deliveries SET state = 'sent' WHERE id = :id"), {"id": settled})
    pass_time(BREAKER_SECONDS)
    provider.error = None

    run(provider, job_id)
    run(provider, owed("probe")[1])

    assert BREAKER_FAILURES + 1 == provider.calls
    assert "closed" == state().state


def test_a_mail_that_was_taken_closes_the_breaker(provider: Provider) -> None:
    """What waited for the one that tried is due at once, and goes out as if nothing had been."""
    fail(provider, BREAKER_FAILURES)
    waiting, later = owed("waiting")[1], owed("later")[1]
    pass_time(BREAKER_SECONDS)
    with transaction() as tx:
        tx.execute(
            text(
                "UPDATE jobs SET state = 'scheduled', run_at = clock_timestamp() + interval '1 h' WHERE id = :id"
            ),
            {"id": later},
        )

    def meanwhile(outgoing: Outgoing) -> str | None:
        run(provider, waiting)
        return "sg-probe"

    provider.error = None
    run(meanwhile, owed("probe")[1])

    assert State("closed") == state()
    assert ("scheduled", 0) == job(waiting)[:2]
    assert job(waiting)[2] <= 0 < job(later)[2]
    queue_again(waiting)
    run(provider, waiting)
    assert ("succeeded", 1) == job(waiting)[:2]


def test_a_failed_try_opens_it_for_another_minute(provider: Provider) -> None:
    """One fault is enough when it was open before."""
    fail(provider, BREAKER_FAILURES)
    pass_time(BREAKER_SECONDS)
    fail(provider, 1)
    told = state()

    assert "open" == told.state
    assert told.until is not None
    assert timedelta(seconds=BREAKER_SECONDS - 5) < told.until - utcnow()
    assert told.since is not None
    assert told.since < utcnow()


def test_a_fault_of_a_call_under_way_makes_the_minute_no_longer(provider: Provider) -> None:
    """Half open comes a minute after the opening, however many calls still break off."""
    fail(provider, BREAKER_FAILURES)
    before = state().until
    with transaction() as tx:
        breakers.note_fault(tx, PROVIDER_RATE_KEY, "late")

    assert before == state().until


def test_a_try_whose_worker_died_gives_its_turn_away(provider: Provider) -> None:
    """After a while another mail may try."""
    fail(provider, BREAKER_FAILURES)
    pass_time(BREAKER_SECONDS)
    lost, other = owed("lost")[1], owed("other")[1]
    with transaction() as tx:
        assert claim(tx, "email.deliver", [lost], "dead:1")
        breakers.enter(tx, PROVIDER_RATE_KEY)
    provider.error = None
    assert 0 == run(provider, other)

    pass_time(PROBE_SECONDS)
    queue_again(other)

    assert 1 == run(provider, other)
    assert "closed" == state().state


def test_operators_are_told_when_it_opens(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line in the log, the gauge that the alert watches, and the state of mail; not the provider's words."""
    with caplog.at_level(logging.ERROR):
        fail(provider, BREAKER_FAILURES, Fault("email provider: HTTP 503 canary"))
    monkeypatch.setenv("SENDGRID_API_KEY", "SG.x")
    get_settings.cache_clear()
    browser = Browser()
    status = browser.get("/api/v1/status").json
    metrics = browser.get("/metrics", headers={"Authorization": f"Bearer {SECRET}"}).text

    assert ["breaker opened: left alone for a while"] == [
        record.message for record in caplog.records if record.levelno == logging.ERROR
    ]
    assert 'citypulse_breaker_open{party="provider:sendgrid"} 1.0' in metrics
    mail = next(part for part in status["components"] if part["name"] == "email")
    assert "degraded" == mail["state"]
    assert "left alone until" in mail["detail"]
    assert "canary" not in str(status)


def test_a_breaker_of_one_party_holds_back_nobody_else(provider: Provider, settings: Settings) -> None:
    """Its key is the rate key of its jobs."""
    fail(provider, BREAKER_FAILURES)

    with transaction() as tx:
        assert State("closed") == breakers.state_of(tx, "host:example.org")
