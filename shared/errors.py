"""The three families of failure; anything else is a bug and is treated as one."""

from dataclasses import dataclass
from typing import Any


class CityPulseError(Exception):
    """Stand above every failure we raise on purpose."""


class Transient(CityPulseError):
    """
    Report a fault that time may mend: the job is tried again.

    `retry_after_seconds` is the other side's own wish (HTTP `Retry-After`), honoured when it is longer
    than our backoff.
    """

    def __init__(self, message: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Permanent(CityPulseError):
    """Report a fault that no retry can mend, as a sentence an admin can act on."""


class Rejection(CityPulseError):
    """Refuse one record inside a parser; the connector turns it into a `Rejected` record."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """Name the field, the rule it broke and what to do, for an API answer."""

    field: str
    rule: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Give the JSON shape used in problem+json answers."""
        return {"field": self.field, "rule": self.rule, "message": self.message}


class Refused(CityPulseError):
    """Refuse a request: `status` is the HTTP status, `problems` name the fields."""

    status = 400

    def __init__(self, message: str, *problems: FieldProblem, **extra: Any) -> None:
        super().__init__(message)
        self.problems = problems
        self.extra = extra


class Invalid(Refused):
    """Refuse values that break a rule."""

    status = 422


class NotFound(Refused):
    """Say that the thing asked for is not here."""

    status = 404


class Outdated(Refused):
    """Say that the thing has changed since the caller saw it."""

    status = 412


class Conflict(Refused):
    """Say that the thing is in a state that does not allow this."""

    status = 409
