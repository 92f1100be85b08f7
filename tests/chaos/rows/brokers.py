"""Rows 5 to 10: Redis killed, frozen, flushed, rewound, cut off and full."""

import signal
import time

from tests.chaos import nemesis, oracle
from tests.chaos.arena import Arena
from tests.chaos.door import front_door, judge
from tests.chaos.proxy import Proxy
from tests.chaos.rows import row
from tests.chaos.stage import relay, worker
from tests.chaos.work import ChaosLight, ChaosWork

#: A number of milliseconds that a loaded test machine may be slower than production.
PATIENCE = 5


@row(5, "kill -9 of Redis and restart, some of it in rapid flaps")
def redis_crashes(arena: Arena) -> None:
    """Workers hear again within ten seconds of each."""
    arena.put(arena.size(80, 2000), milliseconds=100)
    strikes = []
    for _ in range(arena.size(2, 24)):
        arena.under_way()
        strikes.append(nemesis.crash_redis(arena))
        arena.until(lambda: _resumed(arena, strikes[-1]), "consuming again", 60)
    strikes += [nemesis.crash_redis(arena, down_seconds=0) for _ in range(arena.size(2, 6))]
    arena.all_ended()
    arena.each_within(
        oracle.resumptions(arena.history(), strikes), 10, "consuming after a restart", scaled=False
    )


def _resumed(arena: Arena, strike: oracle.Strike) -> bool:
    return arena.count() == 0 or bool(oracle.resumptions(arena.history(), [strike]))


@row(6, "Redis frozen")
def redis_freezes(arena: Arena) -> None:
    """Nobody who asks for work notices; work goes on when it thaws."""
    arena.put(20, milliseconds=20)
    arena.under_way(5)
    with front_door(arena) as door:
        arena.servers.signal("valkey", signal.SIGSTOP)
        end = time.monotonic() + arena.size(4, 45)
        arena.ledger.latencies.clear()
        while time.monotonic() < end:
            arena.ledger.put_one(ChaosWork())
            arena.rig.rest(0.02)
    slowest = sorted(arena.ledger.latencies)[int(len(arena.ledger.latencies) * 0.99) - 1]
    arena.servers.signal("valkey", signal.SIGCONT)
    strike = oracle.Strike(time.monotonic())
    arena.all_ended()
    judge(arena, door)
    arena.each_within(
        oracle.resumptions(arena.history(), [strike]), 10, "consuming after a thaw", scaled=False
    )
    arena.figures["enqueue_p99_ms"] = round(slowest * 1000, 1)
    arena.expect(slowest < 0.1 * PATIENCE, f"an enqueue took {slowest * 1000:.0f} ms while Redis was frozen")
    slow = door.p99_seconds()
    arena.expect(slow < 0.1 * PATIENCE, f"a report took {slow * 1000:.0f} ms while Redis was frozen")


@row(7, "FLUSHALL with a deep queue and jobs running")
def redis_flushed(arena: Arena) -> None:
    """Ringing begins again at once; nothing is lost and nothing runs twice."""
    number = arena.size(600, 10_000)
    light = ChaosLight(milliseconds=10)
    ids = arena.ledger.put([light] * number)
    arena.under_way(20)
    strikes = [nemesis.flush_redis(arena)]
    before = arena.count("('queued')")
    took = arena.until(lambda: _rung_since(arena, strikes[0]), "ringing again")
    arena.all_ended()
    arena.within(took, 2, "ringing after FLUSHALL")
    runs = oracle.runs(arena.history())
    doubled = sum(runs.get(str(job_id), 0) > 1 for job_id in ids)
    arena.figures |= {"queued_at_the_flush": before, "run_twice": doubled}
    arena.expect(doubled == 0, f"{doubled} jobs ran twice")


def _rung_since(arena: Arena, strike: oracle.Strike) -> bool:
    """Tell whether messages lie in Redis again, or jobs were begun that needed one."""
    with arena.servers.redis() as client:
        waiting = client.llen("cp:bulk")
    return bool(waiting) or arena.count("('queued')") == 0


