"""Acts that open an account to others, or close it to its owner, need a sign-in of just now (ASVS 7.5.1, 7.5.2)."""

from datetime import datetime, timedelta
from typing import Final

from shared.accounts.service import Caller
from shared.errors import Refused

#: For so long after somebody proved who they are nobody asks again.
FRESH: Final = timedelta(minutes=15)
_MINUTES = FRESH // timedelta(minutes=1)


class NotFresh(Refused):
    """Ask for another sign-in before what is asked; `max_age` says how many seconds old one may be (RFC 9470)."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            f"sign in again first: this needs a sign-in of the last {_MINUTES} minutes",
            type="urn:citypulse:problem:sign-in-again",
            max_age=int(FRESH.total_seconds()),
        )


def is_fresh(proven_at: datetime | None, now: datetime) -> bool:
    """Tell whether a proof is of just now; one of which nobody knows when it was given is not."""
    return proven_at is not None and proven_at > now - FRESH


def require_fresh(who: Caller, now: datetime) -> None:
    """
    Let only somebody go on whose session began by a proof of just now.

    Raises: NotFresh.
    """
    if not is_fresh(who.proven_at, now):
        raise NotFresh
