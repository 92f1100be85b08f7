"""Rows 1 to 4: workers that are killed, that kill themselves, and that fall asleep."""

import os
import signal
import time

from shared.messages import message_named
from tests.chaos import nemesis, oracle
from tests.chaos.arena import Arena
from tests.chaos.rows import row
from tests.chaos.work import ChaosClutch, ChaosPoison

RESTART_LIMIT = 45
#: How long the database lets a silent transaction keep its locks in a rehearsal.
IDLE_LIMIT = 10


@row(1, "kill -9 of a pool process in mid-task")
def kill_children(arena: Arena) -> None:
    """Again and again; each interrupted job begins again in time."""
    arena.put(arena.size(60, 2000), milliseconds=200, steps=2)
    strikes = []
    for _ in range(arena.size(5, 50)):
        strikes.append(nemesis.kill_child(arena))
        arena.rig.rest(0.3)
    arena.all_ended()
    arena.each_within(oracle.restarts(arena.history(), strikes), RESTART_LIMIT, "restart of a killed job")


@row(2, "kill -9 of a whole worker")
def kill_workers(arena: Arena) -> None:
    """The supervisor brings the worker back, the leases bring back its jobs."""
    arena.put(arena.size(60, 2000), milliseconds=200)
    strikes = []
    for _ in range(arena.size(2, 20)):
        arena.until(lambda: bool(nemesis.busy_children(arena)), "a worker at work")
        strikes.append(nemesis.kill_worker(arena))
        arena.rig.rest(arena.size(1.0, 3.0))
    arena.all_ended()
    arena.each_within(oracle.restarts(arena.history(), strikes), RESTART_LIMIT, "restart of a killed job")


@row(3, "a poison job that kills its process each time")
def poison(arena: Arena) -> None:
    """It runs as often as it may and not once more, then it is dead; the others hardly notice."""
    number = arena.size(60, 1000)
    arena.put(number, milliseconds=50)
    arena.all_ended()
    before = _wait_p95(arena)
    poisoned = arena.ledger.put_one(ChaosPoison())
    arena.put(number, milliseconds=50)
    arena.all_ended()

    allowed = message_named("chaos.poison").route.max_attempts
    seen = oracle.runs(arena.history()).get(str(poisoned), 0)
    dead = arena.number("SELECT count(*) FROM jobs WHERE id = :id AND state = 'dead'", id=poisoned)
    arena.expect(seen == allowed, f"the poison ran {seen} times, {allowed} were allowed")
    arena.expect(dead == 1, "the poison is not dead")
    arena.figures |= {"others_p95_before_s": round(before, 2), "others_p95_s": round(_wait_p95(arena), 2)}
    arena.expect(_wait_p95(arena) < 2 * before + 1, "the others waited more than twice as long")


def _wait_p95(arena: Arena) -> float:
    return arena.number(
        "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - created_at))"
        " FROM jobs WHERE kind = 'chaos.work' AND rescues = 0"
        " AND created_at > (SELECT max(created_at) FROM jobs) - interval '1 second'"
    )


@row(4, "a worker stopped for two leases, then let go on (zombie)")
def zombies(arena: Arena) -> None:
    """Its jobs run elsewhere; whatever it wants to commit on waking is refused."""
    arena.put(arena.size(12, 200), milliseconds=500)
    strikes = []
    for _ in range(arena.size(1, 5)):
        arena.until(lambda: len(nemesis.busy_children(arena)) > 2, "workers at work")
        strikes.append(nemesis.freeze_worker(arena, 60 * arena.scale))
    sleeper = _freeze_inside_a_transaction(arena)
    arena.all_ended()
    os.kill(sleeper, signal.SIGCONT)
    arena.until(lambda: _zombies_spoke(arena, strikes), "the zombies awake")
    arena.each_within(oracle.restarts(arena.history(), strikes), RESTART_LIMIT, "restart of a frozen job")
    refused = sum(entry.what == "refused" for entry in arena.history())
    arena.figures["zombie_ends_refused"] = refused
    arena.expect(refused > 0, "no zombie tried to commit, so nothing was proved")


def _freeze_inside_a_transaction(arena: Arena) -> int:
    """Let a job freeze with a lock in its hands; returns the pid of the process that sleeps on it."""
    job_id = str(arena.ledger.put_one(ChaosClutch()))
    arena.put(4)
    begun = f"job {job_id} begun"
    arena.until(lambda: bool(_runs_of(arena, job_id)), begun)
    first = _runs_of(arena, job_id)[0]
    arena.until(lambda: len(_runs_of(arena, job_id)) > 1, begun + " again")
    took = arena.until(
        lambda: arena.number(_ENDED, id=job_id) == 1, "the lock of a frozen worker given up", 60
    )
    arena.within(took, IDLE_LIMIT, "a lock given up", scaled=False)
    return first.pid


_ENDED = "SELECT count(*) FROM jobs WHERE id = :id AND finished_at IS NOT NULL"


def _runs_of(arena: Arena, job_id: str) -> list[oracle.Entry]:
    return [entry for entry in arena.history() if entry.job == job_id and entry.what == "started"]


def _zombies_spoke(arena: Arena, strikes: list[oracle.Strike]) -> bool:
    frozen = frozenset().union(*(strike.pids for strike in strikes))
    open_ = oracle.in_hand(arena.history(), time.monotonic()).values()
    return not [entry for entry in open_ if entry.pid in frozen]
