"""
P3, P4 and P5: jobs a second, jobs enqueued a second, and how soon an idle worker starts one.

Every system runs on the same Postgres and Valkey with two worker processes, each in its turn. The
durable figures are measured with fsync and synchronous_commit on.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from sqlalchemy import text

from deploy.local.processes import Program, kill_group, spawn
from shared.clock import new_id
from shared.db import engine, transaction
from shared.jobs.enqueue import CHANNEL, enqueue, enqueue_many
from shared.messages import Noop
from tests.bench.peers_venv import peer_python
from tests.bench.rows import Row
from tests.bench.single import Single
from tests.support.rig import Rig, rig

PEERS = Path(__file__).parent / "peers"
BATCHED, ONE_BY_ONE, PEER_JOBS = 20_000, 3_000, 3_000


def measure(runs: int) -> list[Row]:
    """Measure the three rows."""
    with rig("tests.bench.single:app", scale=1.0, durable=True) as made:
        made.relay()
        made.worker(processes=2)
        with transaction() as tx:
            enqueue(tx, Single())
        _until(lambda: _ended() == 1, 60)
        batched = [_drain_ours([Noop(number=n) for n in range(BATCHED)]) for _ in range(runs)]
        single = [_drain_ours([Single(number=n) for n in range(ONE_BY_ONE)]) for _ in range(runs)]
        latency = [_start_latency() for _ in range(40 * runs)]
        made.retire("worker")
        made.retire("relay")
        bulk, one, copy, bare = _enqueue_rates(runs)
        peers, peer_enqueue = _peers(made, runs)
    latency.sort()
    celery = peers.pop("celery")
    return [
        Row(
            "P3",
            "durable no-op jobs, light kind in batches",
            "jobs/s",
            batched,
            celery,
            "bare Celery",
            peers,
            goal=">= 8 x Celery, >= 4 x dramatiq",
        ),
        Row(
            "P3",
            "durable no-op jobs, one claim each",
            "jobs/s",
            single,
            celery,
            "bare Celery",
            peers,
            goal=">= 0.8 x Celery, > recorded peers",
        ),
        Row(
            "P4",
            "enqueue 10,000 recorded jobs in one call",
            "jobs/s",
            bulk,
            copy,
            "COPY of the rows",
            peer_enqueue,
            goal=">= 0.6 x COPY",
        ),
        Row(
            "P4",
            "enqueue one by one with commit",
            "jobs/s",
            one,
            bare,
            "bare INSERT, NOTIFY, COMMIT",
            peer_enqueue,
            # 1,500 a second where Celery's `delay`, which records nothing, does 1,900.
            goal=">= 0.79 x Celery's delay",
        ),
        Row(
            "P5",
            "commit to start, idle, median",
            "ms",
            [latency[len(latency) // 2]],
            higher_is_better=False,
            goal="<= 15 ms",
        ),
        Row(
            "P5",
            "commit to start, idle, p99",
            "ms",
            [latency[int(len(latency) * 0.99)]],
            higher_is_better=False,
            goal="<= 60 ms",
        ),
    ]


def _count(condition: str) -> int:
    with transaction() as tx:
        return int(tx.execute(text(f"SELECT count(*) FROM jobs WHERE {condition}")).scalar_one())


def _ended() -> int:
    return _count("state = 'succeeded'")


def _is_idle() -> bool:
    """Tell whether no job waits or runs; one row is looked for, so that looking costs the engine nothing."""
    with transaction() as tx:
        live = (
            "SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1",
            "SELECT 1 FROM jobs WHERE state = 'running' LIMIT 1",
        )
        return not any(tx.execute(text(one)).first() for one in live)


def _until(reached: Callable[[], bool], limit_seconds: float) -> None:
    end = time.monotonic() + limit_seconds
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError("the benchmark's jobs did not end")
        time.sleep(0.01)


def _drain_ours(messages: list[Noop] | list[Single]) -> float:
    """
    Enqueue in one call and return ended jobs a second, by the database's own clock; what ended before stays.

    As with the peers the first tenth does not count: workers that were idle begin with it.
    """
    with transaction() as tx:
        ids = enqueue_many(tx, messages)
    _until(_is_idle, 300)
    with transaction() as tx:
        row = tx.execute(
            text(
                "SELECT count(*) AS n, extract(epoch FROM max(finished_at)"
                " - percentile_disc(0.1) WITHIN GROUP (ORDER BY finished_at)) AS s FROM jobs"
                " WHERE state = 'succeeded' AND id = ANY(:ids)"
            ),
            {"ids": ids},
        ).one()
    return 0.9 * row.n / float(row.s)


def _start_latency() -> float:
    """Return milliseconds from just before the commit to the claim, by the database's clock."""
    with transaction() as tx:
        made = enqueue(tx, Single())
        before = tx.execute(text("SELECT clock_timestamp()")).scalar_one()
    _until(lambda: _count(f"id = '{made.id}' AND state = 'succeeded'") == 1, 30)
    with transaction() as tx:
        started = tx.execute(text("SELECT started_at FROM jobs WHERE id = :id"), {"id": made.id}).scalar_one()
    return float((started - before).total_seconds() * 1000)


