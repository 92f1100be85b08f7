"""Which processes the platform runs, by the entry points that production uses too."""

import sys
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import Program

ROOT = Path(__file__).parent.parent.parent
#: Queue class and how many processes its worker group has.
QUEUES = {"critical": 1, "email": 1, "feeds": 2, "uploads": 1, "bulk": 1}
RELAYS = 2
#: Who lets go first when the platform stops: those who take work in, those who do it, those who keep it.
STOP_ORDER = (
    ("frontdoor", "web", "live", "flower", "beat", "simulator"),
    (*(f"worker-{queue}" for queue in QUEUES), *(f"relay-{number + 1}" for number in range(RELAYS))),
    ("valkey", "postgres"),
)


@dataclass(frozen=True)
class Ports:
    """Where each process listens on 127.0.0.1."""

    frontdoor: int
    web: int
    live: int
    flower: int
    simulator: int


@dataclass(frozen=True)
class Plan:
    """Describes every process of ours, given its environment and ports."""

    env: dict[str, str]
    ports: Ports
    logs: Path
    city: str
    #: What the health answer of this run carries, so that nobody else's is taken for ours.
    instance: str

    def frontdoor(self, listener: int) -> Program:
        """The one address; it takes over an open listening socket."""
        routes = [f"/ws={self.ports.live}", f"/flower={self.ports.flower}", f"={self.ports.web}"]
        options = [part for route in routes for part in ("--route", route)]
        return self._python(
            "frontdoor", "-m", "deploy.local.frontdoor", "--fd", str(listener), *options, files=(listener,)
        )

    def web(self) -> Program:
        """The API and the page."""
        return self._gunicorn("web", "web.wsgi:app", self.ports.web)

    def live(self) -> Program:
        """The WebSocket server."""
        return self._gunicorn("live", "web.live.wsgi:app", self.ports.live)

    def simulator(self) -> Program:
        """The feeds of a city that moves."""
        port = str(self.ports.simulator)
        return self._python("simulator", "-m", "deploy.local.simulator", "--port", port, "--city", self.city)

    def background(self) -> list[Program]:
        """Relays, one worker group a queue, and beat."""
        relays = [self._python(f"relay-{number + 1}", "-m", "workers.relay") for number in range(RELAYS)]
        workers = [
            self._celery(f"worker-{queue}", "worker", "-Q", queue, "-c", str(count), "-n", f"{queue}@%h")
            for queue, count in QUEUES.items()
        ]
        return [*relays, *workers, self._celery("beat", "beat")]

    def flower(self) -> Program:
        """The operator's view of the queues; its address and password come by the environment."""
        return self._celery("flower", "flower", "--conf=workers/flowerconfig.py")

    def migrate(self) -> Program:
        """Bring the database to the newest schema."""
        return self._python(
            "migrate", "-m", "alembic", "-c", "shared/migrations/alembic.ini", "upgrade", "head"
        )

    def seed(self) -> Program:
        """Put the demo city, its feeds and its sign-ins into the database."""
        return self._python("seed", "-m", "flask", "--app", "web.wsgi", "seed", "--city", self.city)

    def _gunicorn(self, name: str, app: str, port: int) -> Program:
        config = f"deploy/gunicorn/{name}.conf.py"
        return self._python(
            name, "-m", "gunicorn", "-c", config, "--bind", f"127.0.0.1:{port}", "--no-control-socket", app
        )

    def _celery(self, name: str, *arguments: str) -> Program:
        return self._python(name, "-m", "celery", "-A", "workers.app", *arguments)

    def _python(self, name: str, *arguments: str, files: tuple[int, ...] = ()) -> Program:
        command = (sys.executable, *arguments)
        # Told to end, a worker finishes what it has in hand and gives the rest back, as in production.
        env = {**self.env, "REMAP_SIGTERM": "SIGQUIT"}
        return Program(name, command, self.logs / f"{name}.log", env, ROOT, files=files)
