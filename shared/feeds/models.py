"""Feeds, their runs, what they sent and what was set aside."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db import Base, CreatedAt, Id


class Feed(Base):
    """One publisher's feed and how we read it."""

    __tablename__ = "feeds"
    __table_args__ = (
        UniqueConstraint("city", "slug"),
        CheckConstraint("interval_seconds >= 1", name="interval"),
        Index("ix_feeds_next_run", "next_run_at", postgresql_where=text("NOT paused")),
    )

    id: Mapped[Id]
    city: Mapped[str] = mapped_column(ForeignKey("cities.slug", ondelete="CASCADE"))
    slug: Mapped[str]
    name: Mapped[str]
    #: The connector's folder under `tasks/feeds/connectors`.
    kind: Mapped[str]
    url: Mapped[str]
    interval_seconds: Mapped[int]
    #: Options of the connector; secrets are named here, never held.
    options: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    attribution: Mapped[str] = mapped_column(server_default="")
    license: Mapped[str] = mapped_column(server_default="")
    simulated: Mapped[bool] = mapped_column(server_default=text("false"))
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    #: What the connector remembers between runs, for example Socrata's last `:updated_at`.
    cursor: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    #: fresh, late, stale, dead: judged by the newest entity and not by the header alone.
    freshness: Mapped[str] = mapped_column(server_default="dead")
    next_run_at: Mapped[datetime | None]
    last_success_at: Mapped[datetime | None]
    #: Observed time of the newest entity.
    newest_at: Mapped[datetime | None]
    #: Ages of the newest entity that make the feed late, stale, dead: the connector's word at the last run.
    late_seconds: Mapped[int] = mapped_column(server_default=text("300"))
    stale_seconds: Mapped[int] = mapped_column(server_default=text("1800"))
    dead_seconds: Mapped[int] = mapped_column(server_default=text("21600"))
    #: Version of the parser that last stored this feed; a newer one reads unchanged payloads again.
    parser_version: Mapped[int | None]
    #: Publisher's ttl of the last payload.
    ttl_seconds: Mapped[int | None]
    #: What the feed amounts to: `vehicles` -> 627, `bikes_available` -> 5248.
    totals: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    failures_in_a_row: Mapped[int] = mapped_column(server_default=text("0"))
    #: Since when complete lists are suddenly much shorter; nothing is marked missing meanwhile.
    shrunk_since: Mapped[datetime | None]
    #: The share of features that fill each field, at the last run that lost none; fields lost, and since when.
    filled: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    lost_fields: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    drifted_since: Mapped[datetime | None]
    #: Circuit breaker: the publisher is left alone until this moment.
    open_until: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class FeedResource(Base):
    """One URL of a feed and what a conditional GET of it needs."""

    __tablename__ = "feed_resources"

    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"), primary_key=True)
    url: Mapped[str] = mapped_column(primary_key=True)
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    sha256: Mapped[str | None]
    #: Not to be asked again before this moment (publisher's ttl, Retry-After).
    fresh_until: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]


class Payload(Base):
    """A raw answer of a publisher, stored once by its content."""

    __tablename__ = "payloads"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    stored_bytes: Mapped[int] = mapped_column(BigInteger)
    media_type: Mapped[str] = mapped_column(server_default="")
    #: Path under the storage root.
    path: Mapped[str]
    created_at: Mapped[CreatedAt]


class FeedRun(Base):
    """One run of a feed: the audit row of its fetches and what came of them."""

    __tablename__ = "feed_runs"
    __table_args__ = (
        Index("ix_feed_runs_feed_started", "feed_id", text("started_at DESC")),
        Index(
            "uq_feed_runs_running",
            "feed_id",
            unique=True,
            postgresql_where=text("state = 'running' AND reprocess_of IS NULL"),
        ),
        CheckConstraint("state IN ('running','succeeded','unchanged','failed')", name="state"),
    )

    id: Mapped[Id]
    feed_id: Mapped[UUID] = mapped_column(ForeignKey("feeds.id", ondelete="CASCADE"))
    job_id: Mapped[UUID | None] = mapped_column(index=True)
    state: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    http_status: Mapped[int | None]
    bytes: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    #: Time to first byte of the slowest fetch, milliseconds.
    ttfb_ms: Mapped[int | None]
    parser_version: Mapped[int] = mapped_column(server_default=text("1"))
    #: Records the publisher sent.
    records: Mapped[int] = mapped_column(server_default=text("0"))
    new: Mapped[int] = mapped_column(server_default=text("0"))
    changed: Mapped[int] = mapped_column(server_default=text("0"))
    same: Mapped[int] = mapped_column(server_default=text("0"))
    vanished: Mapped[int] = mapped_column(server_default=text("0"))
    #: Records that describe the feed itself: counted, not stored.
    described: Mapped[int] = mapped_column(server_default=text("0"))
    #: Reason -> count.
    rejected: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    #: What the feed amounted to after the run.
    totals: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    error: Mapped[str | None]
    #: The run whose payloads were parsed again.
    reprocess_of: Mapped[UUID | None]
    dry_run: Mapped[bool] = mapped_column(server_default=text("false"))
    #: What a reprocess would change or changed: counts and samples.
    difference: Mapped[dict[str, Any] | None]


class RunPayload(Base):
    """A payload a run read, in the order it was read."""

    __tablename__ = "feed_run_payloads"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("feed_runs.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    url: Mapped[str]
    sha256: Mapped[str] = mapped_column(ForeignKey("payloads.sha256"), index=True)
    http_status: Mapped[int]
    media_type: Mapped[str] = mapped_column(server_default="")
    fetched_at: Mapped[datetime]


class FeedReject(Base):
    """One record set aside with its reason; nothing a publisher sent is lost silently."""

    __tablename__ = "feed_rejects"
    __table_args__ = (Index("ix_feed_rejects_run", "run_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[UUID] = mapped_column(ForeignKey("feed_runs.id", ondelete="CASCADE"))
    #: Payload name and position of the record in it, `station_status#12`.
    record: Mapped[str]
    external_id: Mapped[str | None]
    reason: Mapped[str]
    detail: Mapped[str] = mapped_column(server_default="")
    #: The record as far as it can be shown, cut at 2 kB.
    excerpt: Mapped[str] = mapped_column(server_default="")
