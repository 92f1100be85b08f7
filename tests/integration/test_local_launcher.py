"""`make run` from an empty folder: the whole platform answers, comes back, and leaves nothing behind."""

import base64
import contextlib
import fcntl
import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import websocket

from deploy.local import testing
from deploy.local.processes import free_port

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        bool(os.environ.get("CITYPULSE_TEST_POSTGRES")), reason="the launcher runs the embedded Postgres"
    ),
]


class Run:
    """A launcher in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        told = {"CITYPULSE_STATE_DIR": str(folder), "CITYPULSE_PORT": str(free_port())}
        unset = ("DATABASE_URL", "REDIS_URL", "CITYPULSE_HOST")
        self.env = {name: value for name, value in os.environ.items() if name not in unset} | told
        self.process = self.launch()
        self.printed = ""

    def launch(self) -> subprocess.Popen[str]:
        """Start a launcher over the folder."""
        command = [sys.executable, "-m", "deploy.local", "run", "--no-page"]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.Popen(command, cwd=testing.ROOT, env=self.env, text=True, **streams)  # type: ignore[call-overload, no-any-return]  # two literals

    def read_until(self, mark: str) -> None:
        """Read what it prints up to a line with a mark; its end is a failure that shows everything."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed += line
            if mark in line:
                return
        pytest.fail(self.printed)

    @property
    def told(self) -> dict[str, Any]:
        """What run.json says."""
        content: dict[str, Any] = json.loads((self.folder / "run.json").read_text())
        return content

    def ask(self, path: str, *, body: object = None, account: str = "") -> tuple[int, Any]:
        """Ask the front door; returns the status and the answer, read as JSON where it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.told["ports"]["frontdoor"], timeout=30)
        headers = {"Content-Type": "application/json"} if body else {}
        if account:
            headers["Authorization"] = "Basic " + base64.b64encode(account.encode()).decode()
        with contextlib.closing(connection):
            connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, headers)
            answer = connection.getresponse()
            content = answer.read()
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if is_json else content

    def answers(self) -> bool:
        """Tell whether the platform is ready; a connection that ends without an answer is a no."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.ask("/health/ready")[0] == 200
        return False

    def until(self, reached: Callable[[], bool]) -> None:
        """Look until something is so; the test's own limit ends a vain wait."""
        while not reached():
            time.sleep(0.1)


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """A platform that has started from nothing."""
    with testing.run_folder() as folder:
        started = Run(folder / "state")
        started.read_until("Stop")
        yield started
        if started.process.poll() is None:
            started.process.terminate()
        started.process.communicate()


def test_everything_is_up(run: Run) -> None:
    """No child is told as missing, and the block shows where to look."""
    assert "not all of it" not in run.printed
    assert f"CityPulse runs: {run.told['url']}" in run.printed
    assert {"postgres", "valkey", "frontdoor", "web", "live", "relay-1", "relay-2", "beat"} < set(
        run.told["pids"]
    )


def test_the_health_answer_is_this_runs_own(run: Run) -> None:
    """Whoever starts twice on one machine is not taken for the other."""
    status, told = run.ask("/health")

    assert (200, "ok") == (status, told["status"])
    assert 16 == len(told["instance"])


def test_the_demo_accounts_can_sign_in(run: Run) -> None:
    """With the passwords that the block shows."""
    for role, account in run.told["demo"].items():
        status, told = run.ask("/api/v1/auth/login", body=account)

        assert 200 == status, told
        assert role == told["user"]["role"]
        assert account["password"] in run.printed


def test_the_notes_of_a_run_are_private(run: Run) -> None:
    """run.json and the secrets hold passwords."""
    for name in ("run.json", "secrets.json"):
        assert 0o600 == stat.S_IMODE((run.folder / name).stat().st_mode)


def test_no_password_stands_in_the_process_list(run: Run) -> None:
    """Other accounts of the machine read it."""
    secrets = json.loads((run.folder / "secrets.json").read_text()).values()
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout

    assert not [secret for secret in secrets if secret in listed]


def test_the_socket_answers_at_the_same_address(run: Run) -> None:
    """The page needs one origin."""
    socket = websocket.create_connection(f"ws://127.0.0.1:{run.told['ports']['frontdoor']}/ws", timeout=60)
    socket.send(json.dumps({"type": "hello", "topics": ["city:london"]}))

    assert "welcome" == json.loads(socket.recv())["type"]
    socket.close()


def test_flower_opens_with_its_password_only(run: Run) -> None:
    """It shows what runs."""
    flower = run.told["flower"]

    assert 401 == run.ask("/flower/")[0]
    assert 200 == run.ask("/flower/", account=f"{flower['user']}:{flower['password']}")[0]


def test_a_second_launcher_says_where_the_first_runs(run: Run) -> None:
    """In one line, and leaves it alone."""
    second = run.launch()
    printed, _ = second.communicate()

    assert 1 == second.returncode
    assert f"already running from {run.folder}: {run.told['url']}" in printed
    assert 1 == len(printed.splitlines())


@pytest.mark.parametrize("name", ["postgres", "web", "frontdoor"])
def test_a_killed_process_comes_back(run: Run, name: str) -> None:
    """And the address answers again."""
    before = run.told["pids"][name]
    os.kill(before, signal.SIGKILL)

    run.until(lambda: bool(run.told["pids"].get(name, before) != before))
    run.until(run.answers)


def test_an_ordered_stop_leaves_no_process(run: Run) -> None:
    """SIGTERM is Ctrl-C; the folder is free for the next run."""
    pids = run.told["pids"].values()
    run.process.terminate()
    printed, _ = run.process.communicate()

    assert 0 == run.process.returncode, printed
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert not (run.folder / "run.json").exists()


def test_a_killed_launcher_leaves_no_process_and_the_next_one_starts(run: Run) -> None:
    """The second start keeps what the first one made, and waits for nothing but the goodbyes."""
    run.process = run.launch()
    run.read_until("the page answers")
    pids = run.told["pids"].values()
    run.process.kill()
    run.process.communicate()

    with (run.folder / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    assert not [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]

    run.process = run.launch()
    run.printed = ""
    run.read_until("the page answers")
    assert "seed" not in run.printed
    assert 200 == run.ask("/api/v1/auth/login", body=run.told["demo"]["admin"])[0]
