"""
Circuit breakers: somebody outside who fails again and again is left alone, by all workers together.

Closed: calls go out. Open: after five faults in a row no job with the rate key starts for a minute; it
waits, and spends no attempt. Half open: one job tries, and what it meets closes the breaker or opens it
again; others that were claimed at the same moment go back. What a fault is the caller knows; the rule is `rules.open_until`, by which feeds leave their
publishers alone too (they keep it in their own row).
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from shared.db import Transaction
from shared.jobs.models import Breaker
from shared.jobs.pace import breaker_seconds, probe_seconds
from shared.jobs.rules import open_until

log = logging.getLogger(__name__)

_OPENED = text(
    "SELECT open_until, probe_until FROM breakers WHERE key = :key AND failures_in_a_row > 0 FOR UPDATE"
)
_CLOSE = text("""
UPDATE breakers SET failures_in_a_row = 0, open_until = NULL, probe_until = NULL, opened_at = NULL, error = NULL
WHERE key = :key
""")
# Only what the breaker itself put back bears these moments to the microsecond.
_WAKE = text("""
UPDATE jobs SET run_at = clock_timestamp() WHERE state = 'scheduled' AND rate_key = :key
  AND run_at IN (CAST(:open_until AS timestamptz), CAST(:probe_until AS timestamptz))
""")
_PROBE = text("""
UPDATE breakers SET probe_until = clock_timestamp() + make_interval(secs => :seconds)
WHERE key = :key AND open_until <= clock_timestamp()
  AND coalesce(probe_until, '-infinity') <= clock_timestamp() RETURNING 1
""")


class PutBack(Exception):
    """Say that a job must not start now: it goes back until its breaker lets one try, its attempt not counted."""


@dataclass(frozen=True, slots=True)
class State:
    """How a breaker stands: half open when its time is over and nobody has met an answer yet."""

    state: Literal["closed", "open", "half_open"]
    #: When a job may try, or the next one may: never before the moment it was asked for.
    until: datetime | None = None
    since: datetime | None = None
    error: str | None = None


def state_of(tx: Transaction, key: str, *, settled: bool = False) -> State:
    """
    Return how the breaker of somebody outside stands by the database's clock.

    `settled` keeps it so until the transaction ends: who closes it then sees, and wakes, what is put back now.
    """
    columns = (Breaker.open_until, Breaker.probe_until, Breaker.opened_at, Breaker.error)
    query = select(*columns, func.clock_timestamp().label("now")).where(Breaker.key == key)
    row = tx.execute(query.with_for_update(read=True) if settled else query).one_or_none()
    if row is None or row.open_until is None:
        return State("closed")
    until = max(each for each in (row.open_until, row.probe_until) if each is not None)
    state: Literal["open", "half_open"] = "open" if row.open_until > row.now else "half_open"
    return State(state, until if until > row.now else None, row.opened_at, row.error)


def enter(tx: Transaction, key: str) -> None:
    """
    Ask for leave to call, in the transaction that commits the intent; half open, one at a time gets it.

    Raises: PutBack.
    """
    now = state_of(tx, key)
    if now.state == "closed":
        return
    if now.until is None and tx.execute(_PROBE, {"key": key, "seconds": probe_seconds()}).first() is not None:
        return
    raise PutBack(key)


def note_answer(tx: Transaction, key: str) -> None:
    """Close the breaker, since whoever is outside answered, and let what waited for that start."""
    before = tx.execute(_OPENED, {"key": key}).first()
    if before is None:
        return
    tx.execute(_CLOSE, {"key": key})
    if before.open_until is not None:
        tx.execute(_WAKE, {"key": key, "open_until": before.open_until, "probe_until": before.probe_until})
        log.info("breaker closed", extra={"key": key})


def note_fault(tx: Transaction, key: str, error: str) -> None:
    """
    Count a fault of whoever is outside; the fifth in a row opens the breaker, and so does a failed try.

    A fault met by a call that was under way when it opened does not make the minute longer.
    """
    first = insert(Breaker).values(key=key, failures_in_a_row=0)
    tx.execute(first.on_conflict_do_nothing(index_elements=[Breaker.key]))
    row = tx.execute(
        select(Breaker, func.clock_timestamp().label("now")).where(Breaker.key == key).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    found: Breaker = row.Breaker
    found.failures_in_a_row += 1
    found.error = error[:500]
    if found.open_until is not None and found.open_until > row.now:
        return
    found.open_until = open_until(found.failures_in_a_row, row.now, breaker_seconds())
    found.probe_until = None
    if found.open_until is not None:
        found.opened_at = found.opened_at or row.now
        log.error(
            "breaker opened: left alone for a while",
            extra={"key": key, "failures": found.failures_in_a_row, "error": found.error},
        )
