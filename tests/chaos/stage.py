"""Set the stage: one rig for a whole run, put back to rest before each row."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

from sqlalchemy import text

from shared.db import engine, transaction
from tests.chaos import oracle, variants
from tests.chaos.arena import PATIENCE_SECONDS, TABLES, Arena
from tests.chaos.servers import Servers
from tests.chaos.work import ChaosWork
from tests.support.rig import Member, Rig, rig
from tests.support.work import make_table

APP = "tests.chaos.work:app"
#: The processes every row finds running, unless it asks for others.
WORKERS = ("one", "two")
#: What these serve: the work of the rows, and what is done with a report that came in by the door.
SERVED = "bulk,critical"
AIM = "aim"

_MAKE = (
    "CREATE TABLE IF NOT EXISTS work_asked (job_id uuid PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS work_shared (jobs int NOT NULL)",
    "INSERT INTO work_shared SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM work_shared)",
)


@dataclass
class Stage:
    """The rig of a run and how rows get it."""

    rig: Rig
    servers: Servers
    scale: float

    def arena(self, *, seed: int, short: bool, minutes: float | None, patience: float) -> Arena:
        """Return everything a row needs, with nothing left of the row before."""
        history = self.rig.folder / "oracle.jsonl"
        history.unlink(missing_ok=True)
        made = Arena(self.rig, self.servers, history, self.scale, short, seed, minutes, patience)
        made.random = Random(seed)
        self._rest()
        self._prove(made)
        return made

    def _rest(self) -> None:
        """Leave two workers and one relay, empty tables and nothing aimed at."""
        (self.rig.folder / AIM).unlink(missing_ok=True)
        wanted = {"relay", *WORKERS}
        for name in [name for name in self.rig.members if name not in wanted]:
            self.rig.retire(name)
        if "relay" not in self.rig.members:
            relay(self.rig)
        for name in WORKERS:
            if name not in self.rig.members:
                worker(self.rig, name)
        engine().dispose()
        with transaction() as tx:
            tx.execute(text("SET LOCAL lock_timeout = '30s'"))
            tx.execute(text(f"TRUNCATE {TABLES} CASCADE"))
        with self.servers.redis() as client:
            client.flushall()

    def _prove(self, arena: Arena) -> None:
        """
        See every worker take a job before the row begins, so that no start is mistaken for a recovery.

        Raises: AssertionError when one does not.
        """
        arena.put(12, milliseconds=100)
        self.rig.until(lambda: arena.count() == 0, PATIENCE_SECONDS, "the rig at work")
        self.rig.until(lambda: _workers_seen() >= len(WORKERS), PATIENCE_SECONDS, "the rig complete")


def relay(rig_: Rig, name: str = "relay", **environment: str) -> Member:
    """Start a relay that plays the variant of this run and crashes where it is told to."""
    return rig_.start(name, "-m", "tests.chaos.variants", env={**_aimed(rig_), **environment})


def worker(rig_: Rig, name: str, queues: str = SERVED, processes: int = 2, **environment: str) -> Member:
    """Start a worker that crashes where it is told to."""
    return rig_.worker(queues, processes, name, env={**_aimed(rig_), **environment})


def _aimed(rig_: Rig) -> dict[str, str]:
    return {"CHAOS_POINT": f"@{rig_.folder / AIM}"}


def _workers_seen() -> int:
    with transaction() as tx:
        return int(
            tx.execute(
                text(
                    "SELECT count(*) FROM processes WHERE role = 'worker'"
                    " AND seen_at > clock_timestamp() - interval '15 seconds'"
                )
            ).scalar_one()
        )


@contextmanager
def stage(*, scale: float, variant: str | None = None) -> Iterator[Stage]:
    """Open a durable rig for a run; `variant` breaks its engine on purpose."""
    if variant:
        os.environ[variants.VARIABLE] = variant
    with rig(APP, scale=scale, durable=True) as made:
        os.environ[oracle.VARIABLE] = str(made.folder / "oracle.jsonl")
        made.environment = {**made.environment, oracle.VARIABLE: os.environ[oracle.VARIABLE]}
        servers = Servers(made)
        make_table()
        with transaction() as tx:
            for statement in _MAKE:
                tx.execute(text(statement))
        try:
            yield Stage(made, servers, scale)
        finally:
            made.end()
            servers.end()
            os.environ.pop(variants.VARIABLE, None)


__all__ = ["AIM", "APP", "WORKERS", "ChaosWork", "Stage", "relay", "stage", "worker"]
