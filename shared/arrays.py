"""[p] Arrays as Postgres reads them from one text: the driver would quote each value by itself."""

from collections.abc import Iterable
from uuid import UUID


def array_of(values: Iterable[str | float | UUID]) -> str:
    """Write numbers, ids or written moments: what holds neither commas, quotes nor braces."""
    return "{" + ",".join(map(str, values)) + "}"
