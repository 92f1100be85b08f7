"""
Run one feed in a process of its own, as a worker does, and print what it took as JSON.

A worker has run many: it first runs a feed of a few rows, so that no statement is put together for the first time.
"""

import csv
import hashlib
import json
import os
import random
import resource
import shutil
import sys
import time
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

from shared.clock import new_id, utcnow
from shared.messages import RunFeed
from tasks.feeds.fetching.http import Ask, Fetched
from tasks.feeds.run import run
from tests.support.feed_runs import add_feed
from tests.support.jobs import running_job

_FEW = 20
COLUMNS = (
    "unique_key", "created_date", "closed_date", "agency", "agency_name", "complaint_type", "descriptor",
    "location_type", "incident_zip", "incident_address", "city", "status", "latitude", "longitude",
)  # fmt: skip
_AGENCIES = (
    ("DOT", "Department of Transportation"),
    ("NYPD", "New York City Police Department"),
    ("HPD", "Department of Housing Preservation and Development"),
    ("DSNY", "Department of Sanitation"),
)
_COMPLAINTS = (
    "Street Condition",
    "Noise - Residential",
    "HEAT/HOT WATER",
    "Illegal Parking",
    "Blocked Driveway",
)
_WORDS = (
    "apartment",
    "building",
    "caller",
    "reports",
    "the",
    "water",
    "heat",
    "is",
    "not",
    "working",
    "since",
    "street",
)


class LocalSite:
    """Answers with a file on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, slug: str, ask: Ask, into: Path) -> Fetched:
        """Copy the file, as a fetch would have written it."""
        path = into / "body"
        shutil.copyfile(self._path, path)
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        return Fetched(
            200,
            ask.url,
            utcnow(),
            1,
            path=path,
            size_bytes=path.stat().st_size,
            sha256=sha256,
            media_type="text/csv",
        )


def write_requests(path: Path, rows: int, *, changed_every: int = 0) -> None:
    """
    Write a 311 export of 14 columns and some 310 bytes a row; the same rows are the same every time.

    With `changed_every` one row of that many has another status and closing date.
    """
    chance = random.Random(311)
    begin = datetime(2024, 1, 1)  # noqa: DTZ001 - exports name no zone
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for number in range(rows):
            agency, name = chance.choice(_AGENCIES)
            created = begin + timedelta(seconds=number * 30)
            is_closed = chance.random() < 0.8
            if changed_every and number % changed_every == 0:
                is_closed = not is_closed
            closed = created + timedelta(hours=30)
            writer.writerow(
                (
                    50_000_000 + number,
                    created.strftime("%m/%d/%Y %I:%M:%S %p"),
                    closed.strftime("%m/%d/%Y %I:%M:%S %p") if is_closed else "",
                    agency,
                    name,
                    chance.choice(_COMPLAINTS),
                    " ".join(chance.choices(_WORDS, k=16)),
                    "RESIDENTIAL BUILDING/HOUSE",
                    f"{chance.randrange(10001, 11697)}",
                    f"{chance.randrange(1, 9999)} {chance.choice(_WORDS).upper()} AVENUE",
                    "NEW YORK",
                    "Closed" if is_closed else "Open",
                    f"{chance.uniform(40.5, 40.9):.10f}",
                    f"{chance.uniform(-74.2, -73.7):.10f}",
                )
            )


def _warm_up(path: Path) -> None:
    """Run a feed of the first rows of a file."""
    few = path.with_suffix(".few")
    with path.open("rb") as stream:
        few.write_bytes(b"".join(islice(stream, _FEW)))
    message = RunFeed(feed_id=str(add_feed("socrata", name=f"warm {new_id()}")), reason="bench")
    with running_job(message) as job:
        run(message, job, get=LocalSite(few))


def main() -> None:
    """Run the feed of the first argument on the file of the second."""
    feed_id, path = UUID(sys.argv[1]), Path(sys.argv[2])
    _warm_up(path)
    # What others wrote is not ours to wait for.
    os.sync()
    message = RunFeed(feed_id=str(feed_id), reason="bench")
    with running_job(message) as job:
        began = time.perf_counter()
        if len(sys.argv) > 3:
            import cProfile

            with cProfile.Profile() as profile:
                run(message, job, get=LocalSite(path))
            profile.dump_stats(sys.argv[3])
        else:
            run(message, job, get=LocalSite(path))
        seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "rss_mib": peak / 1024}))


if __name__ == "__main__":
    main()
