"""Rows 14 to 16: processes whose clocks lie, and schedulers that die."""

import time
from collections import Counter
from datetime import UTC, datetime

from tests.chaos.arena import Arena
from tests.chaos.clock import Clock
from tests.chaos.rows import Skip, row
from tests.chaos.stage import relay, worker
from tests.chaos.variants import SCHEDULE_VARIABLE

ALL, ONCE, SKIPPED = "every-all", "every-once", "every-skip"


@row(14, "clocks of workers, relay and beat an hour off, and jumping")
def lying_clocks(arena: Arena) -> None:
    """Only the database's clock counts: no live job is rescued and no slot is doubled or missed."""
    try:
        jumping = Clock.make(arena.rig.folder, "jumping")
    except FileNotFoundError as missing:
        raise Skip(f"{missing} is needed to build the lying clock") from None
    ahead = Clock.make(arena.rig.folder, "ahead", 3600).environment()
    behind = Clock.make(arena.rig.folder, "behind", -3600).environment()
    for name in ("relay", "one", "two"):
        arena.rig.retire(name)
    worker(arena.rig, "ahead", **ahead)
    worker(arena.rig, "jumping", **jumping.environment())
    relay(arena.rig, "behind", **behind)
    _beat(arena, "beat-jumping", **jumping.environment())
    _beat(arena, "beat-ahead", **ahead)
    arena.until(lambda: arena.number(_SLOTS, name=ALL) > 1, "slots")
    arena.put(arena.size(30, 500), milliseconds=300)
    for offset in (7200, -7200, 30, -1, 0):
        jumping.jump(offset)
        arena.rig.rest(arena.size(1.0, 10.0))
    _no_more_slots(arena)
    arena.all_ended()
    rescued = arena.number("SELECT coalesce(sum(rescues), 0) FROM jobs")
    arena.expect(rescued == 0, f"{rescued:.0f} live jobs were rescued")
    _no_slot_missed(arena)


@row(15, "three beats and two relays, one of them killed again and again")
def dying_schedulers(arena: Arena) -> None:
    """Every slot becomes one job, whoever lives."""
    relay(arena.rig, "second")
    names = [f"beat-{n}" for n in range(3)]
    for name in names:
        _beat(arena, name)
    arena.until(lambda: arena.number(_SLOTS, name=ALL) > 2, "slots")
    for _ in range(arena.size(2, 60)):
        victim = arena.rig.members[arena.random.choice([*names, "relay", "second"])]
        victim.process.kill()
        arena.rig.rest(arena.size(4.0, 5.0))
    _no_more_slots(arena)
    arena.all_ended()
    _no_slot_missed(arena)
    lag = arena.number(
        "SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - run_at)) FROM jobs"
        " WHERE cron_slot IS NOT NULL"
    )
    arena.within(lag, 3, "from due to begun at p99", scaled=False)


@row(16, "beat away for ten slots")
def beat_away(arena: Arena) -> None:
    """On its return each schedule does what it says: skip none, once the newest, all each."""
    _beat(arena, "beat-1")
    arena.until(lambda: arena.number(_SLOTS, name=ALL) > 1, "slots")
    arena.rig.retire("beat-1")
    gone = int(arena.number("SELECT extract(epoch FROM max(last_slot)) FROM schedules"))
    arena.rig.rest(arena.size(5.0, 10.0))
    _beat(arena, "beat-2")
    arena.until(
        lambda: arena.number("SELECT extract(epoch FROM min(last_slot)) FROM schedules") > gone, "slots again"
    )
    arena.rig.rest(1.2)
    _no_more_slots(arena)
    arena.all_ended()
    back = min(_slots(arena, ONCE, after=gone))
    missed = range(gone + 1, back)
    made = {
        name: len([s for s in _slots(arena, name, after=gone) if s in missed])
        for name in (ALL, ONCE, SKIPPED)
    }
    arena.figures |= {"slots_missed": len(missed), **made}
    arena.expect(len(missed) >= arena.size(3, 9), "beat was hardly away, so nothing was proved")
    arena.expect(
        made == {ALL: len(missed), ONCE: 0, SKIPPED: 0}, f"of {len(missed)} missed slots became {made}"
    )


_SLOTS = "SELECT count(*) FROM jobs WHERE cron_slot LIKE :name || '@%'"


def _beat(arena: Arena, name: str, **environment: str) -> None:
    arena.rig.beat(name, env={SCHEDULE_VARIABLE: "1", **environment})


def _no_more_slots(arena: Arena) -> None:
    for name in [name for name in arena.rig.members if name.startswith("beat")]:
        arena.rig.retire(name)


def _slots(arena: Arena, name: str, after: int = 0) -> list[int]:
    """Return the slots of a schedule that became jobs, in seconds of the epoch, sorted."""
    found = arena.rows("SELECT cron_slot FROM jobs WHERE cron_slot LIKE :name || '@%'", name=name)
    moments = (datetime.fromisoformat(row.cron_slot.partition("@")[2]).astimezone(UTC) for row in found)
    return sorted(int(moment.timestamp()) for moment in moments if moment.timestamp() > after)


def _no_slot_missed(arena: Arena) -> None:
    slots = _slots(arena, ALL)
    doubled = [slot for slot, number in Counter(slots).items() if number > 1]
    missed = sorted(set(range(slots[0], slots[-1] + 1)) - set(slots))
    arena.figures["slots"] = len(slots)
    arena.expect(not doubled, f"slots doubled: {doubled}")
    arena.expect(not missed, f"slots missed: {missed} at {time.time():.0f}")
