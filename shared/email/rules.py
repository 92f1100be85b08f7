"""[p] The rules of delivery: what to do with a mail, from the state it was left in."""

from datetime import datetime, timedelta
from enum import StrEnum

#: Deliveries that are over: they are never sent again.
SETTLED = frozenset({"sent", "delivered", "bounced", "dropped"})
#: A crash inside the call leaves it open whether the provider took the mail; its event says so by then.
UNSURE_FOR = timedelta(minutes=5)


class Move(StrEnum):
    """What a worker does with a delivery it was given."""

    SEND = "send"
    LEAVE = "leave"
    WAIT = "wait"
    HOLD = "hold"


def next_move(state: str, claimed_at: datetime | None, when_unsure: str, now: datetime) -> Move:
    """
    Decide by the state in which a delivery is found.

    `held` and `failed` end their job in the same transaction, so a worker that meets one was sent by an
    admin. `sending` means that an earlier worker broke off between its intent and its result: the
    provider's event may still tell, so wait for it; after that a mail whose loss is worse is sent again,
    and one whose double is worse is held.
    """
    if state in SETTLED:
        return Move.LEAVE
    if state != "sending" or claimed_at is None:
        return Move.SEND
    if now - claimed_at < UNSURE_FOR:
        return Move.WAIT
    return Move.SEND if when_unsure == "resend" else Move.HOLD


def seconds_to_wait(claimed_at: datetime, now: datetime) -> float:
    """Return how long until the provider's silence counts as an answer."""
    return max(0.0, (claimed_at + UNSURE_FOR - now).total_seconds())
