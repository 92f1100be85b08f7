"""Rows 17, 18 and 26: rolling restarts, a crash at every named point, two releases side by side."""

import subprocess
import sys
from uuid import UUID

from sqlalchemy import text

from deploy.local.testing import ROOT
from shared.clock import new_id
from shared.db import transaction
from shared.jobs.rules import DRAIN_SECONDS
from tests.chaos import nemesis
from tests.chaos.arena import Arena
from tests.chaos.door import front_door, judge
from tests.chaos.ledger import Load
from tests.chaos.rows import row
from tests.chaos.rows.mail import crash_around_the_call
from tests.chaos.stage import AIM, relay, worker
from tests.chaos.work import RELEASE_VARIABLE, ChaosWork

#: A stop ends with the last job in hand, which takes a tenth of a second here, and this much later at most.
STOP_LIMIT = 1


@row(17, "rolling restart of everything under load")
def rolling_restart(arena: Arena) -> None:
    """Each process is asked to end and started again; nobody who asks or waits notices."""
    stops = []
    asking = Load(arena.ledger, [ChaosWork(milliseconds=100)], per_second=15, seed=arena.seed)
    with front_door(arena) as door, asking as load:
        for _ in range(arena.size(1, 10)):
            door.open(arena)
            for name in ("one", "two", "relay"):
                arena.rig.rest(0.5)
                stops.append(arena.rig.retire(name))
                (relay if name == "relay" else worker)(arena.rig, name)
                arena.until(lambda: arena.count("('queued')") < 50, "the new process at work", 60)
    arena.all_ended()
    judge(arena, door)
    failed = arena.number("SELECT count(*) FROM job_attempts WHERE outcome <> 'released'")
    arena.figures |= {"asked": load.asked, "longest_stop_s": round(max(stops), 1)}
    arena.expect(failed == 0, f"{failed:.0f} attempts failed")
    arena.expect(not arena.ledger.errors, f"{len(arena.ledger.errors)} enqueues failed")
    arena.each_within(stops, STOP_LIMIT, "a stop", scaled=False)
    _put_down_what_takes_long(arena)


def _put_down_what_takes_long(arena: Arena) -> None:
    """Stop a worker with a job that ends much later: it is given back, and the next worker runs it."""
    for name in ("one", "two"):
        arena.rig.retire(name)
    worker(arena.rig, "one")
    job_id = arena.put(1, milliseconds=10_000)[0]
    arena.until(lambda: arena.number(_RUNNING, id=job_id) == 1, "a long job in hand")
    took = arena.rig.retire("one")
    arena.expect(
        arena.number(_GIVEN_BACK, id=job_id) == 1, "a long job was not given back, its attempt uncounted"
    )
    arena.within(took, DRAIN_SECONDS, "a stop with a long job in hand")
    arena.figures["stop_with_a_long_job_s"] = round(took, 1)
    worker(arena.rig, "one")
    arena.all_ended()


_RUNNING = "SELECT count(*) FROM jobs WHERE id = :id AND state = 'running'"
_GIVEN_BACK = "SELECT count(*) FROM jobs WHERE id = :id AND state = 'queued' AND attempt = 0"


#: Points in the code that asks, and in the code that rings and runs.
ASKING = ("inserted", "committed")
RUNNING = (
    "stamped",
    "pushed",
    "received",
    "claiming",
    "claimed",
    "working",
    "finishing",
    "finished",
    "failing",
    "promoting",
    "rescuing",
)


@row(18, "a crash at every named point")
def crash_points(arena: Arena) -> None:
    """Each process dies once at each point at which it could leave something half done."""
    taken = []
    for point in ASKING:
        done = subprocess.run(
            [sys.executable, "-m", "tests.chaos.asker"],
            env={**arena.rig.environment, "CHAOS_POINT": point},
            cwd=ROOT,
            check=False,
        )
        arena.expect(done.returncode == 137, f"the asker did not die at {point!r}")
        taken.append(point)
    for _ in range(arena.size(1, 5)):
        taken += [point for point in RUNNING if _crash_at(arena, point)]
    arena.all_ended()
    crash_around_the_call(arena)
    arena.figures["points"] = len({*taken, "intended", "called"})


def _crash_at(arena: Arena, point: str) -> bool:
    """Aim at a point and give reason to reach it; returns whether somebody died there."""
    aim = arena.rig.folder / AIM
    aim.write_text(point)
    arena.ledger.put([ChaosWork(milliseconds=40, failures=1 if point in ("failing", "promoting") else 0)] * 6)
    if point == "rescuing":
        nemesis.kill_child(arena)
    arena.until(lambda: not aim.exists(), f"a crash at {point!r}", 60)
    return not aim.exists()


@row(26, "two releases side by side")
def two_releases(arena: Arena) -> None:
    """The old one leaves alone what it does not know, does what it knows, and the new one does the rest."""
    worker(arena.rig, "old", queues="uploads")
    arena.ledger.put_one(ChaosWork(), queue="uploads")
    arena.all_ended()
    unknown = [_insert(arena, "chaos.newer", "{}") for _ in range(40)]
    for args in ('{"milliseconds": 1, "colour": "red"}', "{}"):
        known = _insert(arena, "chaos.work", args)
        arena.ledger.steps[str(known)] = 1
    took = arena.until(
        lambda: arena.number(_UNENDED, kind="chaos.work") == 0, "the old release does what it knows", 60
    )
    arena.within(took, 60, "known jobs behind unknown ones")
    lost = arena.number("SELECT count(*) FROM jobs WHERE kind = 'chaos.newer' AND finished_at IS NOT NULL")
    arena.expect(lost == 0, f"{lost:.0f} jobs of the newer release were ended by the older")
    arena.rig.retire("old")
    worker(arena.rig, "new", queues="uploads", **{RELEASE_VARIABLE: "new"})
    arena.all_ended()
    arena.figures["unknown"] = len(unknown)
    arena.ledger.steps |= {str(job_id): 1 for job_id in unknown}


_UNENDED = "SELECT count(*) FROM jobs WHERE kind = :kind AND finished_at IS NULL"


def _insert(arena: Arena, kind: str, args: str) -> UUID:
    """Ask for a job as another release would, with its cause."""
    job_id = new_id()
    with transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO jobs (id, kind, queue, args, state)"
                " VALUES (:id, :kind, 'uploads', CAST(:args AS jsonb), 'queued')"
            ),
            {"id": job_id, "kind": kind, "args": args},
        )
        tx.execute(text("INSERT INTO work_asked (job_id) VALUES (:id)"), {"id": job_id})
    arena.ledger.acknowledged.add(str(job_id))
    return job_id
