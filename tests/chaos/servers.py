"""Kill, freeze and bring back the servers of a rig."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from deploy.local.problem import Problem
from deploy.local.processes import Program, spawn, wait_until
from deploy.local.servers import Postgres, Valkey
from tests.support.rig import Rig

START_TRIES = 40


@dataclass
class Servers:
    """The two servers of a rig as processes; what was brought back here is ended by `end`."""

    rig: Rig
    _revived: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    _pids: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.redis() as client:
            self._pids["valkey"] = int(client.info("server")["process_id"])
        self._pids["postgres"] = self._postmaster()

    def redis(self) -> "redis.Redis":
        """Return a client with patience."""
        return redis.Redis.from_url(self.rig.valkey.url, socket_timeout=10)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to `valkey` or to the `postgres` postmaster."""
        os.kill(self._pids[name], number)

    def crash(self, name: str) -> None:
        """Kill -9 a server and wait until it is gone."""
        # Somebody must take note of its end, or its process id stays taken and Postgres sees a rival.
        self.reap(name)

    def reap(self, name: str) -> None:
        """Take note of the end of a server that stopped by itself."""
        with contextlib.suppress(ProcessLookupError):
            self.signal(name, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._pids[name], 0)

    def revive(self, name: str) -> None:
        """
        Start a crashed server on its old data.

        A Postgres whose backends are still on their way out refuses to start: tried again, as its
        supervisor would.
        Raises: Problem when it does not come up.
        """
        server: Postgres | Valkey = self.rig.postgres if name == "postgres" else self.rig.valkey
        program = server.program(self.rig.folder / f"{name}.log")
        self.start(name, program, server)

    def start(self, name: str, program: Program, server: Postgres | Valkey) -> None:
        """Start a server by `program` and wait until it answers."""
        for tries_left in reversed(range(START_TRIES)):
            process = spawn(program)
            try:
                wait_until(server.answers, process, program, limit_seconds=60)
            except Problem:
                process.kill()
                process.wait()
                if not tries_left:
                    raise
                time.sleep(0.1)
                continue
            self._revived[name] = process
            self._pids[name] = process.pid
            return

    def save_redis(self, to: Path) -> None:
        """Copy Redis's files as they are now."""
        shutil.copytree(self.rig.valkey.home / "appendonlydir", to)

    def restore_redis(self, saved: Path) -> None:
        """Put saved files where a crashed Redis will find them."""
        place = self.rig.valkey.home / "appendonlydir"
        shutil.rmtree(place)
        shutil.copytree(saved, place)
        for path in (place, *place.iterdir()):
            if self.rig.valkey.user:
                shutil.chown(path, self.rig.valkey.user)

    def resident_kib(self, name: str) -> int:
        """Return the memory a server holds."""
        return resident_kib(self._pids[name])

    def pid(self, name: str) -> int:
        """Return a server's process id."""
        return self._pids[name]

    def end(self) -> None:
        """End what was brought back."""
        for name, process in self._revived.items():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.send_signal(signal.SIGINT if name == "postgres" else signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _postmaster(self) -> int:
        return int((self.rig.postgres.data / "postmaster.pid").read_text().splitlines()[0])


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process, 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
