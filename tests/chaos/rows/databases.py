"""Rows 11 to 13 and 22: Postgres killed, its connections cut, its disk full, its horizon held back."""

import time

from tests.chaos import nemesis, oracle
from tests.chaos.arena import Arena
from tests.chaos.door import front_door, judge
from tests.chaos.ledger import Load
from tests.chaos.rows import row
from tests.chaos.work import ChaosWork
from tests.support.rig import DATABASE

WORK = (ChaosWork(milliseconds=20), ChaosWork(milliseconds=50, steps=2))


@row(11, "kill -9 of Postgres in mid-load")
def postgres_crashes(arena: Arena) -> None:
    """Every acknowledged job has its row after recovery, and work goes on."""
    strikes = []
    with front_door(arena) as door, Load(arena.ledger, WORK, per_second=20, seed=arena.seed) as load:
        for _ in range(arena.size(2, 10)):
            arena.rig.rest(1.5)
            strikes.append(nemesis.crash_postgres(arena))
            arena.until(lambda: bool(oracle.resumptions(arena.history(), [strikes[-1]])), "work again", 60)
        arena.rig.rest(0.5)
    arena.all_ended()
    judge(arena, door, may_refuse=True)
    arena.figures |= {"asked": load.asked, "not_answered": len(arena.ledger.errors)}
    arena.each_within(
        oracle.resumptions(arena.history(), strikes), 15, "work after Postgres came back", scaled=False
    )


@row(12, "random database connections cut")
def backends_terminated(arena: Arena) -> None:
    """Askers see a few errors and can ask again; jobs are tried again."""
    with Load(arena.ledger, WORK, per_second=20, seed=arena.seed) as load:
        cut = nemesis.terminate_backends(arena, arena.size(5, 60), per_second=5)
    arena.all_ended()
    failed = len(arena.ledger.errors)
    arena.figures |= {"connections_cut": cut, "asked": load.asked, "not_answered": failed}
    arena.expect(cut > 0, "no connection was cut, so nothing was proved")
    arena.expect(failed <= cut, f"{failed} errors of {load.asked} asked, more than {cut} cuts")


@row(22, "a long transaction holds the horizon back under load")
def horizon_held(arena: Arena) -> None:
    """Claims stay quick while dead rows cannot be vacuumed."""
    seconds = arena.size(6.0, 600.0)
    message = ChaosWork()
    with Load(arena.ledger, [message], per_second=40, seed=arena.seed):
        arena.rig.rest(arena.size(4.0, 30.0))
        before = _claim_p95(arena, arena.size(4.0, 30.0))
        old = arena.rig.postgres.connect(DATABASE)
        old.set_session(isolation_level="REPEATABLE READ")
        old.cursor().execute("SELECT count(*) FROM jobs")
        arena.rig.rest(seconds)
        during = _claim_p95(arena, seconds / 2)
        old.close()
    arena.all_ended()
    arena.figures |= {"start_p95_before_s": round(before, 3), "start_p95_s": round(during, 3)}
    arena.expect(during <= 3 * before + 1, f"starts waited {during:.2f} s at p95, {before:.2f} s before")


def _claim_p95(arena: Arena, last_seconds: float) -> float:
    began = time.monotonic()
    found = arena.number(
        "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - created_at))"
        " FROM jobs WHERE started_at > clock_timestamp() - make_interval(secs => :last)",
        last=last_seconds,
    )
    arena.figures["table_read_s"] = round(time.monotonic() - began, 3)
    return found
