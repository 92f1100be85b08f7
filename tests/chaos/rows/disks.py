"""Row 13: disks that are full."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from deploy.local.processes import primary_group
from shared.db import engine
from tests.chaos.arena import Arena
from tests.chaos.door import front_door, judge, storage_of
from tests.chaos.ledger import Load
from tests.chaos.oracle import Strike, resumptions
from tests.chaos.rows import Skip, row
from tests.chaos.work import ChaosWork

SMALL_MB = 300
#: What the ballast leaves free: less than one segment of Postgres's log.
LEFT_MB = 1
RECOVERY_LIMIT = 30


@row(13, "disk full under Redis, under Postgres and under uploads")
def full_disks(arena: Arena) -> None:
    """Nothing acknowledged is lost; work goes on once there is room."""
    _redis_cannot_write(arena)
    with _small_disk(arena.rig.folder / "small-disk", SMALL_MB) as small:
        _postgres_cannot_write(arena, small)
    _uploads_cannot_be_kept(arena)


def _redis_cannot_write(arena: Arena) -> None:
    """Bound the size of Redis's files: it refuses writes instead of forgetting them."""
    arena.servers.crash("valkey")
    program = arena.rig.valkey.program(arena.rig.folder / "valkey.log")
    # The signal would end Redis before it saw the error.
    patient = replace(program, command=("/bin/sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh", *program.command))
    arena.servers.start("valkey", patient, arena.rig.valkey)
    arena.put(5)
    arena.all_ended()
    pid = arena.servers.pid("valkey")
    _limit_files(arena, pid, "1")
    ids = [arena.ledger.put_one(ChaosWork()) for _ in range(arena.size(20, 500))]
    arena.until(lambda: arena.number(_RELAY_CANNOT) > 0 or arena.count() == 0, "a relay that cannot ring")
    arena.expect(all(ids), "an enqueue failed while Redis could not write")
    _limit_files(arena, pid, "unlimited")
    arena.within(arena.all_ended(), RECOVERY_LIMIT, "all done once Redis could write", scaled=False)


_RELAY_CANNOT = "SELECT count(*) FROM processes WHERE role = 'relay' AND NOT (data->>'redis')::boolean"


def _limit_files(arena: Arena, pid: int, size: str) -> None:
    """Bound the files of a process, as the account it runs under: root in a container may not."""
    command = ["prlimit", f"--pid={pid}", f"--fsize={size}:unlimited"]
    account = arena.rig.valkey.user
    subprocess.run(command, check=True, user=account, group=primary_group(account), extra_groups=[])


@contextmanager
def _small_disk(place: Path, megabytes: int) -> Iterator[Path]:
    """
    Put a disk of that size at a place for the length of the block.

    Raises: Skip where mounts are not allowed.
    """
    place.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        raise Skip(
            "mounts are not allowed here, and RLIMIT_FSIZE does not stop Postgres (the part of Redis passed)"
        )
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _postgres_cannot_write(arena: Arena, small: Path) -> None:
    """Put Postgres on a small disk and fill it in mid-load."""
    data = arena.rig.postgres.data
    arena.servers.crash("postgres")
    try:
        _move(arena, data, small / "data")
        data.symlink_to(small / "data")
        arena.servers.revive("postgres")
        engine().dispose()
        _fill_and_empty(arena, small)
    finally:
        arena.servers.crash("postgres")
        data.unlink()
        _move(arena, small / "data", data)
        arena.servers.revive("postgres")
        engine().dispose()


def _fill_and_empty(arena: Arena, small: Path) -> None:
    ballast = small / "ballast"
    large = ChaosWork(milliseconds=20, padding=arena.random.randbytes(4000).hex())
    asking = Load(arena.ledger, [large], per_second=40, seed=arena.seed)
    with front_door(arena) as door, asking as load:
        arena.rig.rest(1)
        _write_until(ballast, shutil.disk_usage(small).free - LEFT_MB * 1_000_000)
        full_since = time.monotonic()
        while not arena.ledger.errors and time.monotonic() - full_since < 20:
            arena.rig.rest(0.2)
        ballast.unlink()
        strike = Strike(time.monotonic())
        if not arena.rig.postgres.answers():
            # Out of room for its log Postgres stops; its supervisor starts it again.
            arena.crashes += 1
            arena.servers.reap("postgres")
            arena.servers.revive("postgres")
        arena.until(lambda: bool(resumptions(arena.history(), [strike])), "work again", 60)
    arena.all_ended()
    judge(arena, door, may_refuse=True)
    refused = len(arena.ledger.errors)
    arena.figures |= {"asked": load.asked, "refused_while_full": refused}
    arena.expect(refused > 0, "Postgres never ran out of room, so nothing was proved")
    arena.each_within(
        resumptions(arena.history(), [strike]), RECOVERY_LIMIT, "work once there was room", scaled=False
    )


def _uploads_cannot_be_kept(arena: Arena) -> None:
    """Leave no room for a photo: its report is refused as a whole, and those without a photo are taken."""
    photo = b"\xff\xd8\xff\xe0" + bytes(2_000_000)
    with front_door(arena) as door, _small_disk(storage_of(arena.rig), 1):
        told = [door.knock(photo).status for _ in range(arena.size(3, 30))]
        door.knock()
    arena.all_ended()
    judge(arena, door, may_refuse=True)
    arena.expect({507} == set(told), f"reports with a photo too many were told {told}")


def _write_until(path: Path, size: int) -> None:
    with path.open("wb") as out:
        for _ in range(max(0, size) // 1_000_000):
            out.write(b"\0" * 1_000_000)


def _move(arena: Arena, source: Path, target: Path) -> None:
    """Move a data folder with its owner and modes."""
    subprocess.run(["cp", "-a", str(source), str(target)], check=True)
    shutil.rmtree(source)
    if arena.rig.postgres.user:
        shutil.chown(target.parent, arena.rig.postgres.user)
