"""What a feed that is tried before it is saved looks like on the wire."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from web.api.feed_shapes import Url
from web.params import Line
from web.shapes import Freshness


class PreviewRequest(BaseModel):
    """A feed to try before it is saved."""

    model_config = ConfigDict(extra="forbid")

    city: Line
    kind: Line
    url: Url
    options: dict[str, Any] = {}


class PreviewPayload(BaseModel):
    """One answer that was fetched."""

    name: str
    status: int
    bytes: int
    media_type: str


class PreviewTerms(BaseModel):
    """Whose a feed is and under which licence, by its own words."""

    attribution: str | None = None
    license: str | None = None


class FeedPreview(BaseModel):
    """
    What a feed would give: its first records, its first problems, and how many of each were read.

    `http_status`, `ttfb_ms` and `ttl_seconds` are the publisher's last answer, also one that failed; `newest_at` is
    when the newest record was observed, by which `freshness` is judged; `terms` is what the feed says of itself.
    """

    job_id: UUID
    at: datetime
    fetched: list[PreviewPayload]
    http_status: int | None = None
    ttfb_ms: int | None = None
    ttl_seconds: int | None = None
    newest_at: datetime | None = None
    freshness: Freshness | None = None
    terms: PreviewTerms = PreviewTerms()
    records: list[dict[str, Any]]
    problems: list[dict[str, Any]]
    read: dict[str, int]
    rejected: dict[str, int]
    error: str | None = None