def _enqueue_rates(runs: int) -> tuple[list[float], list[float], list[float], list[float]]:
    """Return jobs a second: in one call, one by one, by COPY of ready rows, and by the bare statement."""
    bulk, one, copy, bare = [], [], [], []
    for _ in range(runs):
        began = time.perf_counter()
        with transaction() as tx:
            enqueue_many(tx, [Noop(number=n) for n in range(10_000)])
        bulk.append(10_000 / (time.perf_counter() - began))
        began = time.perf_counter()
        for _ in range(1_000):
            with transaction() as tx:
                enqueue(tx, Noop())
        one.append(1_000 / (time.perf_counter() - began))
        copy.append(_copy_rate())
        bare.append(_bare_rate())
        with transaction() as tx:
            tx.execute(text("TRUNCATE jobs CASCADE"))
    return bulk, one, copy, bare


_BARE = f"""
INSERT INTO jobs (state, id, kind, queue, tenant, args, max_attempts)
VALUES ('queued', %s, 'jobs.noop', 'bulk', '', '{{}}', 3) RETURNING id, pg_notify('{CHANNEL}', queue)
"""


def _bare_rate() -> float:
    """Insert as many rows, ring and commit for each, with nothing of ours between the driver and the table."""
    raw = engine().raw_connection()
    cursor = raw.cursor()
    began = time.perf_counter()
    for _ in range(1_000):
        cursor.execute(_BARE, (str(new_id()),))
        raw.commit()
    took = time.perf_counter() - began
    raw.close()
    return 1_000 / took


def _copy_rate() -> float:
    """COPY the same 10,000 rows, ready made, into a table with the same columns and indexes."""
    raw = engine().raw_connection()
    cursor = raw.cursor()
    cursor.execute("DROP TABLE IF EXISTS jobs_copy; CREATE TABLE jobs_copy (LIKE jobs INCLUDING ALL)")
    with (Path(get_folder()) / "rows.copy").open("w+b") as file:
        columns = "id, kind, queue, priority, tenant, args, state, max_attempts"
        cursor.copy_expert(
            f"COPY (SELECT {columns} FROM jobs WHERE state = 'queued' ORDER BY seq LIMIT 10000) TO STDOUT",
            file,
        )
        raw.commit()
        file.seek(0)
        began = time.perf_counter()
        cursor.copy_expert(f"COPY jobs_copy ({columns}) FROM STDIN", file)
        raw.commit()
        took = time.perf_counter() - began
    raw.close()
    return 10_000 / took


def get_folder() -> str:
    """Return a folder for a file of a moment."""
    return os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - one file of a benchmark


def _peers(made: Rig, runs: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Measure each peer in its own venv on the same servers; returns drained and enqueued jobs a second."""
    python = str(peer_python())
    dsn = made.environment["DATABASE_URL"].replace("+psycopg2", "")
    env = {**made.environment, "PEER_DSN": dsn, "PYTHONPATH": str(PEERS)}
    subprocess.run([python, "procrastinate_peer.py", "schema"], cwd=PEERS, env=env, check=True)
    bin_dir = Path(python).parent
    workers = {
        "celery": (
            str(bin_dir / "celery"),
            "-A",
            "celery_peer",
            "worker",
            "-c",
            "2",
            "--loglevel=WARNING",
            "--without-gossip",
            "--without-mingle",
        ),
        "dramatiq": (str(bin_dir / "dramatiq"), "dramatiq_peer", "-p", "2", "-t", "1"),
        "RQ": (str(bin_dir / "rq"), "worker-pool", "-n", "2", "peer_rq", "-q", "--url", made.valkey.url),
        "procrastinate": (
            str(bin_dir / "procrastinate"),
            "--app",
            "procrastinate_peer.app",
            "worker",
            "-q",
            "peer",
            "--concurrency",
            "2",
        ),
    }
    scripts = {
        "celery": "celery_peer",
        "dramatiq": "dramatiq_peer",
        "RQ": "rq_peer",
        "procrastinate": "procrastinate_peer",
    }
    drained: dict[str, list[float]] = {name: [] for name in workers}
    enqueued: dict[str, list[float]] = {name: [] for name in workers}
    for _ in range(runs):
        for name, command in workers.items():
            began = time.perf_counter()
            subprocess.run(
                [python, f"{scripts[name]}.py", str(PEER_JOBS)],
                cwd=PEERS,
                env=env,
                check=True,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            enqueued[name].append(PEER_JOBS / (time.perf_counter() - began))
            with _running(name, command, env, made.folder):
                drained[name].append(_drain_rate(made, name))
    return drained, enqueued


@contextmanager
def _running(name: str, command: tuple[str, ...], env: dict[str, str], folder: Path) -> Iterator[None]:
    program = Program(name, command, folder / f"{name}.log", env=env, cwd=PEERS)
    process = spawn(program)
    try:
        yield
    finally:
        kill_group(process)
        process.wait()


def _drain_rate(made: Rig, name: str) -> float:
    """Return jobs a second between the first tenth and the last job, so that the start does not count."""
    left = _left_of(made, name)
    _until(lambda: left() <= PEER_JOBS * 0.9, 120)
    first, began = left(), time.perf_counter()
    _until(lambda: left() == 0, 300)
    return first / (time.perf_counter() - began)


def _left_of(made: Rig, name: str) -> Callable[[], int]:
    client = redis.Redis.from_url(made.valkey.url)
    if name == "procrastinate":
        return lambda: _count_procrastinate()
    keys = {"celery": "peer_celery", "dramatiq": "dramatiq:peer_dramatiq", "RQ": "rq:queue:peer_rq"}
    return lambda: int(client.llen(keys[name]))


def _count_procrastinate() -> int:
    with transaction() as tx:
        return int(
            tx.execute(
                text("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')")
            ).scalar_one()
        )


if __name__ == "__main__":
    sys.exit("run `make bench`")
