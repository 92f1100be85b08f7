"""
P12: observations appended as a feed stores them, and a month of one datastream as a chart reads it.

The key of `observations` alone has its price: the same lines, made ready and copied in the same steps into a
table with that key and nothing else to do, are the most that any way of storing can reach.
"""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import text

from shared.clock import new_id, utcnow
from shared.db import engine, transaction
from shared.observations.queries import list_observations
from tasks.feeds.ahead import read_ahead
from tasks.feeds.connector import Observation, Result
from tasks.feeds.encoding.binary import BEGIN, END, microseconds
from tasks.feeds.storing.batch import STEP_RESULTS, Batch
from tasks.feeds.storing.observations import store_observations
from tasks.feeds.storing.results import Results
from tasks.feeds.storing.table import Writing
from tests.bench.rows import Row
from tests.support.feed_runs import add_feed
from tests.support.rig import rig

STATIONS: Final = 1_000
APPENDED: Final = 200_000
HELD: Final = 10_000_000
_CHARTS: Final = 200
_BEGIN: Final = datetime(2026, 9, 1, tzinfo=UTC)


def measure(runs: int) -> list[Row]:
    """Append beside COPY of the same rows into a bare table; then read charts of a table of ten million rows."""
    with rig(scale=1.0, durable=True):
        writing = _feed()
        taken = [_append(writing, run) for run in range(runs)]
        streams = _fill()
        charts = [_chart(streams) for _ in range(runs)]
    return [
        Row(
            "P12", f"append {APPENDED:,} results", "rows/s", [APPENDED / ours for ours, _, _ in taken],
            limit=[APPENDED / bare for _, bare, _ in taken], limit_name="raw COPY, no index", goal=">= 0.5 x COPY",
            peers={"its lines, ready, by COPY into a table with its key": [APPENDED / keyed for _, _, keyed in taken]},
            note="scaled: a fifth of the row's million, hours summed up in the same transactions",
        ),
        Row(
            "P12", "p95 of a month-long chart by the hour, 10 M rows", "ms", charts, higher_is_better=False,
            goal="<= 150 ms", note="scaled: a tenth of the row's hundred million",
        ),
    ]  # fmt: skip


def _feed() -> Writing:
    feed = add_feed("gbfs", name="bench observations")
    now = utcnow()
    with transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO things (id, city, feed_id, external_id, kind, name, content_hash, fetched_at, updated_at,"
                " run_id) SELECT gen_random_uuid(), 'testville', :feed, n::text, 'bike_station', n::text, '', :now,"
                " :now, gen_random_uuid() FROM generate_series(0, :last) n"
            ),
            {"feed": feed, "now": now, "last": STATIONS - 1},
        )
    return Writing(feed, "testville", new_id(), 1, now, now)


def _append(writing: Writing, run: int) -> tuple[float, float, float]:
    """Return the seconds of appending, of a COPY of the same values, and of one into a table with a key."""
    begin = _BEGIN + timedelta(days=30 + run)
    made = [_observation(number, begin) for number in range(APPENDED)]
    began = time.perf_counter()
    with closing(read_ahead(_batches(made))) as ahead:
        for batch in ahead:
            with transaction() as tx:
                store_observations(tx, writing, batch.gathered())
    ours = time.perf_counter() - began
    lines = "".join(
        f"{writing.feed_id}\t{one.phenomenon_time.isoformat()}\t{one.results[0].value}\t{writing.run_id}\n"
        for one in made
    ).encode()
    return ours, _copy("a uuid, b timestamptz, c float8, d uuid", "", [lines]), _keyed(writing, made)


def _batches(made: Sequence[Observation]) -> Iterator[Batch]:
    """Gather observations as a run does: the next are while these are stored."""
    batch = Batch()
    for one in made:
        if batch.is_full:
            yield batch
            batch = Batch()
        batch.add(one)
    yield batch


def _keyed(writing: Writing, made: Sequence[Observation]) -> float:
    """Return the seconds of copying lines, in the order and the form in which they are stored, to their key."""
    ids = [str(new_id()) for _ in range(STATIONS)]
    steps: list[bytes] = []
    for start in range(0, APPENDED, STEP_RESULTS):
        part = made[start : start + STEP_RESULTS]
        results = Results(
            np.array([int(one.external_id) for one in part]),
            np.array([microseconds(one.phenomenon_time) for one in part]),
            np.array([one.results[0].value for one in part]),
        )
        steps.append(b"".join([BEGIN, *results.distinct()[0].lines(ids, writing.run_id), END]))
    return _copy("LIKE observations INCLUDING ALL", "(FORMAT binary)", steps)


def _observation(number: int, begin: datetime) -> Observation:
    at = begin + timedelta(minutes=number // STATIONS)
    return Observation(
        external_id=str(number % STATIONS),
        record="",
        observed_at=at,
        phenomenon_time=at,
        results=[Result("bikes_available", float(number % 37))],
    )


def _copy(columns: str, form: str, steps: Sequence[bytes]) -> float:
    """Return the seconds of copying into a new table, each step committed."""
    raw: Any = engine().raw_connection()  # psycopg2's, which knows COPY
    try:
        with raw.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS raw_copy")
            cursor.execute(f"CREATE TABLE raw_copy ({columns})")
            raw.commit()
            began = time.perf_counter()
            for step in steps:
                cursor.copy_expert(f"COPY raw_copy FROM STDIN {form}", BytesIO(step))
                raw.commit()
            return time.perf_counter() - began
    finally:
        raw.close()


def _fill() -> list[UUID]:
    """Lay ten million results beside, every five minutes of each station, and their hours."""
    values: dict[str, Any] = {"begin": _BEGIN, "last": HELD // STATIONS - 1}
    with transaction() as tx:
        streams = list(tx.execute(text("SELECT id FROM datastreams")).scalars())
        tx.execute(
            text(
                "INSERT INTO observations SELECT d.id, :begin - n * interval '5 minutes', n % 37, d.id"
                " FROM datastreams d, generate_series(1, :last) n"
            ),
            values,
        )
        tx.execute(
            text(
                "INSERT INTO observation_hours SELECT datastream_id,"
                " date_bin('1 hour', phenomenon_time, 'epoch'::timestamptz), min(result), max(result), sum(result),"
                " count(*) FROM observations WHERE phenomenon_time < :begin GROUP BY 1, 2"
            ),
            values,
        )
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE observations, observation_hours"))
    return streams


def _chart(streams: list[UUID]) -> float:
    """Return the 95th percentile of reading a month of one datastream, in milliseconds."""
    chance = random.Random(12)
    taken: list[float] = []
    for _ in range(_CHARTS):
        stream = chance.choice(streams)
        with transaction() as tx:
            began = time.perf_counter()
            found = list_observations(tx, stream, _BEGIN - timedelta(days=30), _BEGIN, "1h", utcnow())
            taken.append((time.perf_counter() - began) * 1000)
        assert found["items"]
    return sorted(taken)[int(len(taken) * 0.95)]
