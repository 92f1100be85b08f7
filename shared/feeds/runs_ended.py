"""How a run ends: well, in the transaction of what it stored, or failed, with everything stored left as it was."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db import Transaction
from shared.feeds import rules
from shared.feeds.items import pace_of
from shared.feeds.models import Feed, FeedResource, FeedRun
from shared.feeds.runs import Counts, Opened, Traffic
from shared.hidden import without_secrets


def end_run(
    tx: Transaction,
    opened: Opened,
    state: Literal["succeeded", "unchanged"],
    traffic: Traffic,
    counts: Counts,
    now: datetime,
    *,
    cursor: Mapping[str, Any] | None = None,
    parser_version: int | None = None,
    newest_at: datetime | None = None,
    totals: Mapping[str, Any] | None = None,
    **of_feed: Any,
) -> None:
    """
    End a run that went well: its row, what its URLs said, and when the feed is due again.

    A feed that was changed meanwhile learns nothing of what was fetched, and is due at once.
    """
    tx.execute(
        update(FeedRun)
        .where(FeedRun.id == opened.run_id)
        .values(
            state=state,
            finished_at=now,
            http_status=traffic.http_status,
            bytes=traffic.bytes,
            ttfb_ms=traffic.ttfb_ms,
            **_counted(counts),
            totals=dict(opened.feed.totals if totals is None else totals),
            parser_version=parser_version or opened.feed.parser_version or 1,
        )
    )
    feed = opened.feed
    if not _is_as_it_was(tx, feed):
        # What was stored counts; what was fetched tells nothing of what the feed is now, which is read at once.
        anew = {"next_run_at": now} | ({"totals": dict(totals)} if totals is not None else {})
        tx.execute(update(Feed).where(Feed.id == feed.id).values(anew))
        return
    _keep_resources(tx, opened, traffic.resources)
    values: dict[str, Any] = {
        "last_success_at": now,
        "failures_in_a_row": 0,
        "open_until": None,
        "ttl_seconds": traffic.ttl_seconds,
        **of_feed,
    }
    if state == "succeeded":
        values |= {
            "cursor": dict(cursor or {}),
            "parser_version": parser_version,
            "totals": dict(totals or {}),
        }
    if newest_at is not None and (feed.newest_at is None or newest_at > feed.newest_at):
        values["newest_at"] = newest_at
    # A feed whose last run failed waits in no backoff once it works again.
    if feed.failures_in_a_row:
        values["next_run_at"] = rules.next_slot(None, pace_of(feed), now)
    tx.execute(update(Feed).where(Feed.id == feed.id).values(**values))


def _counted(counts: Counts) -> dict[str, Any]:
    """Return counts as the columns of a run."""
    return asdict(counts) | {"rejected": dict(counts.rejected)}


def _is_as_it_was(tx: Transaction, feed: Feed) -> bool:
    """Tell whether a feed is still what its run knew of it; it stays so until the transaction ends."""
    row = tx.execute(
        select(Feed.kind, Feed.url, Feed.options).where(Feed.id == feed.id).with_for_update(key_share=True)
    ).one()
    return tuple(row) == (feed.kind, feed.url, feed.options)


def _keep_resources(tx: Transaction, opened: Opened, resources: Sequence[Mapping[str, Any]]) -> None:
    """Keep what each URL said; URLs that were not asked this time (pages, dates) are forgotten."""
    asked = {resource["url"] for resource in resources}
    gone = opened.resources.keys() - asked
    if gone:
        tx.execute(
            delete(FeedResource).where(FeedResource.feed_id == opened.feed.id, FeedResource.url.in_(gone))
        )
    rows = [{"feed_id": opened.feed.id, **resource} for resource in resources if _differs(opened, resource)]
    if rows:
        statement = upsert(FeedResource)
        named = {name: statement.excluded[name] for name in rows[0] if name not in ("feed_id", "url")}
        tx.execute(statement.on_conflict_do_update(index_elements=["feed_id", "url"], set_=named), rows)


def _differs(opened: Opened, resource: Mapping[str, Any]) -> bool:
    known = opened.resources.get(resource["url"])
    return known is None or any(getattr(known, name) != value for name, value in resource.items())


def fail_run(
    tx: Transaction,
    opened: Opened,
    error: str,
    traffic: Traffic,
    counts: Counts,
    now: datetime,
    *,
    jitter: float,
    retry_after_seconds: float | None = None,
) -> bool:
    """
    End a run that failed: sentence, without secrets, and counts on its row, the feed set back; what is stored stays as it is.

    Returns: false when the run was closed by another worker already, and then nothing is changed.
    """
    closed = tx.execute(
        update(FeedRun)
        .where(FeedRun.id == opened.run_id, FeedRun.state == "running")
        .values(
            state="failed",
            finished_at=now,
            error=without_secrets(error),
            http_status=traffic.http_status,
            bytes=traffic.bytes,
            ttfb_ms=traffic.ttfb_ms,
            **_counted(counts),
        )
        .returning(FeedRun.id)
    ).first()
    if closed is None:
        return False
    feed = opened.feed
    values: dict[str, Any] = {"next_run_at": now}
    if _is_as_it_was(tx, feed):
        failures = feed.failures_in_a_row + 1
        values = {
            "failures_in_a_row": failures,
            "open_until": rules.open_until(failures, now),
            "next_run_at": rules.retry_at(failures, pace_of(feed), now, jitter, retry_after_seconds),
        }
    tx.execute(update(Feed).where(Feed.id == feed.id).values(values))
    return True


def cancel_run(tx: Transaction, job_id: UUID, now: datetime) -> None:
    """End what a job that was cancelled ran: what it stored stays, and the feed is no worse for it."""
    tx.execute(
        update(FeedRun)
        .where(FeedRun.job_id == job_id, FeedRun.state == "running")
        .values(state="failed", finished_at=now, error="cancelled")
    )
