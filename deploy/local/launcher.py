"""`python -m deploy.local run`: bring the whole platform up, keep it up, take it down."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from types import FrameType
from typing import Any

from deploy.local import page
from deploy.local.backing import Backing, start_backing
from deploy.local.environment import (
    DEMO_ROLES,
    FLOWER_USER,
    environment,
    open_door,
    preferred_port,
    raise_file_limit,
)
from deploy.local.plan import ROOT, STOP_ORDER, Plan, Ports
from deploy.local.prepare import prepare_database
from deploy.local.processes import Program, free_ports, tail
from deploy.local.report import accepts, closing_block, health
from deploy.local.state import State
from deploy.local.supervisor import Supervisor

LOOK_SECONDS = 0.05
TRIM_SECONDS = 60.0
PAGE_SECONDS = 60.0
REST_SECONDS = 60.0
#: A child that failed so often in a row is waited for no longer; it is still brought back.
HOPELESS_FAILURES = 4
DEMO_DOMAIN = "example.org"


class Stopped(Exception):
    """Somebody asked us to stop while we were still starting."""


class Launcher:
    """One run of the platform, from the lock to the last process."""

    def __init__(self, state: State, city: str, *, build_page: bool = True) -> None:
        self._state = state
        self._city = city
        self._build_page = build_page
        self._began = time.monotonic()
        self._stopping = False
        self._told: dict[str, Any] = {"pid": os.getpid()}
        self._lock = state.lock()
        self._supervisor = Supervisor(self._say, self._note_pids, self._lock)

    def run(self) -> None:
        """Start everything, watch over it until told to stop, then stop it in order."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        try:
            self._start()
            self._watch()
        except Stopped:
            pass
        finally:
            self._say("stopping")
            self._supervisor.stop(STOP_ORDER)
            (self._state.folder / "run.json").unlink(missing_ok=True)
            self._say("stopped")

    def _start(self) -> None:
        raise_file_limit()
        builder = None
        if self._build_page and not page.up_to_date():
            builder = self._supervisor.start_once(self._page_program())
        backing = start_backing(self._state, self._supervisor, self._say, self._pause)
        plan = self._plan(backing)
        prepare_database(plan, self._state, self._run_once, embedded=bool(backing.postgres_port))
        if builder:
            self._finish(self._page_program(), builder)
        for program in (plan.frontdoor(self._door.fileno()), plan.web()):
            self._supervisor.start(program)
        answers = self._wait(PAGE_SECONDS, ("frontdoor", "web"), lambda: self._is_ours(plan))
        if answers:
            self._say(f"the page answers at {self._told['url']}")
        self._start_rest(plan, missing=set() if answers else {"web"})

    def _start_rest(self, plan: Plan, missing: set[str]) -> None:
        """Start what the page does not wait for, then tell everything once."""
        for program in (plan.simulator(), plan.live(), *plan.background(), plan.flower()):
            self._supervisor.start(program)
        listening = {name: getattr(plan.ports, name) for name in ("live", "flower", "simulator")}
        self._wait(REST_SECONDS, tuple(listening), lambda: all(map(accepts, listening.values())))
        missing |= {name for name, port in listening.items() if not accepts(port)}
        missing |= {name for name, child in self._supervisor.children.items() if not child.process}
        self._say(f"{len(self._told['pids'])} processes run")
        print(closing_block(self._told, sorted(missing)), flush=True)

    def _watch(self) -> None:
        """Keep the children running until a signal comes."""
        trim_at = time.monotonic() + TRIM_SECONDS
        while True:
            self._pause()
            self._supervisor.tick()
            if time.monotonic() > trim_at:
                self._supervisor.trim_logs()
                trim_at = time.monotonic() + TRIM_SECONDS

    def _plan(self, backing: Backing) -> Plan:
        """Choose the ports, and write down what this run is."""
        wanted = preferred_port()
        # Ours to hold: a front door that comes back finds it open, and nobody was refused meanwhile.
        self._door, reason = open_door(wanted, os.environ.get("CITYPULSE_HOST") or "127.0.0.1")
        port = int(self._door.getsockname()[1])
        if reason:
            self._say(f"port {wanted} {reason}: using {port}")
        known = self._state.read("ports.json")
        others = free_ports({name: known.get(name, 0) for name in ("web", "live", "flower", "simulator")})
        ports = Ports(frontdoor=port, **others)
        self._state.write(
            "ports.json", {**others, "postgres": backing.postgres_port, "valkey": backing.valkey_port}
        )
        url, instance = f"http://127.0.0.1:{port}", secrets.token_hex(8)
        env = environment(self._state, backing, ports, url, self._city, instance)
        self._remember(url, ports, backing)
        return Plan(env, ports, self._state.logs, self._city, instance)

    def _remember(self, url: str, ports: Ports, backing: Backing) -> None:
        """Collect what people and tests want to know of this run; it goes to run.json."""
        known = self._state.secrets()
        self._told |= {
            "url": url,
            "mailbox": f"{url}/mailbox",
            "flower": {"url": f"{url}/flower/", "user": FLOWER_USER, "password": known["flower"]},
            "demo": {
                role: {"email": f"{role}@{DEMO_DOMAIN}", "password": known[f"demo_{role}"]}
                for role in DEMO_ROLES
            },
            "metrics_token": known["metrics_token"],
            "ports": {**asdict(ports), "postgres": backing.postgres_port, "valkey": backing.valkey_port},
            "database_url": backing.database_url,
            "redis_url": backing.redis_url,
            "logs": str(self._state.logs),
        }
        self._state.write("run.json", self._told)

    def _run_once(self, program: Program) -> bool:
        """Run a program that ends by itself; tell whether it went well."""
        return self._finish(program, self._supervisor.start_once(program))

    def _finish(self, program: Program, process: subprocess.Popen[bytes]) -> bool:
        """Wait for a program that ends by itself; tell whether it went well."""
        while process.poll() is None:
            self._pause()
            self._supervisor.tick()
        self._supervisor.drop(program.name)
        if process.returncode:
            self._say(
                f"{program.name}: {tail(program.log, 1)} (exit {process.returncode}, see {program.log})"
            )
            return False
        self._say(f"{program.name} done")
        return True

    def _wait(self, limit_seconds: float, names: tuple[str, ...], ready: Callable[[], bool]) -> bool:
        """Watch until something is ready; not in time, or one of the named children only fails, is False."""
        deadline = time.monotonic() + limit_seconds
        while not ready():
            failures = max(self._supervisor.children[name].failures for name in names)
            if time.monotonic() > deadline or failures >= HOPELESS_FAILURES:
                return False
            self._pause()
            self._supervisor.tick()
        return True

    @staticmethod
    def _is_ours(plan: Plan) -> bool:
        """Tell whether it is our web server that answers at our address."""
        return health(plan.ports.frontdoor).get("instance") == plan.instance

    def _pause(self) -> None:
        """Pass a moment between two looks."""
        if self._stopping:
            raise Stopped
        time.sleep(LOOK_SECONDS)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        """Stop at the next look; the second signal shortens every wait that is left."""
        self._supervisor.hurried = self._stopping
        self._stopping = True

    def _note_pids(self, pids: dict[str, int]) -> None:
        self._told["pids"] = pids
        self._state.write("run.json", self._told)

    def _page_program(self) -> Program:
        command = (sys.executable, "-m", "deploy.local", "page")
        return Program("page", command, self._state.logs / "page.log", cwd=ROOT)

    def _say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", flush=True)
