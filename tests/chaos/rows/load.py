"""Rows 23 to 25: a flood, a soak under mixed faults, and the state machine."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable

from deploy.local.testing import ROOT
from tests.chaos import nemesis
from tests.chaos.arena import Arena
from tests.chaos.ledger import Load
from tests.chaos.oracle import Strike
from tests.chaos.rows import row
from tests.chaos.servers import resident_kib
from tests.chaos.work import ChaosLight, ChaosWork

FAULTS: tuple[Callable[[Arena], Strike], ...] = (
    nemesis.kill_child,
    nemesis.kill_worker,
    lambda arena: nemesis.freeze_worker(arena, 40 * arena.scale),
    nemesis.crash_redis,
    lambda arena: nemesis.freeze_redis(arena, 2),
    nemesis.flush_redis,
    nemesis.crash_postgres,
)


@row(23, "one tenant floods the queue")
def flood(arena: Arena) -> None:
    """Another tenant's jobs begin as if the flood were not there."""
    arena.put(arena.size(1500, 10_000), milliseconds=10, tenant="flood")
    arena.under_way(20)
    for _ in range(arena.size(20, 100)):
        arena.put(1, milliseconds=10, tenant="quiet")
        arena.rig.rest(0.1)
    p95 = "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - created_at)) FROM jobs"
    arena.until(
        lambda: arena.number("SELECT count(*) FROM jobs WHERE tenant = 'quiet' AND finished_at IS NULL") == 0,
        "the quiet tenant served",
    )
    waited = arena.number(p95 + " WHERE tenant = 'quiet'")
    left = arena.number("SELECT count(*) FROM jobs WHERE tenant = 'flood' AND finished_at IS NULL")
    arena.figures |= {"quiet_p95_s": round(waited, 2), "flood_left": int(left)}
    arena.expect(left > 0, "the flood had ended already, so nothing was proved")
    arena.within(waited, 2, "a quiet tenant's start at p95", scaled=False)
    arena.all_ended(300)


@row(24, "soak under mixed faults")
def soak(arena: Arena) -> None:
    """A fault every few seconds under steady load; nothing is lost and nothing grows."""
    seconds = 60 * (arena.minutes or arena.size(0.4, 30.0))
    messages = [ChaosWork(milliseconds=100), ChaosWork(milliseconds=200, steps=3), ChaosLight()]
    keys = _redis_keys(arena)
    before = _resident(arena)
    end = time.monotonic() + seconds
    struck: list[str] = []
    with Load(arena.ledger, messages, per_second=10, seed=arena.seed):
        while time.monotonic() < end:
            fault = arena.random.choice(FAULTS)
            fault(arena)
            struck.append(getattr(fault, "__name__", "?"))
            arena.rig.rest(arena.random.uniform(1, 5))
    arena.all_ended(300)
    grown = (_resident(arena) - before) / 1024
    arena.figures |= {
        "faults": len(struck),
        "grown_mb": round(grown, 1),
        "redis_keys": _redis_keys(arena) - keys,
    }
    if seconds >= 600:
        arena.expect(grown / (seconds / 60) < 1, f"memory grew by {grown:.0f} MB in {seconds / 60:.0f} min")
    arena.expect(_redis_keys(arena) - keys <= 10, "keys were left in Redis")


def _redis_keys(arena: Arena) -> int:
    with arena.servers.redis() as client:
        return int(client.dbsize())


def _resident(arena: Arena) -> int:
    """Return the memory of the relay and of Redis, which no restart of a pool process resets."""
    return resident_kib(arena.rig.members["relay"].pid) + arena.servers.resident_kib("valkey")


@row(25, "a state machine of the engine against its model")
def state_machine(arena: Arena) -> None:
    """Hypothesis plays claims, crashes, cancels and lies on a real Postgres; the table equals the model."""
    profile = "chaos-short" if arena.short else "chaos-long"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=3600",
         "tests/chaos/test_state_machine.py", f"--hypothesis-seed={arena.seed}"],
        cwd=ROOT, env={**os.environ, "CHAOS_PROFILE": profile}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    arena.expect(done.returncode == 0, "falsified: " + " | ".join(done.stdout.strip().splitlines()[-15:]))
    if found := re.search(r"(\d+) steps", done.stdout):
        arena.figures["steps"] = int(found[1])
