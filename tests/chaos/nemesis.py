"""The faults, one function each: it strikes, heals what only it can heal, and says when and whom it hit."""

import os
import signal
import time

from tests.chaos.arena import Arena
from tests.chaos.oracle import Strike, in_hand
from tests.support.rig import Member

RESTART_SECONDS = 60


def busy_children(arena: Arena) -> list[int]:
    """Return the pids of pool processes that have a job in hand."""
    alive = {pid for member in arena.rig.members.values() for pid in member.children()}
    return sorted({entry.pid for entry in in_hand(arena.history()).values()} & alive)


def kill_child(arena: Arena) -> Strike:
    """Kill -9 one pool process in mid-task."""
    arena.until(lambda: bool(busy_children(arena)), "a pool process at work")
    victims = busy_children(arena)
    if not victims:
        return Strike(time.monotonic())
    pid = arena.random.choice(victims)
    strike = Strike(time.monotonic(), frozenset({pid}))
    os.kill(pid, signal.SIGKILL)
    return strike


def kill_worker(arena: Arena) -> Strike:
    """Kill -9 a whole worker group; its supervisor brings it back."""
    member = pick_worker(arena)
    strike = Strike(time.monotonic(), frozenset(member.children()))
    member.signal(signal.SIGKILL, group=True)
    return strike


def freeze_worker(arena: Arena, seconds: float) -> Strike:
    """Stop a worker group for longer than its leases, then let it go on as if nothing had been."""
    member = pick_worker(arena)
    strike = Strike(time.monotonic(), frozenset(member.children()))
    member.signal(signal.SIGSTOP, group=True)
    for pid in member.children():
        os.kill(pid, signal.SIGSTOP)
    arena.rig.rest(seconds)
    for pid in member.children():
        os.kill(pid, signal.SIGCONT)
    member.signal(signal.SIGCONT, group=True)
    return strike


def crash_redis(arena: Arena, down_seconds: float = 0.2) -> Strike:
    """Kill -9 Redis and start it again on its append-only file."""
    arena.servers.crash("valkey")
    arena.rig.rest(down_seconds)
    arena.servers.revive("valkey")
    return Strike(time.monotonic())


def freeze_redis(arena: Arena, seconds: float) -> Strike:
    """Stop Redis: connections stay open and nobody answers."""
    arena.servers.signal("valkey", signal.SIGSTOP)
    arena.rig.rest(seconds)
    arena.servers.signal("valkey", signal.SIGCONT)
    return Strike(time.monotonic())


def flush_redis(arena: Arena) -> Strike:
    """FLUSHALL: every queued message is gone."""
    with arena.servers.redis() as client:
        client.flushall()
    return Strike(time.monotonic())


def crash_postgres(arena: Arena, down_seconds: float = 0.2) -> Strike:
    """Kill -9 the postmaster and start it again; it recovers from its log."""
    arena.crashes += 1
    arena.servers.crash("postgres")
    arena.rig.rest(down_seconds)
    arena.servers.revive("postgres")
    return Strike(time.monotonic())


def terminate_backends(arena: Arena, seconds: float, per_second: float) -> int:
    """Cut random database connections of ours for a while; returns how many."""
    end = time.monotonic() + seconds
    cut = 0
    while time.monotonic() < end:
        arena.rig.rest(1 / per_second)
        cut += len(
            arena.rows(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
                " WHERE application_name = 'citypulse' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) one"
            )
        )
    return cut


def pick_worker(arena: Arena) -> Member:
    """Choose one of the workers."""
    workers = [member for member in arena.rig.members.values() if "celery" in member.program.command]
    return arena.random.choice([member for member in workers if "worker" in member.program.command])
