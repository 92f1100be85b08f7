"""Judge feeds by what is known of them now, and tell browsers whose freshness changed."""

from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.orm.attributes import set_committed_value

from shared.db import Transaction
from shared.events import FreshnessChanged
from shared.feeds.items import pace_of
from shared.feeds.models import Feed
from shared.feeds.rules import feed_freshness
from shared.feeds.runs import SILENT
from shared.stream.publish import publish


def judge(tx: Transaction, feed: Feed, now: datetime) -> bool:
    """Judge one feed; returns whether its freshness changed."""
    freshness = feed_freshness(feed.last_success_at, feed.newest_at, pace_of(feed), now)
    if freshness == feed.freshness:
        return False
    judged = tx.execute(
        update(Feed)
        .where(Feed.id == feed.id, Feed.freshness == feed.freshness)
        .where(Feed.last_success_at.is_not_distinct_from(feed.last_success_at))
        .values(freshness=freshness)
        .returning(Feed.id)
        .execution_options(synchronize_session=False)
    ).first()
    if judged is None:
        return False  # A run ended meanwhile and judged the feed itself.
    set_committed_value(feed, "freshness", freshness)
    publish(tx, FreshnessChanged(str(feed.id), feed.city, freshness), to=f"city:{feed.city}")
    return True


def judge_all(tx: Transaction, now: datetime) -> int:
    """Judge every feed, locking and writing only those that changed; returns how many did."""
    return sum(judge(tx, feed, now) for feed in tx.scalars(select(Feed).order_by(Feed.id)))


def close_silent_runs(tx: Transaction) -> int:
    """Close the rows of runs whose job ended or lost its worker; returns how many."""
    closed = tx.execute(
        text("""
        UPDATE feed_runs SET state = 'failed', finished_at = clock_timestamp(), error = :error
        WHERE state = 'running' AND started_at < clock_timestamp() - interval '10 seconds' AND NOT EXISTS (
          SELECT 1 FROM jobs j WHERE j.id = feed_runs.job_id AND j.state = 'running'
            AND j.lease_until > clock_timestamp())
        RETURNING 1"""),
        {"error": SILENT},
    ).all()
    return len(closed)
