"""Reads of feeds, their runs and what was set aside, in the API's shapes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text, tuple_

from shared.clock import rfc3339
from shared.db import Transaction
from shared.feeds.items import moment, pace_of
from shared.feeds.models import Feed, FeedReject, FeedRun
from shared.feeds.paging import Page, cursor_after, read_cursor
from shared.feeds.rules import feed_freshness
from shared.feeds.service import get_feed_row, version_of


def list_feeds(tx: Transaction, city: str | None, now: datetime) -> list[dict[str, Any]]:
    """Return the feeds of a city, or of all, by name, each with its last run."""
    wanted = select(Feed).order_by(Feed.city, Feed.name)
    feeds = tx.scalars(wanted.where(Feed.city == city) if city else wanted).all()
    return _feeds(tx, feeds, now)


def get_feed(tx: Transaction, feed_id: UUID, now: datetime) -> dict[str, Any]:
    """
    Return one feed with its last run.

    Raises: NotFound.
    """
    return _feeds(tx, [get_feed_row(tx, feed_id)], now)[0]


def _feeds(tx: Transaction, feeds: Sequence[Feed], now: datetime) -> list[dict[str, Any]]:
    last = _last_runs(tx, [feed.id for feed in feeds])
    return [_feed_json(feed, last.get(feed.id), now) for feed in feeds]


def _last_runs(tx: Transaction, feed_ids: Sequence[UUID]) -> dict[UUID, FeedRun]:
    """Return the newest run of each feed, one look into the index a feed."""
    rows = tx.scalars(
        select(FeedRun).from_statement(
            text(
                "SELECT r.* FROM unnest(CAST(:ids AS uuid[])) AS k(id), LATERAL ("
                " SELECT * FROM feed_runs WHERE feed_id = k.id AND reprocess_of IS NULL"
                " ORDER BY started_at DESC LIMIT 1) r"
            )
        ),
        {"ids": list(feed_ids)},
    )
    return {run.feed_id: run for run in rows}


def _feed_json(feed: Feed, last_run: FeedRun | None, now: datetime) -> dict[str, Any]:
    return {
        "id": str(feed.id),
        "slug": feed.slug,
        "city": feed.city,
        "name": feed.name,
        "kind": feed.kind,
        "url": feed.url,
        "interval_seconds": feed.interval_seconds,
        "options": feed.options,
        "version": version_of(feed),
        "enabled": not feed.paused,
        "paused": feed.paused,
        "freshness": feed_freshness(feed.last_success_at, feed.newest_at, pace_of(feed), now),
        "last_run": None if last_run is None else run_json(last_run),
        "last_success_at": moment(feed.last_success_at),
        "newest_at": moment(feed.newest_at),
        "next_run_at": moment(feed.next_run_at),
        "failures_in_a_row": feed.failures_in_a_row,
        "open_until": moment(feed.open_until),
        "shrunk_since": moment(feed.shrunk_since),
        "drifted_since": moment(feed.drifted_since),
        "lost_fields": feed.lost_fields,
        "ttl_seconds": feed.ttl_seconds,
        "attribution": feed.attribution,
        "license": feed.license,
        "simulated": feed.simulated,
        "counts": {noun: int(feed.totals.get(noun, 0)) for noun in ("features", "things", "vehicles")},
    }


def list_runs(tx: Transaction, feed_id: UUID, limit: int, cursor: str | None) -> Page:
    """
    Return up to `limit` runs of a feed, the newest first.

    Raises: NotFound for the feed; Invalid for a cursor that is none of ours.
    """
    get_feed_row(tx, feed_id)
    wanted = select(FeedRun).where(FeedRun.feed_id == feed_id)
    if cursor:
        wanted = wanted.where(tuple_(FeedRun.started_at, FeedRun.id) < read_cursor(cursor))
    rows = tx.scalars(wanted.order_by(FeedRun.started_at.desc(), FeedRun.id.desc()).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    items = [run_json(run, digest) for run, digest in zip(rows, _digests(tx, rows[:limit]), strict=False)]
    return Page(items, cursor_after(last.started_at, last.id) if last else None)


def _digests(tx: Transaction, runs: Sequence[FeedRun]) -> list[str | None]:
    """Return the sha256 of the last payload that each run read."""
    rows = tx.execute(
        text(
            "SELECT DISTINCT ON (run_id) run_id, sha256 FROM feed_run_payloads WHERE run_id = ANY(:ids)"
            " ORDER BY run_id, position DESC"
        ),
        {"ids": [run.id for run in runs]},
    )
    found = {row.run_id: row.sha256 for row in rows}
    return [found.get(run.id) for run in runs]


def run_json(run: FeedRun, sha256: str | None = None) -> dict[str, Any]:
    """Return a run in the API's shape."""
    return {
        "id": str(run.id),
        "job_id": None if run.job_id is None else str(run.job_id),
        "started_at": rfc3339(run.started_at),
        "finished_at": moment(run.finished_at),
        "state": run.state,
        "http_status": run.http_status,
        "bytes": run.bytes,
        "ttfb_ms": run.ttfb_ms,
        "sha256": sha256,
        "parser_version": run.parser_version,
        "records": run.records,
        "new": run.new,
        "changed": run.changed,
        "same": run.same,
        "vanished": run.vanished,
        "described": run.described,
        "rejected": run.rejected,
        "error": run.error,
        "reprocess_of": None if run.reprocess_of is None else str(run.reprocess_of),
        "dry_run": run.dry_run,
        "difference": run.difference,
    }


def list_rejects(tx: Transaction, feed_id: UUID, run_id: UUID | None, limit: int) -> list[dict[str, Any]]:
    """
    Return records that a run of a feed set aside, in the run's order; without a run, those of the last.

    Raises: NotFound for the feed.
    """
    get_feed_row(tx, feed_id)
    chosen = run_id or _last_run_with_rejects(tx, feed_id)
    rows = tx.execute(
        select(FeedReject, FeedRun.started_at)
        .join(FeedRun, FeedRun.id == FeedReject.run_id)
        .where(FeedReject.run_id == chosen, FeedRun.feed_id == feed_id)
        .order_by(FeedReject.id)
        .limit(limit)
    )
    return [_reject_json(reject, started_at) for reject, started_at in rows]


def _reject_json(reject: FeedReject, at: datetime) -> dict[str, Any]:
    return {
        "reason": reject.reason,
        "detail": reject.detail,
        "record": reject.record,
        "external_id": reject.external_id,
        "excerpt": reject.excerpt,
        "run_id": str(reject.run_id),
        "at": rfc3339(at),
    }


def _last_run_with_rejects(tx: Transaction, feed_id: UUID) -> UUID | None:
    return tx.scalar(
        select(FeedRun.id)
        .where(FeedRun.feed_id == feed_id, text("feed_runs.rejected <> '{}'"))
        .order_by(FeedRun.started_at.desc())
        .limit(1)
    )
