"""What one run fetched, who fetches for it, and the secrets it asks with."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from shared.errors import Permanent
from shared.feeds.runs import Counts, Traffic
from shared.settings import get_settings
from tasks.feeds.connector import Cursor, Payload
from tasks.feeds.fetching.http import Ask, Fetched


class Gets(Protocol):
    """What fetches one URL into a folder; `tasks.feeds.fetching.http.Fetcher` is the real one."""

    def get(self, slug: str, ask: Ask, into: Path) -> Fetched:
        """Fetch, or raise FetchFailed or FetchRefused."""
        ...


@dataclass(slots=True)
class Visit:
    """What a run fetched and what came of it; it is whole up to what failed, when something did."""

    payloads: list[Payload] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)
    bytes: int = 0
    ttfb_ms: int | None = None
    http_status: int | None = None
    ttls: list[int] = field(default_factory=list)
    cursor: Cursor = field(default_factory=dict)
    #: What became of the records of the payloads, as far as they were stored.
    counts: Counts = field(default_factory=Counts)

    @property
    def traffic(self) -> Traffic:
        """Return what the run's row keeps of it."""
        ttl = min(self.ttls, default=0) or None
        return Traffic(self.http_status, self.bytes, self.ttfb_ms, ttl, self.resources)

    @property
    def fetched_at(self) -> datetime:
        """Return when the newest payload was fetched."""
        return max(payload.fetched_at for payload in self.payloads)


def secret_named(name: str) -> str:
    """
    Return a feed's secret from the settings.

    Raises: Permanent that names the one that is missing.
    """
    value = get_settings().feeds_secrets.get(name)
    if value is None:
        raise Permanent(f"the feed needs the secret {name!r}: add it to FEEDS_SECRETS")
    return value.get_secret_value()
