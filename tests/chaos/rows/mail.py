"""Row 19, and the mail's part of row 18: a provider that fails, and workers that die around the call."""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Literal

from pytest_httpserver import HTTPServer
from sqlalchemy import text

from shared.db import transaction
from shared.email.service import PROVIDER_RATE_KEY, Mail, prepare_mail
from shared.jobs import breakers
from shared.jobs.rules import BREAKER_FAILURES, BREAKER_SECONDS
from tests.chaos.arena import Arena
from tests.chaos.rows import row
from tests.chaos.stage import AIM, worker
from tests.support.sendgrid import KEY, LocalSendGrid, hanging_up, serve

LINK = {"link_url": "https://city-pulse.app/verify-email?token=t", "good_for": "24 h"}
RATE, CAPACITY = 20.0, 5.0
#: Of the mail worker: so many calls may be under way at a time.
PROCESSES = 2


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
    worker(arena.rig, name, queues="email", processes=PROCESSES, SENDGRID_API_KEY=KEY, SENDGRID_API_URL=url)


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
    """Each mail is taken once; the bucket bounds the calls, the breaker ends them while the provider is broken."""
    with transaction() as tx:
        tx.execute(
            text("INSERT INTO rate_buckets (key, rate, capacity, tokens) VALUES (:key, :rate, :capacity, 0)"),
            {"key": PROVIDER_RATE_KEY, "rate": RATE, "capacity": CAPACITY},
        )
    with provider() as local:
        mail_worker(arena, "mail", local.url)
        began = time.monotonic()
        local.next_answers(*[(429, {"Retry-After": "1"})] * 5, *[(500, {})] * 3)
        ids = owe(arena.size(20, 200))
        arena.all_ended()
        ids |= _outage(arena, local)
        took = time.monotonic() - began
        calls, taken = local.calls, copies(local)
        arena.rig.retire("mail")
    arena.expect(
        calls <= RATE * took + CAPACITY + 1, f"{calls} calls in {took:.1f} s, more than the bucket gives"
    )
    arena.expect(
        taken == Counter(ids),
        f"{len(taken)} of {len(ids)} mails taken, {max(taken.values(), default=0)} times at most",
    )
    arena.figures |= {"calls": calls, "mails": len(ids), "held_after_broken_calls": _broken_calls(arena)}


def _outage(arena: Arena, local: LocalSendGrid) -> set[str]:
    """Let every call fail until two tries of the half-open breaker have failed, too; returns the mails owed."""
    local.outage = 503
    first = local.calls
    ids = owe(arena.size(20, 100), prefix="outage")
    arena.until(lambda: _breaker(arena) == "open", "the breaker open")
    pause = BREAKER_SECONDS * arena.scale / 2
    arena.until(
        lambda: len(_bursts(local.called_at[first:], pause)) > 2, "two tries of a half-open breaker", 60
    )
    local.outage = None
    healed = time.monotonic()
    arena.all_ended()
    arena.within(time.monotonic() - healed, BREAKER_SECONDS, "mail after an outage")
    arena.expect(_breaker(arena) == "closed", "the breaker stayed open after the provider came back")
    bursts = _bursts(local.called_at[first:], pause)
    arena.expect(
        BREAKER_FAILURES <= len(bursts[0]) < BREAKER_FAILURES + PROCESSES,
        f"the breaker opened after {len(bursts[0])} calls",
    )
    tries = [len(burst) for burst in bursts[1:3]]
    arena.expect(tries == [1, 1], f"a half-open breaker let {tries} calls through")
    silences = [later[0] - earlier[-1] for earlier, later in pairwise(bursts[:3])]
    arena.each_within(silences, BREAKER_SECONDS, "a breaker half open")
    spent = arena.number("SELECT max(attempt) FROM jobs WHERE kind = 'email.deliver'")
    arena.figures |= {"calls_until_open": len(bursts[0]), "most_attempts": int(spent)}
    return ids


def _bursts(moments: list[float], pause: float) -> list[list[float]]:
    """Part calls where there was silence for longer than `pause`."""
    parted: list[list[float]] = []
    for moment in moments:
        if parted and moment - parted[-1][-1] <= pause:
            parted[-1].append(moment)
        else:
            parted.append([moment])
    return parted


def _breaker(arena: Arena) -> str:
    with transaction() as tx:
        return breakers.state_of(tx, PROVIDER_RATE_KEY).state


def _broken_calls(arena: Arena) -> int:
    """
    Let the provider hang up after reading: nobody knows, so nothing is sent again by itself.

    The fifth opens the breaker, and what had not been called by then goes out once the provider is back.
    """
    with hanging_up() as (url, heard):
        mail_worker(arena, "mail", url)
        ids = owe(arena.size(8, 40), prefix="unsure")
        arena.until(lambda: _breaker(arena) == "open", "the breaker open after calls that broke off")
        arena.rig.retire("mail")
    doubted = int(arena.number(_SENDING, ids=sorted(ids)))
    arena.expect(
        BREAKER_FAILURES <= len(heard) < BREAKER_FAILURES + PROCESSES, f"{len(heard)} calls until it opened"
    )
    arena.expect(doubted == len(heard), f"{len(heard)} calls broke off and {doubted} mails are in doubt")
    silence_is_an_answer(ids)
    with provider() as local:
        mail_worker(arena, "mail", local.url)
        arena.all_ended()
        arena.rig.retire("mail")
        taken = copies(local)
    held = int(arena.number(_HELD, ids=sorted(ids)))
    arena.expect(held == doubted, f"{held} mails held of {doubted} in doubt")
    arena.expect(
        len(taken) == len(ids) - doubted and set(taken.values()) <= {1},
        f"{len(taken)} mails taken of {len(ids) - doubted} that were not in doubt",
    )
    return held


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
