"""
P1 and P2: a city's 311 export loaded for the first time, again, and with one row in a hundred changed.

The keys of `features` have their price: its own rows, ready, by one COPY into a table with the same keys and
indexes are the most that any way of storing them can reach.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.clock import utcnow
from shared.db import engine, transaction
from shared.feeds.models import FeedRun
from shared.feeds.service import FeedDraft, create_feed
from tests.bench.feeds_load import COLUMNS, write_requests
from tests.bench.peers_venv import peer_python
from tests.bench.rows import Row
from tests.support.feed_runs import add_city, newest_run
from tests.support.rig import Rig, rig

ROWS = 100_000
GROWTH = 10
URL = "https://data.example/311.csv"
LOADERS = Path(__file__).parent / "peers" / "load_peers.py"
KEYED = "its rows, ready, by COPY into a table with its keys"
PEERS = {"dlt merge": "dlt", "pandas to_sql": "pandas", "ORM merge": "orm"}


def measure(runs: int) -> list[Row]:
    """Measure both rows, each run in a new process on the same Postgres, COPY beside it."""
    with rig(scale=1.0, durable=True) as made:
        file, changed, big = (made.folder / name for name in ("first.csv", "changed.csv", "big.csv"))
        write_requests(file, ROWS)
        write_requests(changed, ROWS, changed_every=100)
        write_requests(big, ROWS * GROWTH)
        taken = [_once(file, changed) for _ in range(runs)]
        grown = _load(_feed(), big)
        peers = {name: [_peer(made, which, file)] for name, which in PEERS.items()}
        peers[KEYED] = [ROWS / run["keyed"]["seconds"] for run in taken]
    return _rows(taken, grown, peers)


def _rows(taken: list[dict[str, Any]], grown: dict[str, float], peers: dict[str, list[float]]) -> list[Row]:
    def rate(name: str) -> list[float]:
        return [ROWS / run[name]["seconds"] for run in taken]

    limit = {"limit": rate("copy"), "limit_name": "raw COPY, no index"}
    unit = "rows/s"
    return [
        Row("P1", "first load of 100,000 records", unit, rate("first"), **limit, peers=peers,
            goal=">= 0.25 x COPY, >= 8 x dlt"),
        Row(
            "P1", "first load of 1,000,000 records", unit, [ROWS * GROWTH / grown["seconds"]], **limit,
            goal="cost a row <= 1.2 x",
        ),
        Row(
            "P1", "peak RSS of the worker", "MiB", [run["first"]["rss_mib"] for run in taken],
            higher_is_better=False, goal="<= 150 MB",
        ),
        Row("P1", "peak RSS, ten times the file", "MiB", [grown["rss_mib"]], higher_is_better=False, goal="<= 150 MB"),
        Row(
            "P2", "the same file again, share of the first load's time", "%",
            [100 * run["same"]["seconds"] / run["first"]["seconds"] for run in taken],
            higher_is_better=False, goal="<= 5%",
        ),
        Row("P2", "one row in a hundred changed", unit, rate("changed"), **limit, goal=">= 0.5 x COPY"),
    ]  # fmt: skip


def _once(file: Path, changed: Path) -> dict[str, Any]:
    feed_id = _feed()
    found: dict[str, Any] = {"copy": {"seconds": _copy(file)}, "first": _load(feed_id, file)}
    _expect(newest_run(feed_id), new=ROWS)
    found["keyed"] = {"seconds": _copy_keyed(file.with_suffix(".rows"))}
    found["same"] = _load(feed_id, file)
    assert "unchanged" == newest_run(feed_id).state
    found["changed"] = _load(feed_id, changed)
    _expect(newest_run(feed_id), changed=ROWS // 100)
    with transaction() as tx:
        tx.execute(text("TRUNCATE features, feature_versions"))
    return found


def _peer(made: Rig, which: str, path: Path) -> float:
    """Return the rows a second of a peer that loads the same file, in a venv of its own."""
    dsn = made.environment["DATABASE_URL"].replace("+psycopg2", "")
    command = [str(peer_python()), str(LOADERS), which, str(path), COLUMNS[0], str(ROWS)]
    env = {
        **made.environment,
        "PEER_DSN": dsn,
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "HOME": str(made.folder),
    }
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=env, cwd=made.folder)
    return float(done.stdout.splitlines()[-1])


def _expect(run: FeedRun, **counts: int) -> None:
    got = {name: getattr(run, name) for name in counts}
    assert ("succeeded", counts) == (run.state, got), (run.state, got, run.error, run.rejected)


def _feed() -> UUID:
    with transaction() as tx:
        add_city(tx, timezone="America/New_York")
        number = tx.execute(text("SELECT count(*) FROM feeds")).scalar_one()
        draft = FeedDraft(
            city="testville", kind="socrata", url=URL, interval_seconds=3600, name=f"bench {number}"
        )
        return create_feed(tx, draft, utcnow()).id


def _load(feed_id: UUID, path: Path, *more: str) -> dict[str, float]:
    """Run the feed in a process of its own."""
    command = [sys.executable, "-m", "tests.bench.feeds_load", str(feed_id), str(path), *more]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _copy_keyed(path: Path) -> float:
    """Return the seconds of a COPY of the rows of `features`, as they are stored, into a table like it."""
    raw = engine().raw_connection()
    try:
        with raw.cursor() as cursor, path.open("w+b") as stream:
            cursor.execute(
                "DROP TABLE IF EXISTS keyed_copy; CREATE TABLE keyed_copy (LIKE features INCLUDING ALL)"
            )
            cursor.copy_expert("COPY features TO STDOUT (FORMAT binary)", stream)  # type: ignore[attr-defined]  # psycopg2's
            raw.commit()
            stream.seek(0)
            os.sync()
            began = time.perf_counter()
            cursor.copy_expert("COPY keyed_copy FROM STDIN (FORMAT binary)", stream)  # type: ignore[attr-defined]  # psycopg2's
            raw.commit()
            took = time.perf_counter() - began
            cursor.execute("DROP TABLE keyed_copy")
            raw.commit()
            return took
    finally:
        raw.close()


def _copy(path: Path) -> float:
    """Return the seconds of a COPY of the file into a plain table of text columns."""
    raw = engine().raw_connection()
    try:
        with raw.cursor() as cursor, path.open("rb") as stream:
            cursor.execute("DROP TABLE IF EXISTS raw_copy")
            cursor.execute(f"CREATE TABLE raw_copy ({', '.join(f'{name} text' for name in COLUMNS)})")
            raw.commit()
            os.sync()
            began = time.perf_counter()
            cursor.copy_expert("COPY raw_copy FROM STDIN (FORMAT csv, HEADER)", stream)  # type: ignore[attr-defined]  # psycopg2's
            raw.commit()
            return time.perf_counter() - began
    finally:
        raw.close()
