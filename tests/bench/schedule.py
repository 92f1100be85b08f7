"""
P17: how late 1,000 feeds of one minute start, and what that costs.

Beat, relay and the feeds worker run as production starts them, on a Postgres that keeps its word and a Valkey; the
publisher is the city simulator in a process of its own, with small documents, of which about half are answered 304.
`python -m tests.bench.schedule --feeds 200 --minutes 1` measures fewer for less long.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from deploy.local.processes import free_port
from shared.cities.models import City
from shared.db import transaction
from shared.feeds.service import FeedDraft, create_feed
from tests.bench.cores import busy_seconds
from tests.bench.rows import Row, table
from tests.support.rig import Rig, rig

FEEDS: Final = 1_000
MINUTES: Final = 3
INTERVAL_SECONDS: Final = 60
CITY: Final = "benchville"
#: Of ten feeds: kind, page of the simulator. Headers of GTFS-RT change every five seconds, alerts every minute.
MIX: Final = (
    *[("weather", "/open-meteo/forecast")] * 4,
    *[("gtfs_realtime", "/gtfs-rt/alerts.pb")] * 3,
    *[("nws_alerts", "/nws/alerts")] * 2,
    ("news", "/news/rss.xml"),
)
_SLOT: Final = "CAST(split_part(cron_slot, '@', 2) AS timestamptz)"
_LAGS: Final = f"""
SELECT floor(extract(epoch FROM {_SLOT} - :since) / 60) AS minute,
  extract(epoch FROM coalesce(started_at, clock_timestamp()) - {_SLOT}) AS lag
FROM jobs WHERE kind = 'feeds.run' AND {_SLOT} >= :since AND {_SLOT} < :until
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """
    What a run of the schedule gave.

    `lags`: of each minute, seconds from slot to start, sorted. `cores`: program -> cores it kept busy.
    """

    lags: list[list[float]]
    slots: int
    missed: int
    runs: Mapping[str, int]
    cores: Mapping[str, float]


def measure(runs: int) -> list[Row]:
    """Measure one stretch of minutes; the figures of each minute are the row's runs."""
    return rows(schedule(FEEDS, max(runs, MINUTES)), FEEDS)


def rows(found: Measured, feeds: int) -> list[Row]:
    """Give what was measured as rows of the report."""
    what = f"{feeds:,} feeds of one minute"
    states = ", ".join(f"{number} {state}" for state, number in sorted(found.runs.items()))
    cores = ", ".join(f"{name} {value:.2f}" for name, value in found.cores.items())
    own = sum(value for name, value in found.cores.items() if name != "publisher")
    return [
        Row("P17", f"{what}: slot to start, median", "s", _each(found, 0.5), higher_is_better=False),
        Row(
            "P17",
            f"{what}: slot to start, p99",
            "s",
            _each(found, 0.99),
            higher_is_better=False,
            goal="<= 5 s",
            note=f"{found.slots} slots, {found.missed} without a job of their own; runs: {states}",
        ),
        Row("P17", f"{what}: slot to start, longest", "s", _each(found, 1.0), higher_is_better=False),
        Row("P17", f"{what}: cores kept busy", "cores", [own], higher_is_better=False, note=cores),
    ]


def _each(found: Measured, share: float) -> list[float]:
    return [lags[min(len(lags) - 1, int(len(lags) * share))] for lags in found.lags if lags]


def schedule(feeds: int, minutes: int) -> Measured:
    """Let the platform keep a schedule for so long, after every feed has found its place in it."""
    with rig("workers.app", scale=1.0, durable=True) as made, _publisher(made) as port:
        _start(made, port)
        _add(feeds, port)
        warm_seconds = 2 * INTERVAL_SECONDS
        made.until(lambda: _begun(feeds), 300, "every feed's first run")
        made.rest(warm_seconds)
        made.until(lambda: _waiting() <= max(20, feeds // 20), 300, "the first rush to be over")
        since, before = _now(), busy_seconds(made)
        made.rest(minutes * INTERVAL_SECONDS)
        until, after = _now(), busy_seconds(made)
        made.rest(10)
        return _measured(feeds, since, until, before, after)


@contextmanager
def _publisher(made: Rig) -> Iterator[int]:
    port = free_port()
    made.start("publisher", "-m", "deploy.local.simulator", "--port", str(port))
    yield port


def _start(made: Rig, port: int) -> None:
    env = {"FEEDS_ALLOWED_PRIVATE_HOSTS": f"127.0.0.1:{port}", "LOG_FORMAT": "json"}
    made.relay(env=env)
    made.beat(env=env)
    made.worker(queues="feeds", processes=2, name="feeds", env=env)
    made.worker(queues="critical,email,uploads,bulk", processes=1, name="others", env=env)


def _add(feeds: int, port: int) -> None:
    """Add the feeds as an admin would, all at once: so all are due in one second."""
    with transaction() as tx:
        now = _now()
        tx.add(City(slug=CITY, name="Benchville", timezone="Europe/London", config={}))
        tx.flush()
        for number in range(feeds):
            kind, page = MIX[number % len(MIX)]
            url = f"http://127.0.0.1:{port}{page}?feed={number}"
            create_feed(tx, FeedDraft(CITY, kind, url, INTERVAL_SECONDS, slug=f"feed-{number}"), now)


def _now() -> datetime:
    with transaction() as tx:
        moment: datetime = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
    return moment


def _begun(feeds: int) -> bool:
    with transaction() as tx:
        return bool(tx.execute(text("SELECT count(DISTINCT feed_id) FROM feed_runs")).scalar_one() >= feeds)


def _waiting() -> int:
    with transaction() as tx:
        late = "state = 'queued' AND kind = 'feeds.run' AND created_at < clock_timestamp() - interval '5 seconds'"
        return int(tx.execute(text(f"SELECT count(*) FROM jobs WHERE {late}")).scalar_one())


def _measured(
    feeds: int, since: datetime, until: datetime, before: Mapping[str, float], after: Mapping[str, float]
) -> Measured:
    minutes = round((until - since) / timedelta(seconds=INTERVAL_SECONDS))
    lags: list[list[float]] = [[] for _ in range(minutes)]
    with transaction() as tx:
        for row in tx.execute(text(_LAGS), {"since": since, "until": until}):
            lags[min(int(row.minute), minutes - 1)].append(float(row.lag))
        runs = tx.execute(
            text("SELECT state, count(*) AS n FROM feed_runs WHERE started_at >= :since GROUP BY 1"),
            {"since": since},
        ).all()
    took = (until - since).total_seconds()
    slots = sum(map(len, lags))
    return Measured(
        lags=[sorted(each) for each in lags],
        slots=slots,
        # A slot whose feed still works, or waits, makes no job.
        missed=max(0, round(feeds * took / INTERVAL_SECONDS) - slots),
        runs={row.state: row.n for row in runs},
        cores={name: (after[name] - seconds) / took for name, seconds in before.items()},
    )


def main() -> int:
    """Measure and print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=FEEDS)
    parser.add_argument("--minutes", type=int, default=MINUTES)
    asked = parser.parse_args()
    began = time.monotonic()
    made = rows(schedule(asked.feeds, asked.minutes), asked.feeds)
    print(table([row.as_dict() for row in made]))
    for row in made:
        if row.note:
            print(row.note)
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