@row(8, "Redis started on an old file (time travel)")
def redis_rewound(arena: Arena) -> None:
    """Old messages come back for jobs that ended long ago; they change nothing."""
    arena.put(arena.size(60, 2000), milliseconds=50)
    arena.under_way(2)
    saved = arena.rig.folder / f"old-{arena.seed}-{time.monotonic_ns()}"
    arena.servers.save_redis(saved)
    arena.under_way(arena.size(40, 1500))
    arena.put(20, milliseconds=20)
    arena.servers.crash("valkey")
    arena.servers.restore_redis(saved)
    arena.servers.revive("valkey")
    strike = oracle.Strike(time.monotonic())
    arena.all_ended()
    arena.each_within(oracle.resumptions(arena.history(), [strike]), 10, "consuming again", scaled=False)


@row(9, "black holes, delays and resets between workers and servers")
def bad_networks(arena: Arena) -> None:
    """A worker whose every connection goes through a bad network is never left deaf."""
    with (
        Proxy.to(arena.rig, "valkey") as to_redis,
        Proxy.to(arena.rig, "postgres") as to_postgres,
    ):
        remote = {
            "REDIS_URL": arena.rig.environment["REDIS_URL"].replace(
                f":{arena.rig.valkey.port}/", f":{to_redis.port}/"
            ),
            "DATABASE_URL": arena.rig.environment["DATABASE_URL"].replace(
                f":{arena.rig.postgres.port}/", f":{to_postgres.port}/"
            ),
        }
        worker(arena.rig, "remote", queues="uploads", **remote)
        relay(arena.rig, "far", REDIS_URL=remote["REDIS_URL"])
        _remote_work(arena, 1)
        took = []
        for proxy in (to_redis, to_postgres) * arena.size(1, 5):
            for weather in ("hole", "slow", "reset"):
                proxy.weather(weather)
                arena.ledger.put_one(ChaosWork(), queue="uploads")
                arena.rig.rest(arena.size(4.0, 90.0) if weather == "hole" else arena.size(1.0, 5.0))
                proxy.weather("fair")
                took.append(_remote_work(arena, 2))
        arena.all_ended()
        arena.each_within(took, 60, "a remote worker at work again", scaled=False)
        arena.rig.retire("remote")
        arena.rig.retire("far")


def _remote_work(arena: Arena, number: int) -> float:
    """Ask for work that only the remote worker serves, and return how long it took."""
    began = time.monotonic()
    for _ in range(number):
        arena.ledger.put_one(ChaosWork(), queue="uploads")
    arena.until(lambda: arena.number(_LIVE_UPLOADS) == 0, "the remote worker at work")
    return time.monotonic() - began


_LIVE_UPLOADS = "SELECT count(*) FROM jobs WHERE queue = 'uploads' AND finished_at IS NULL"


@row(10, "Redis full")
def redis_full(arena: Arena) -> None:
    """Asking goes on, the relay says that it cannot ring, and all is done once there is room."""
    arena.put(10, milliseconds=20)
    arena.all_ended()
    with front_door(arena) as door, arena.servers.redis() as client:
        client.config_set("maxmemory", "1mb")
        ids = [arena.ledger.put_one(ChaosWork()) for _ in range(arena.size(50, 2000))]
        door.knock()
        told = arena.until(lambda: arena.number(_REDIS_DOWN) > 0, "a relay that says so", 30)
        arena.expect(all(ids), "an enqueue failed while Redis was full")
        done = arena.number("SELECT count(*) FROM jobs WHERE finished_at IS NULL")
        client.config_set("maxmemory", "256mb")
    arena.figures |= {"waiting_while_full": int(done), "told_after_s": round(told, 2)}
    arena.within(arena.all_ended(), 60, "all done once there is room", scaled=False)
    judge(arena, door)


_REDIS_DOWN = "SELECT count(*) FROM processes WHERE role = 'relay' AND NOT (data->>'redis')::boolean"
