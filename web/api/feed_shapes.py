"""What feeds and their runs look like on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from web.params import DEFAULT_LIMIT, Cursor, Limit, Line, Slug
from web.shapes import Freshness


class FeedQuery(BaseModel):
    """Of which city; all cities by default."""

    city: Line | None = None


class RunQuery(BaseModel):
    """Which page of a feed's runs."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class RejectQuery(BaseModel):
    """Of which run; the newest that has any by default."""

    run: UUID | None = None
    limit: Limit = DEFAULT_LIMIT


class FeedRun(BaseModel):
    """One run of a feed: what was fetched and what came of it."""

    id: UUID
    job_id: UUID | None
    started_at: datetime
    finished_at: datetime | None
    state: Literal["running", "succeeded", "unchanged", "failed"]
    http_status: int | None
    bytes: int | None
    ttfb_ms: int | None
    sha256: str | None
    parser_version: int
    records: int
    new: int | None
    changed: int | None
    same: int | None
    vanished: int | None
    described: int | None
    rejected: dict[str, int] | None
    error: str | None
    reprocess_of: UUID | None
    dry_run: bool
    difference: dict[str, Any] | None


class FeedRunList(BaseModel):
    """A page of runs, newest first."""

    items: list[FeedRun]
    next: str | None


class FeedCounts(BaseModel):
    """What a feed gave that is here now."""

    features: int
    things: int
    vehicles: int


class Feed(BaseModel):
    """
    A publisher's feed, how it is read and how it is.

    `open_until`: after failures in a row its publisher is left alone until then. `shrunk_since`: since then its
    lists are suddenly much shorter, and nothing is withdrawn for that. `drifted_since`: since then no feature fills
    the `lost_fields`, which most of them filled before. `ttl_seconds`: the publisher's own word. `version`: for
    `If-Match`, so that a change of somebody else is not lost; runs do not change it.
    """

    id: UUID
    slug: str
    city: str
    name: str
    kind: str
    url: str
    interval_seconds: int
    options: dict[str, Any]
    version: str
    enabled: bool
    paused: bool
    freshness: Freshness
    last_run: FeedRun | None
    last_success_at: datetime | None
    newest_at: datetime | None
    failures_in_a_row: int
    open_until: datetime | None
    shrunk_since: datetime | None
    drifted_since: datetime | None
    lost_fields: list[str]
    ttl_seconds: int | None
    next_run_at: datetime | None
    attribution: str | None
    license: str | None
    simulated: bool
    counts: FeedCounts


class FeedList(BaseModel):
    """All feeds that were asked for."""

    items: list[Feed]
    next: str | None


class FeedOption(BaseModel):
    """
    What a feed of a kind may be told: an option's JSON type, what is allowed and what it means.

    `default`: what holds without it, if that is told by a value; `of_this_kind`: not every kind has it.
    """

    name: str
    type: Literal["string", "integer", "boolean", "array", "object"]
    allowed: str
    default: Any
    meaning: str
    of_this_kind: bool


class FeedKind(BaseModel):
    """A kind of feed and its options, those of its own first."""

    kind: str
    options: list[FeedOption]


class FeedKindList(BaseModel):
    """All kinds of feeds."""

    items: list[FeedKind]
    next: str | None


class FeedReject(BaseModel):
    """One record set aside, with its reason and as much of it as can be shown."""

    reason: str
    detail: str | None
    record: str
    external_id: str | None
    excerpt: str
    run_id: UUID
    at: datetime


class FeedRejectList(BaseModel):
    """Records set aside."""

    items: list[FeedReject]
    next: str | None


Interval = Annotated[int, Field(ge=5, le=7 * 86_400)]
Url = Annotated[str, Field(min_length=8, max_length=2000)]


class NewFeed(BaseModel):
    """A feed to add; without a name it gets one of its kind and host."""

    model_config = ConfigDict(extra="forbid")

    city: Line
    kind: Line
    url: Url
    interval_seconds: Interval
    name: Annotated[str, Field(max_length=200)] = ""
    slug: Slug | None = None
    options: dict[str, Any] = {}
    attribution: Annotated[str, Field(max_length=500)] = ""
    license: Annotated[str, Field(max_length=500)] = ""
    paused: bool = False


class FeedChange(BaseModel):
    """What to change of a feed; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    kind: Line | None = None
    url: Url | None = None
    interval_seconds: Interval | None = None
    name: Line | None = None
    options: dict[str, Any] | None = None
    attribution: Annotated[str | None, Field(max_length=500)] = None
    license: Annotated[str | None, Field(max_length=500)] = None
    paused: bool | None = None


class ReprocessRequest(BaseModel):
    """Which archived payloads to parse again, and why; a dry run only shows the difference."""

    model_config = ConfigDict(extra="forbid")

    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    dry_run: bool = True
    reason: Line
