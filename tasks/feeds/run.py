"""Fetch one feed and store what changed."""

from collections.abc import Callable
from uuid import UUID

from shared.clock import utcnow
from shared.db import transaction
from shared.errors import Permanent, Transient
from shared.feeds.archive import Archive
from shared.feeds.runs import Counts, open_run
from shared.feeds.runs_ended import cancel_run
from shared.jobs.lease import Cancelled, Fenced
from shared.messages import RunFeed
from shared.settings import get_settings
from tasks.base import Job, handles
from tasks.feeds.fetching.http import Fetcher
from tasks.feeds.fetching.visit import Gets
from tasks.feeds.fetching.visitor import Visitor
from tasks.feeds.load import keep_unchanged, load, record_failure, source_for
from tasks.feeds.registry import Connector, connector
from tasks.feeds.timetables import timetabled
from tasks.feeds.zones import fetch_zones, zoned

SCHEDULE = "schedule"


@handles(RunFeed, limit_seconds=300)
def run(
    message: RunFeed, job: Job, get: Gets | None = None, find: Callable[[str], Connector] = connector
) -> None:
    """
    Run a feed; whatever fails, what is stored stays, and other feeds go on.

    A scheduled run that cannot succeed is recorded and its job ends: the next slot tries again. A run
    that somebody asked for fails with its job, so that they see why. So does one that meets a bug of ours.
    """
    is_scheduled = message.reason == SCHEDULE
    with transaction() as tx:
        opened = open_run(tx, UUID(message.feed_id), job.id, utcnow(), heeds_breaker=is_scheduled)
    if opened is None:
        return
    fetcher = get or Fetcher.from_settings(get_settings())
    with Visitor(opened, fetcher, Archive(), checkpoint=job.checkpoint) as visitor:
        _run(job, visitor, lambda: timetabled(zoned(find(opened.feed.kind))), fetcher, is_scheduled)


def _run(
    job: Job, visitor: Visitor, find: Callable[[], Connector], fetcher: Gets, is_scheduled: bool
) -> None:
    try:
        _fetch_and_store(job, visitor, find(), fetcher)
    except (Transient, Permanent) as error:
        is_over = isinstance(error, Permanent) or job.is_last_attempt
        with job.finish() if is_scheduled and is_over else transaction() as tx:
            record_failure(tx, visitor, error, utcnow())
        if not job.ended:
            raise
    except Fenced:
        raise
    except Cancelled:
        with transaction() as tx:
            cancel_run(tx, job.id, utcnow())
        raise
    except Exception as error:
        fault = Permanent(f"a fault of ours: {type(error).__name__}")
        visitor.visit.counts = Counts()  # A step may have been counted whose commit failed.
        with transaction() as tx:
            record_failure(tx, visitor, fault, utcnow())
        raise


def _fetch_and_store(job: Job, visitor: Visitor, found: Connector, fetcher: Gets) -> None:
    opened, source = visitor.opened, source_for(visitor.opened)
    visitor.run(found, source)
    has_news = fetch_zones(found, visitor.visit.payloads, source, fetcher, job.checkpoint)
    is_known = visitor.is_unchanged and not has_news
    if is_known and opened.feed.parser_version == found.manifest.parser_version:
        with job.finish() as tx:
            keep_unchanged(tx, visitor, utcnow())
        return
    load(job, visitor, found)
