"""Put the platform up against the publishers, and let minutes pass without waiting for them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from threading import Thread
from typing import Final

from sqlalchemy import text

from deploy.local.simulator.city import load_city
from shared.clock import utcnow
from shared.db import transaction
from shared.feeds.models import Feed
from shared.feeds.service import FeedDraft, create_feed
from tests.outages.forecast import Publisher
from tests.outages.publishers import Hour, Publishers
from tests.support.rig import Rig, rig
from tests.support.web import add_city

CITY: Final = "london"
INTERVAL_SECONDS: Final = 60
#: So that hanging and giant answers cost the rehearsal seconds and not minutes.
_LIMITS: Final = {"FEEDS_TOTAL_SECONDS": "1", "FEEDS_MAX_BYTES": str(2 << 20)}
#: The city lives a minute in each second or so that a minute takes here, and tells of each: what it sends is new.
_SPEED: Final = 60.0
_TOLD_EACH_SECONDS: Final = 1
_PATIENCE_SECONDS: Final = 120
#: Columns that tell when something was; to age them all is to let time pass.
_TIMES: Final = {
    "feeds": ("next_run_at", "last_success_at", "newest_at", "shrunk_since", "open_until"),
    "feed_resources": ("fresh_until", "fetched_at"),
    "feed_runs": ("started_at", "finished_at"),
    "jobs": ("run_at", "created_at", "started_at", "finished_at", "published_at"),
    "features": ("observed_at", "published_at", "fetched_at", "updated_at", "missing_since", "withdrawn_at"),
    "things": ("fetched_at", "published_at", "updated_at", "missing_since"),
    "vehicles": ("observed_at", "published_at", "fetched_at", "missing_since"),
    "datastreams": ("phenomenon_time", "fetched_at"),
}
#: Results are a key with their time: a step far away and back keeps any two from meeting on the way.
_RESULTS: Final = (
    "DELETE FROM observations WHERE phenomenon_time < clock_timestamp() - interval '10 minutes'",
    "UPDATE observations SET phenomenon_time = phenomenon_time - interval '1000 days'",
    "UPDATE observations SET phenomenon_time = phenomenon_time + interval '1000 days' - interval '60 seconds'",
)


@dataclass
class Stage:
    """The rig, its publishers, and the hour they live through."""

    rig: Rig
    server: Publishers
    hour: Hour
    known: list[Publisher]

    def pass_minute(self) -> None:
        """
        Let a minute pass at rest: everything that was is a minute older.

        Slots are named by their moment, and the moments come again: those of the past are named otherwise.
        """
        self.hour.minute += 1
        with transaction() as tx:
            for table, columns in _TIMES.items():
                older = ", ".join(f"{name} = {name} - interval '60 seconds'" for name in columns)
                tx.execute(text(f"UPDATE {table} SET {older}"))
            for statement in _RESULTS:
                tx.execute(text(statement))
            tx.execute(
                text("UPDATE jobs SET cron_slot = cron_slot || '/' || :m WHERE cron_slot NOT LIKE '%/%/%'"),
                {"m": self.hour.minute},
            )
        self.hour.skipped_seconds += INTERVAL_SECONDS

    def settle(self) -> None:
        """Supervise until no run is due, waits or works."""
        self.rig.until(_is_at_rest, _PATIENCE_SECONDS, "the runs of a minute")


_LIVE: Final = text("""
SELECT 1 FROM jobs WHERE kind = 'feeds.run' AND (state IN ('queued', 'running')
  OR (state IN ('scheduled', 'retryable') AND run_at <= clock_timestamp()))
LIMIT 1""")


def _is_at_rest() -> bool:
    with transaction() as tx:
        return tx.execute(_LIVE).first() is None


@contextmanager
def stage(known: list[Publisher]) -> Iterator[Stage]:
    """Run servers, relay and worker, with a feed for each publisher."""
    hour = Hour()
    city = replace(
        load_city(CITY, speed=_SPEED), fresh_seconds=_TOLD_EACH_SECONDS, report_seconds=_TOLD_EACH_SECONDS
    )
    server = Publishers(city, known, hour)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        with rig("workers.app", scale=1.0) as made:
            _add(server.url, known)
            host = server.url.removeprefix("http://")
            made.relay()
            made.worker("feeds", 4, "feeds", env={**_LIMITS, "FEEDS_ALLOWED_PRIVATE_HOSTS": host})
            logging.getLogger("web.request").setLevel(logging.WARNING)
            yield Stage(made, server, hour, known)
    finally:
        server.shutdown()
        server.server_close()


def _add(url: str, known: list[Publisher]) -> None:
    add_city(CITY)
    with transaction() as tx:
        for one in known:
            address = f"{url}/{one.number}{one.page}"
            feed = create_feed(
                tx, FeedDraft(CITY, one.kind, address, INTERVAL_SECONDS, slug=one.slug), utcnow()
            )
            assert isinstance(feed, Feed)
