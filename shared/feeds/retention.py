"""What is kept for how long, and the statements that forget the rest in small batches."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from shared.feeds.archive import Archive

#: Raw payloads can be reprocessed for so long, or as long as their feed says (`keep_days`).
PAYLOADS: Final = timedelta(days=30)
#: Runs that found something new or failed; runs that found nothing are only needed by the day's charts.
RUNS: Final = timedelta(days=90)
UNCHANGED_RUNS: Final = timedelta(days=3)
OBSERVATIONS: Final = timedelta(days=400)
#: Vehicles and trips that the publisher lists no more, or that were not seen for longer.
GONE: Final = timedelta(days=1)
UNSEEN: Final = timedelta(days=7)


def forget_runs(tx: Transaction, now: datetime, most: int) -> int:
    """Remove up to `most` old runs with their rejects, each feed's newest excepted; returns how many."""
    removed = tx.execute(
        text("""
        DELETE FROM feed_runs WHERE id IN (
          SELECT r.id FROM feed_runs r
          WHERE r.state <> 'running'
            AND r.started_at < CASE r.state WHEN 'unchanged' THEN :unchanged ELSE :before END
            AND EXISTS (SELECT 1 FROM feed_runs n WHERE n.feed_id = r.feed_id AND n.started_at > r.started_at)
          LIMIT :most) RETURNING 1"""),
        {"unchanged": now - UNCHANGED_RUNS, "before": now - RUNS, "most": most},
    ).all()
    return len(removed)


def forget_payloads(tx: Transaction, archive: Archive, now: datetime, most: int) -> int:
    """
    Remove up to `most` old payloads, files first; returns how many.

    One that several feeds sent is kept for the feed that keeps it longest. What a URL said last stays, however old: a
    304 stands for it.
    """
    old = tx.execute(
        text("""
        WITH kept AS MATERIALIZED (
          SELECT id, :now - make_interval(days => CASE jsonb_typeof(options->'keep_days')
            WHEN 'number' THEN CAST(options->>'keep_days' AS int) ELSE :days END) AS since FROM feeds)
        SELECT p.sha256 FROM payloads p
        WHERE p.created_at < greatest(:before, (SELECT max(since) FROM kept))
          AND NOT EXISTS (SELECT 1 FROM feed_resources s WHERE s.sha256 = p.sha256)
          AND NOT EXISTS (SELECT 1 FROM feed_run_payloads u JOIN feed_runs r ON r.id = u.run_id
                          JOIN kept ON kept.id = r.feed_id WHERE u.sha256 = p.sha256 AND r.started_at >= kept.since)
          AND (p.created_at < :before OR EXISTS (SELECT 1 FROM feed_run_payloads u WHERE u.sha256 = p.sha256))
        LIMIT :most FOR UPDATE OF p SKIP LOCKED"""),
        {"now": now, "before": now - PAYLOADS, "days": PAYLOADS.days, "most": most},
    ).scalars()
    gone = list(old)
    for sha256 in gone:
        archive.drop(sha256)
    if gone:
        tx.execute(text("DELETE FROM feed_run_payloads WHERE sha256 = ANY(:gone)"), {"gone": gone})
        tx.execute(text("DELETE FROM payloads WHERE sha256 = ANY(:gone)"), {"gone": gone})
    return len(gone)


def forget_gone(tx: Transaction, now: datetime, most: int) -> int:
    """Remove up to `most` vehicles and as many trips that are no more; returns how many."""
    values = {"gone": now - GONE, "unseen": now - UNSEEN, "most": most}
    removed = 0
    for table in ("vehicles", "trip_updates"):
        rows = tx.execute(
            text(
                f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table}"  # noqa: S608 - two names of ours
                " WHERE missing_since < :gone OR (fetched_at < :unseen AND"
                " coalesce(observed_at, fetched_at) < :unseen) LIMIT :most) RETURNING 1"
            ),
            values,
        ).all()
        removed += len(rows)
    return removed


def recount(tx: Transaction, feed_id: UUID | None = None) -> None:
    """Count features of a feed, or of all, anew: runs only count on from the last number."""
    tx.execute(
        text("""
        UPDATE feeds SET totals = totals || jsonb_build_object('features', c.n)
        FROM (SELECT f.id, (SELECT count(*) FROM features x
                            WHERE x.feed_id = f.id AND x.withdrawn_at IS NULL) AS n
              FROM feeds f WHERE f.totals ? 'features' AND f.id = coalesce(CAST(:feed_id AS uuid), f.id)) c
        WHERE feeds.id = c.id AND (feeds.totals->>'features')::bigint <> c.n"""),
        {"feed_id": feed_id},
    )
