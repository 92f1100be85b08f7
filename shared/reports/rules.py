"""[p] The rules of reports: who sees where, how a status moves, and whose link it is."""

import hashlib
import hmac
import re
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

#: Reports of the same category this near and this young may be about the same thing.
DUPLICATE_RADIUS_M = 75.0
DUPLICATE_AGE = timedelta(days=30)
#: Confirmations to one address in an hour: nobody can bomb a stranger's inbox through us.
MAILS_PER_HOUR = 5

#: Decimals of a degree the public sees: 4 are about 10 m, 3 about 100 m.
PUBLIC_DECIMALS = 4
COARSE_DECIMALS = 3
#: What is reported here often tells where someone lives.
COARSE_CATEGORIES = frozenset({"noise", "rodent", "abandoned-vehicle", "vehicle", "homelessness", "animal"})


class Status(StrEnum):
    """How far a report is."""

    RECEIVED = "received"
    PUBLISHED = "published"
    IN_PROGRESS = "in_progress"
    RESOLVED = "resolved"
    CLOSED = "closed"


_NEXT: dict[Status, frozenset[Status]] = {
    Status.RECEIVED: frozenset({Status.PUBLISHED, Status.CLOSED}),
    Status.PUBLISHED: frozenset({Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED}),
    Status.IN_PROGRESS: frozenset({Status.PUBLISHED, Status.RESOLVED, Status.CLOSED}),
    Status.RESOLVED: frozenset({Status.IN_PROGRESS, Status.CLOSED}),
    Status.CLOSED: frozenset({Status.IN_PROGRESS}),
}


def title_of(category_name: str, address: str) -> str:
    """Return the one line a report is known by."""
    place = address.split(",")[0].strip()[:80]
    return f"{category_name}, {place}" if place else category_name


def reference_of(prefix: str, number: int) -> str:
    """Return the reference people quote, such as LDN-000123."""
    return f"{prefix}-{number:06d}"


def public_point(
    point: tuple[float, float] | None, category: str, anonymous: bool
) -> tuple[float, float] | None:
    """Return where the public sees a report: coarser when the place may tell who wrote it."""
    if point is None:
        return None
    decimals = COARSE_DECIMALS if anonymous or category in COARSE_CATEGORIES else PUBLIC_DECIMALS
    return round(point[0], decimals), round(point[1], decimals)


def public_address(address: str, category: str, anonymous: bool) -> str:
    """Return the address the public sees: without house numbers where the place may tell who wrote it."""
    if not (anonymous or category in COARSE_CATEGORIES):
        return address
    return " ".join(re.sub(r"\b\d+\s?[a-zA-Z]?\b[,/-]?", " ", address).split()).strip(" ,")


def may_become(old: Status, new: Status, note: str) -> bool:
    """Tell whether a status may follow another; the same one again is a reply and needs a note."""
    return bool(note) if new == old else new in _NEXT[old]


def moves(status: Status) -> list[Status]:
    """List where a report may go from here, the nearest step first."""
    return [each for each in Status if each in _NEXT[status]]


def is_public(status: str) -> bool:
    """Tell whether the public map and list show a report."""
    return status != Status.RECEIVED


def token_of(report_id: UUID, secret: str) -> str:
    """
    Return the token of the reporter's link: made anew from the secret wherever it is needed, never stored.

    Raises: ValueError when the secret is empty, for then everybody could make it.
    """
    if not secret:
        raise ValueError("JWT_SECRET must be set before reports can be filed")
    return hmac.new(secret.encode(), b"report:" + report_id.bytes, hashlib.sha256).hexdigest()[:40]


def hash_of(token: str) -> str:
    """Return what a report keeps of its token."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_token(token: str | None, token_hash: str) -> bool:
    """Tell whether a token opens the report with this hash, in constant time."""
    return token is not None and hmac.compare_digest(hash_of(token), token_hash)


def duplicates_detail(count: int) -> str:
    """Say how many reports like this one are near."""
    if not count:
        return "You are the first to report this here."
    about = f"within {DUPLICATE_RADIUS_M:.0f} m in the last {DUPLICATE_AGE.days} days"
    return f"1 report like this {about}." if count == 1 else f"{count} reports like this {about}."
