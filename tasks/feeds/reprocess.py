"""Parse archived payloads of a feed again, and report or store the difference."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from shared.clock import utcnow
from shared.db import transaction
from shared.errors import CityPulseError
from shared.feeds.archive import Archive
from shared.feeds.replays import close_replay, fail_replay, open_replay
from shared.feeds.runs_ended import cancel_run
from shared.jobs.lease import Cancelled
from shared.messages import ReprocessFeed
from tasks.base import Job, handles
from tasks.feeds.registry import Connector, connector
from tasks.feeds.replay import Replayer
from tasks.feeds.timetables import timetabled
from tasks.feeds.zones import zoned


@handles(ReprocessFeed, limit_seconds=3600)
def reprocess(message: ReprocessFeed, job: Job, find: Callable[[str], Connector] = connector) -> None:
    """
    Read past runs again, oldest first; each is a step, safe to repeat, and a cancel stops between two.

    A dry run writes nothing but its own row. Otherwise only what differs is written, so that a second
    reprocess changes nothing and tells browsers nothing.
    """
    since, until = datetime.fromisoformat(message.since), datetime.fromisoformat(message.until)
    with transaction() as tx:
        replay = open_replay(
            tx, UUID(message.feed_id), job.id, since, until, dry_run=message.dry_run, now=utcnow()
        )
    if replay is None:
        return
    try:
        found = timetabled(zoned(find(replay.feed.kind)))
        replayer = Replayer(job, replay, found, Archive())
        replayer.compare() if message.dry_run else replayer.apply()
    except Cancelled:
        with transaction() as tx:
            cancel_run(tx, job.id, utcnow())
        raise
    except CityPulseError as error:
        with transaction() as tx:
            fail_replay(tx, replay, str(error), utcnow())
        raise
    with job.finish() as tx:
        version = found.manifest.parser_version
        close_replay(tx, replay, replayer.counts, replayer.difference, parser_version=version, now=utcnow())
