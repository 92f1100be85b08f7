"""How much of the processor each program of a rig has used."""

import os
from pathlib import Path
from typing import Final

import redis

from tests.support.rig import Rig

_TICKS: Final = os.sysconf("SC_CLK_TCK")


def busy_seconds(made: Rig) -> dict[str, float]:
    """Return program -> seconds of processor its processes have used, those that ended included."""
    parents, used = _processes()
    roots = {name: member.pid for name, member in made.members.items()}
    roots["postgres"] = int((made.postgres.data / "postmaster.pid").read_text().split()[0])
    with redis.Redis.from_url(made.valkey.url) as client:
        roots["valkey"] = int(client.info("server")["process_id"])
    found = dict.fromkeys(roots, 0.0)
    names = {pid: name for name, pid in roots.items()}
    for pid, seconds in used.items():
        ancestor = pid
        while ancestor and ancestor not in names:
            ancestor = parents.get(ancestor, 0)
        if ancestor:
            found[names[ancestor]] += seconds
    return found


def _processes() -> tuple[dict[int, int], dict[int, float]]:
    """Read /proc: pid -> parent, and pid -> seconds used by it and by children it has waited for."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            used[int(entry.name)] = sum(map(int, fields[11:15])) / _TICKS
    return parents, used
