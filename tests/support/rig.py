"""
A rig of real processes: Postgres, Valkey, relays and workers, to be killed, frozen and started again.

The rig's own supervisor restarts what dies, as production's does; nothing is restarted by hand.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import testing
from deploy.local.processes import Program, kill_group, spawn, stop, wait_until
from deploy.local.servers import Postgres, Valkey
from shared.db import forget_engine
from shared.settings import get_settings

DATABASE = "rig"
SECRET = "only-for-the-tests-0123456789abcdefghij"


@dataclass
class Member:
    """One supervised process."""

    program: Program
    process: "subprocess.Popen[bytes]"
    wanted: bool = True
    restarts: int = 0

    @property
    def pid(self) -> int:
        """Return the process id now."""
        return self.process.pid

    def children(self) -> list[int]:
        """Return the pids of its children: a worker's pool."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in listed.read_text().split()] if listed.exists() else []

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to the process, or to everything it started."""
        with contextlib.suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(self.pid, number)


@dataclass
class Rig:
    """The servers and the processes of one run."""

    folder: Path
    postgres: Postgres
    valkey: Valkey
    environment: Mapping[str, str]
    app: str
    members: dict[str, Member] = field(default_factory=dict)

    def start(self, name: str, *command: str, env: Mapping[str, str] | None = None) -> Member:
        """Start a supervised Python process."""
        program = Program(
            name,
            (sys.executable, *command),
            self.folder / f"{name}.log",
            env={**self.environment, **(env or {})},
            cwd=testing.ROOT,
        )
        self.members[name] = Member(program, spawn(program))
        return self.members[name]

    def relay(self, name: str = "relay", **options: Mapping[str, str]) -> Member:
        """Start a relay."""
        return self.start(name, "-m", "workers.relay", **options)

    def worker(
        self, queues: str = "bulk", processes: int = 2, name: str = "worker", **options: Mapping[str, str]
    ) -> Member:
        """Start a worker with that many pool processes."""
        arguments = ("worker", "-Q", queues, "-c", str(processes), "-n", f"{name}@%h", "--without-gossip")
        return self.start(name, "-m", "celery", "-A", self.app, *arguments, "--without-mingle", **options)

    def beat(self, name: str = "beat", **options: Mapping[str, str]) -> Member:
        """Start a beat."""
        return self.start(name, "-m", "celery", "-A", self.app, "beat", "--pidfile=", **options)

    def supervise(self) -> None:
        """Start again whatever ended without being asked to."""
        for member in self.members.values():
            if member.wanted and member.process.poll() is not None:
                kill_group(member.process)
                member.process = spawn(member.program)
                member.restarts += 1

    def until(self, reached: Callable[[], bool], limit_seconds: float, what: str) -> float:
        """
        Supervise until `reached()`; returns the seconds it took.

        Raises: AssertionError naming `what` when the limit passes.
        """
        began = time.monotonic()
        while not reached():
            self.supervise()
            took = time.monotonic() - began
            if took > limit_seconds:
                raise AssertionError(f"{what}: not within {limit_seconds:.0f} s")
            time.sleep(0.05)
        return time.monotonic() - began

    def rest(self, seconds: float) -> None:
        """Let the rig work for a while, supervised."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.supervise()
            time.sleep(0.05)

    def retire(self, name: str) -> float:
        """Ask a process to end, as a deployment does; returns the seconds it took."""
        member = self.members.pop(name)
        member.wanted = False
        began = time.monotonic()
        stop(member.process, member.program.stop_signal, limit_seconds=60)
        return time.monotonic() - began

    def end(self) -> None:
        """End every supervised process at once."""
        for member in self.members.values():
            member.wanted = False
            member.signal(signal.SIGCONT, group=True)
            kill_group(member.process)
            member.process.wait()


@contextmanager
def rig(app: str = "workers.app", *, scale: float = 0.1, durable: bool = False) -> Iterator[Rig]:
    """
    Run Postgres and Valkey, migrated, with this process's settings pointing at them.

    `scale` shortens the engine's waits; `durable` keeps both on disk, for rows that kill the servers.
    """
    before = dict(os.environ)
    with testing.run_folder() as folder, _servers(folder, durable=durable) as (postgres, valkey):
        postgres.create_database(DATABASE)
        testing.migrate(postgres.url(DATABASE))
        environment = {
            **before,
            "DATABASE_URL": postgres.url(DATABASE),
            "REDIS_URL": valkey.url,
            "CITYPULSE_ENV": "test",
            "JWT_SECRET": SECRET,
            "METRICS_TOKEN": SECRET,
            "STORAGE_DIR": str(folder / "storage"),
            "JOBS_TIME_SCALE": str(scale),
            "LOG_FORMAT": "console",
            "REMAP_SIGTERM": "SIGQUIT",  # as deployed: a stop ends within its limit, whatever is in hand
            "PYTHONPATH": os.pathsep.join([str(testing.ROOT), *filter(None, [before.get("PYTHONPATH")])]),
        }
        os.environ.update(environment)
        get_settings.cache_clear()
        forget_engine()
        made = Rig(folder, postgres, valkey, environment, app)
        try:
            yield made
        finally:
            made.end()
            forget_engine()
            os.environ.clear()
            os.environ.update(before)
            get_settings.cache_clear()


@contextmanager
def _servers(folder: Path, *, durable: bool) -> Iterator[tuple[Postgres, Valkey]]:
    wanted = os.environ.get("CITYPULSE_TEST_POSTGRES") or None
    database = testing.postgres(folder, wanted, durable=durable)
    with database as postgres, testing.valkey(folder, durable=durable) as valkey:
        yield postgres, valkey


__all__ = ["Member", "Rig", "rig", "wait_until"]
