"""Row 19, and the mail's part of row 18: a provider that fails, and workers that die around the call."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from pytest_httpserver import HTTPServer
from sqlalchemy import text

from shared.db import transaction
from shared.email.service import PROVIDER_RATE_KEY, Mail, prepare_mail
from tests.chaos.arena import Arena
from tests.chaos.rows import row
from tests.chaos.stage import AIM, worker
from tests.support.sendgrid import KEY, LocalSendGrid, hanging_up, serve

LINK = {"link_url": "https://city-pulse.app/verify-email?token=t", "good_for": "24 h"}
RATE, CAPACITY = 20.0, 5.0


@contextmanager
def provider() -> Iterator[LocalSendGrid]:
    """Run a local mail provider."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = HTTPServer(host="127.0.0.1", port=0, threaded=True)
    server.start()
    try:
        yield serve(server)
    finally:
        server.stop()


def mail_worker(arena: Arena, name: str, url: str) -> None:
    """Start a worker for mail that calls a provider at `url`."""
    worker(arena.rig, name, queues="email", SENDGRID_API_KEY=KEY, SENDGRID_API_URL=url)


def owe(number: int, when_unsure: Literal["resend", "hold"] = "hold", prefix: str = "mail") -> set[str]:
    """Owe that many mails; returns the ids of the deliveries."""
    with transaction() as tx:
        made = [
            prepare_mail(
                tx,
                Mail(
                    template="verify_email",
                    to_address=f"{prefix}{n}@example.org",
                    dedupe_key=f"{prefix}-{n}-{time.monotonic_ns()}",
                    context=LINK,
                    when_unsure=when_unsure,
                ),
            )
            for n in range(number)
        ]
    return {str(delivery_id) for delivery_id in made}


def copies(local: LocalSendGrid) -> Counter[str]:
    """Return delivery -> how often the provider took it."""
    return Counter(body["personalizations"][0]["custom_args"]["delivery_id"] for body in local.taken)


def silence_is_an_answer(ids: set[str]) -> None:
    """Let the time pass in which the provider might still tell what became of a mail."""
    with transaction() as tx:
        tx.execute(
            text(
                "UPDATE deliveries SET claimed_at = claimed_at - interval '6 minutes'"
                " WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'sending'"
            ),
            {"ids": sorted(ids)},
        )
        tx.execute(
            text(
                "UPDATE jobs SET run_at = clock_timestamp() WHERE kind = 'email.deliver' AND state = 'retryable'"
            )
        )


@row(19, "a mail provider that fails in every way")
def failing_provider(arena: Arena) -> None:
    """Each mail is taken once, and the bucket bounds the calls whatever they meet."""
    number = arena.size(20, 200)
    with transaction() as tx:
        tx.execute(
            text("INSERT INTO rate_buckets (key, rate, capacity, tokens) VALUES (:key, :rate, :capacity, 0)"),
            {"key": PROVIDER_RATE_KEY, "rate": RATE, "capacity": CAPACITY},
        )
    with provider() as local:
        local.next_answers(*[(429, {"Retry-After": "1"})] * 5, *[(500, {})] * 5, *[(503, {})] * 3)
        mail_worker(arena, "mail", local.url)
        began = time.monotonic()
        ids = owe(number)
        arena.all_ended()
        took = time.monotonic() - began
        arena.rig.retire("mail")
        calls, taken = local.calls, copies(local)
        arena.expect(
            calls <= RATE * took + CAPACITY + 1, f"{calls} calls in {took:.1f} s, more than the bucket gives"
        )
    arena.expect(
        taken == Counter(ids),
        f"{len(taken)} of {number} mails taken, {max(taken.values(), default=0)} times at most",
    )
    held = _broken_calls(arena)
    arena.figures |= {
        "calls": calls,
        "mails": number,
        "held_after_broken_calls": held,
        "breaker": "there is none",
    }


def _broken_calls(arena: Arena) -> int:
    """Let the provider hang up after reading: nobody knows, so nothing is sent again by itself."""
    with hanging_up() as (url, heard):
        mail_worker(arena, "mail", url)
        ids = owe(2, prefix="unsure")
        arena.until(
            lambda: arena.number(_SENDING, ids=sorted(ids)) == 2 and len(heard) >= 2, "calls that broke off"
        )
        silence_is_an_answer(ids)
        arena.all_ended()
        arena.rig.retire("mail")
        arena.expect(len(heard) == 2, f"{len(heard)} calls for two mails of which nobody knows")
    return int(arena.number(_HELD, ids=sorted(ids)))


_SENDING = "SELECT count(*) FROM deliveries WHERE state = 'sending' AND id = ANY(CAST(:ids AS uuid[]))"
_HELD = "SELECT count(*) FROM deliveries WHERE state = 'held' AND id = ANY(CAST(:ids AS uuid[]))"


def crash_around_the_call(arena: Arena) -> None:
    """Die before the call, after it, and after the result: a second mail only where a second is better than none."""
    with provider() as local:
        mail_worker(arena, "mail", local.url)
        doubled: dict[str, int] = {}
        for point, when_unsure in (
            ("intended", "hold"),
            ("called", "hold"),
            ("called", "resend"),
            ("finished", "hold"),
        ):
            aim = arena.rig.folder / AIM
            aim.write_text(point)
            ids = owe(1, when_unsure, prefix=f"{point}-{when_unsure}")  # type: ignore[arg-type]  # two literals
            arena.until(lambda aim=aim: not aim.exists(), f"a crash at {point!r}", 60)  # type: ignore[misc]  # bound on purpose
            if point != "finished":
                arena.until(lambda ids=ids: arena.number(_SENDING, ids=sorted(ids)) == 1, "a mail in doubt")  # type: ignore[misc]  # bound on purpose
                arena.until(
                    lambda: arena.count("('retryable')") > 0 or arena.count() == 0, "the lease run out"
                )
                silence_is_an_answer(ids)
            arena.until(lambda: _settled(arena, ids), "a mail settled")  # noqa: B023 - called at once
            taken = copies(local)
            doubled[f"{point}/{when_unsure}"] = max((taken[i] for i in ids), default=0)
        arena.rig.retire("mail")
    expected = {"intended/hold": 0, "called/hold": 1, "called/resend": 2, "finished/hold": 1}
    arena.figures |= {f"mails at {name}": times for name, times in doubled.items()}
    arena.expect(doubled == expected, f"mails taken: {doubled}, expected {expected}")


def _settled(arena: Arena, ids: set[str]) -> bool:
    """Tell whether a mail has come to rest; until then nothing more than silence is passed on."""
    silence_is_an_answer(ids)
    return (
        arena.number(
            "SELECT count(*) FROM deliveries WHERE id = ANY(CAST(:ids AS uuid[])) AND state IN ('sent', 'held')",
            ids=sorted(ids),
        )
        == 1
    )
