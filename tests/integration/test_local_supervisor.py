"""Real processes under the supervisor: they come back, they end in order, they never outlive the launcher."""

import fcntl
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local.processes import Program
from deploy.local.state import ROOT
from deploy.local.supervisor import Supervisor

SLEEPER = "import os, time; print('up', os.getpid(), flush=True); time.sleep(600)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"


class Stage:
    """A supervisor with a place for logs, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.pids: dict[str, int] = {}
        self.lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.supervisor = Supervisor(self.said.append, self.pids.update, self.lock, goodbye_seconds=1)

    def program(self, name: str, code: str) -> Program:
        """Describe a child that runs a line of Python."""
        return Program(name, (sys.executable, "-c", code), self.folder / f"{name}.log")

    def until(self, reached: Callable[[], bool]) -> None:
        """Tick until something is so; the test's own limit ends a vain wait."""
        while not reached():
            self.supervisor.tick()
            time.sleep(0.01)

    def text(self, name: str) -> str:
        """Return what a child printed."""
        log = self.folder / f"{name}.log"
        return log.read_text() if log.exists() else ""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A supervisor that is stopped after the test."""
    made = Stage(tmp_path)
    yield made
    made.supervisor.hurried = True
    made.supervisor.stop([])
    os.close(made.lock)


def gone(pid: int) -> bool:
    """Tell whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text()


def test_a_child_that_was_killed_comes_back(stage: Stage) -> None:
    """Its end is told with the exit code."""
    first = stage.supervisor.start(stage.program("web", SLEEPER)).pid
    stage.until(lambda: "up" in stage.text("web"))
    os.kill(first, signal.SIGKILL)

    stage.until(lambda: stage.pids["web"] != first)
    assert stage.said[0].startswith("web ended (exit -9), again in 0.5 s")


def test_a_child_that_fails_is_told_with_its_last_words(stage: Stage) -> None:
    """The person at the terminal reads why before opening a log."""
    stage.supervisor.start(stage.program("beat", "raise SystemExit('no schedule')"))

    stage.until(lambda: bool(stage.said))
    assert "beat ended (exit 1), again in 0.5 s: no schedule" == stage.said[0]


def test_what_a_killed_child_leaves_is_cleared_before_it_comes_back(stage: Stage) -> None:
    """A pool process without its master would go on working beside the new one."""
    first = stage.supervisor.start(stage.program("worker", PARENT)).pid
    stage.until(lambda: "up" in stage.text("worker"))
    os.kill(first, signal.SIGKILL)

    stage.until(lambda: stage.pids["worker"] != first)
    grandchild = int(stage.text("worker").split()[1])
    assert gone(grandchild)


def test_a_program_that_ends_by_itself_is_not_brought_back(stage: Stage) -> None:
    """Migrations run once."""
    process = stage.supervisor.start_once(stage.program("migrate", "print('done')"))
    process.wait()
    stage.supervisor.tick()

    stage.supervisor.drop("migrate")
    assert [] == stage.said
    assert "done\n" == stage.text("migrate")


def test_children_stop_in_order(stage: Stage) -> None:
    """Who keeps the data lets go last."""
    order = stage.folder / "order"
    code = (
        "import signal, sys, time, pathlib\n"
        "def end(*_):\n"
        f"    with pathlib.Path({str(order)!r}).open('a') as out: out.write(sys.argv[1] + ' ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\nprint('up', flush=True)\ntime.sleep(600)\n"
    )
    for name in ("postgres", "worker", "web"):
        program = stage.program(name, code)
        stage.supervisor.start(Program(name, (*program.command, name), program.log))
        stage.until(lambda name=name: "up" in stage.text(name))  # type: ignore[misc]  # bound on purpose

    stage.supervisor.stop([["web"], ["worker"]])

    assert "web worker postgres " == order.read_text()


def test_a_child_that_hears_nothing_is_ended_by_force(stage: Stage) -> None:
    """A second Ctrl-C makes that quick."""
    process = stage.supervisor.start(stage.program("deaf", DEAF))
    stage.until(lambda: "up" in stage.text("deaf"))
    stage.supervisor.hurried = True

    stage.supervisor.stop([])

    assert -signal.SIGKILL == process.returncode
    assert ["deaf did not stop by itself: ended by force"] == stage.said


@pytest.mark.parametrize("death_signal", [True, False], ids=["death signal", "sitter alone"])
def test_no_process_outlives_a_killed_launcher(tmp_path: Path, death_signal: bool) -> None:
    """kill -9 of the launcher ends children, grandchildren and those that hear nothing."""
    script = textwrap.dedent(f"""
        import sys, time
        from pathlib import Path
        from deploy.local import processes
        from tests.integration.test_local_supervisor import DEAF, PARENT, SLEEPER, Stage
        if not {death_signal}:
            processes._die_with_parent = lambda *_: None
        stage = Stage(Path({str(tmp_path)!r}))
        for name, code in dict(sleeper=SLEEPER, parent=PARENT, deaf=DEAF).items():
            stage.supervisor.start(stage.program(name, code))
            stage.until(lambda: "up" in stage.text(name))
        print(*stage.pids.values(), flush=True)
        time.sleep(600)
    """)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout
        pids = [int(word) for word in launcher.stdout.readline().split()]
        launcher.kill()

    # The sitter holds the launcher's lock until the last process is gone.
    with (tmp_path / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert 3 == len(pids)
    assert all(gone(pid) for pid in pids)
