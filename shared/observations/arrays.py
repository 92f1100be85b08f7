"""[p] Arrays as Postgres reads them from one text: the driver would quote each value by itself."""

from collections.abc import Iterable
from datetime import datetime


def array_of(values: Iterable[str | float]) -> str:
    """Write numbers, ids or written moments: what holds neither commas, quotes nor braces."""
    return "{" + ",".join(map(str, values)) + "}"


def moments_of(values: Iterable[datetime]) -> str:
    """Write moments; each different one is written once."""
    written: dict[datetime, str] = {}
    return array_of(written.get(at) or written.setdefault(at, at.isoformat()) for at in values)
