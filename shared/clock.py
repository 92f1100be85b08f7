"""Time and identity: the only place that asks the machine what time it is."""

from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def utcnow() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a UUIDv7: unique, and sorted by the time it was made (RFC 9562)."""
    return uuid7()


def rfc3339(moment: datetime) -> str:
    """Write an aware moment as RFC 3339 in UTC with `Z`; microseconds only when there are any."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
