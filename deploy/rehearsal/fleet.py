"""The platform's processes as a deployment replaces them: two colours that answer, and the tiers behind."""

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import Program, kill_group, spawn, tail
from deploy.local.servers import Postgres
from deploy.rehearsal.edge import Edge
from deploy.rehearsal.machine import ROOT
from deploy.rehearsal.stage import Failed

#: As in production, but that two workers serve the five queues: a rehearsal has few cores.
TIERS = {
    "relay-1": ("-m", "workers.relay"),
    "relay-2": ("-m", "workers.relay"),
    "worker-1": ("-m", "celery", "-A", "workers.app", "worker", "-Q", "critical,email,bulk", "-c", "2", "-n", "one@%h"),
    "worker-2": ("-m", "celery", "-A", "workers.app", "worker", "-Q", "feeds,uploads", "-c", "1", "-n", "two@%h"),
    "beat": ("-m", "celery", "-A", "workers.app", "beat", "--pidfile="),
}  # fmt: skip
#: Seconds that Compose gives them to end (stop_grace_period).
WEB_GRACE, LIVE_GRACE, TIER_GRACE = 40, 20, 45


@dataclass
class Member:
    """One process and how it was started."""

    program: Program
    process: "subprocess.Popen[bytes]"

    def end(self, grace_seconds: float) -> bool:
        """Wait for a process that was told to end; returns whether it did by itself."""
        try:
            self.process.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            return False
        finally:
            kill_group(self.process)
            self.process.wait()
        return True


@dataclass
class Fleet:
    """Everything that a release consists of; `ports` are those of web and live by colour."""

    folder: Path
    postgres: Postgres
    database: str
    environment: Mapping[str, str]
    ports: Mapping[str, tuple[int, int]]
    members: dict[str, Member] = field(default_factory=dict)
    active: str = "green"
    #: Processes that had to be killed because they did not end in their time.
    killed: list[str] = field(default_factory=list)

    def start_colour(self, colour: str, version: str) -> None:
        """
        Start web and live as this colour, and wait until both answer as this release.

        Raises: Failed with the end of a log.
        """
        web, live = self.ports[colour]
        gunicorn = ("-m", "gunicorn", "--no-control-socket", "-c")
        self._start(f"web-{colour}", version, *gunicorn, "deploy/gunicorn/web.conf.py", "web.wsgi:app",
                    WEB_BIND=f"127.0.0.1:{web}")  # fmt: skip
        self._start(f"live-{colour}", version, *gunicorn, "deploy/gunicorn/live.conf.py", "web.live.wsgi:app",
                    LIVE_BIND=f"127.0.0.1:{live}")  # fmt: skip
        for name, port in ((f"web-{colour}", web), (f"live-{colour}", live)):
            self._await(name, lambda port=port: _release(port) == version)  # type: ignore[misc]  # bound at once

    def start_tiers(self, version: str) -> None:
        """
        Start relays, workers and beat, and wait until each has reported to the database.

        Raises: Failed with the end of a log.
        """
        for name, command in TIERS.items():
            self._start(name, version, *command)
        for name in TIERS:
            self._await(name, lambda name=name: self.members[name].process.pid in self._reporting())  # type: ignore[misc]

    def deploy(self, site: Edge, version: str) -> None:
        """Do what deploy.sh does: the idle colour, the switch, the tiers, and then the old colour goes."""
        old, self.active = self.active, "blue" if self.active == "green" else "green"
        self.start_colour(self.active, version)
        site.switch(*self.ports[self.active])
        self._stop(dict.fromkeys(TIERS, TIER_GRACE))
        self.start_tiers(version)
        self._stop({f"web-{old}": WEB_GRACE, f"live-{old}": LIVE_GRACE})

    def end(self) -> None:
        """End everything at once."""
        for member in self.members.values():
            kill_group(member.process)
            member.process.wait()

    def _start(self, name: str, version: str, *command: str, **env: str) -> None:
        program = Program(
            name,
            (sys.executable, *command),
            self.folder / f"{name}.log",
            {**self.environment, "APP_VERSION": version, "INSTANCE_ID": name, **env},
            ROOT,
        )
        self.members[name] = Member(program, spawn(program))

    def _stop(self, graces: Mapping[str, float]) -> None:
        """Tell all of them to end, then wait for each."""
        going = {name: self.members.pop(name) for name in graces if name in self.members}
        for member in going.values():
            member.process.send_signal(signal.SIGTERM)
        self.killed += [name for name, member in going.items() if not member.end(graces[name])]

    def _await(self, name: str, holds: Callable[[], bool], limit_seconds: float = 90) -> None:
        member, deadline = self.members[name], time.monotonic() + limit_seconds
        while not holds():
            if member.process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"{name} is not up:\n{tail(member.program.log, 15)}")
            time.sleep(0.1)

    def sql(self, statement: str) -> list[tuple[str, ...]]:
        """Return what Postgres answers, every value as text."""
        connection = self.postgres.connect(self.database)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return [tuple(map(str, row)) for row in cursor.fetchall()] if cursor.description else []
        finally:
            connection.close()

    def _reporting(self) -> set[int]:
        """Return the processes that Postgres has heard of."""
        return {int(row[0]) for row in self.sql("SELECT data->>'pid' FROM processes WHERE data ? 'pid'")}


def _release(port: int) -> str | None:
    """Return the release that answers on a port; none while nobody does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health")
        answer = connection.getresponse()
        told: dict[str, str] = json.loads(answer.read())
        return told.get("version") if answer.status == 200 else None
    except (OSError, ValueError):
        return None
    finally:
        connection.close()
