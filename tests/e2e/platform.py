"""The platform under test: the one that runs already, or one of our own, started and stopped here."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import create_engine, text

from deploy.local import testing
from deploy.local.processes import Program, spawn

START_SECONDS = 300
RUNS = "CityPulse runs"
_GROW_OLD = text("""
UPDATE sign_ins SET proven_at = proven_at - interval '1 hour'
FROM users WHERE users.id = sign_ins.user_id AND users.email = :email
""")


@dataclass(frozen=True)
class Account:
    """A demo account."""

    email: str
    password: str


class Platform:
    """Where a platform answers, who may sign in, and its API."""

    def __init__(self, url: str, folder: Path) -> None:
        told = json.loads((folder / "run.json").read_text())
        self.url = url.rstrip("/")
        self.accounts = {role: Account(one["email"], one["password"]) for role, one in told["demo"].items()}
        self._database_url: str = told["database_url"]
        self._tokens: dict[str, tuple[str, float]] = {}
        self.http = httpx.Client(base_url=f"{self.url}/api/v1", timeout=30, trust_env=False)

    def sign_in(self, role: str) -> None:
        """Let the calls that follow be those of a demo account, who signs in again only once a token has aged."""
        token, until = self._tokens.get(role, ("", 0.0))
        if until < time.monotonic():
            account = self.accounts[role]
            answer = self.http.post(
                "/auth/login", json={"email": account.email, "password": account.password}
            )
            answer.raise_for_status()
            told = answer.json()
            token, until = told["access_token"], time.monotonic() + told["expires_in"] / 2
            self._tokens[role] = token, until
        self.http.headers["Authorization"] = f"Bearer {token}"

    def let_sign_ins_grow_old(self, email: str) -> None:
        """Let an hour pass since somebody proved who they are, which no test can wait for."""
        engine = create_engine(self._database_url)
        with engine.begin() as connection:
            connection.execute(_GROW_OLD, {"email": email})
        engine.dispose()

    def get(self, path: str, **params: str | int) -> Any:  # the JSON of the API, whatever it is
        """Read from the API."""
        answer = self.http.get(path, params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:  # as get
        """Ask the API for something."""
        answer = self.http.post(path, json=body or {})
        answer.raise_for_status()
        return answer.json()


def running() -> Platform | None:
    """Return the platform that CITYPULSE_E2E_URL names; its state folder tells the demo accounts."""
    url = os.environ.get("CITYPULSE_E2E_URL")
    if not url:
        return None
    folder = Path(os.environ.get("CITYPULSE_STATE_DIR") or testing.ROOT / ".citypulse")
    return Platform(url, folder)


@contextmanager
def own(folder: Path, settings: Mapping[str, str]) -> Iterator[Platform]:
    """Run a platform of our own in `folder`, with some settings."""
    environment = {
        **os.environ,
        "CITYPULSE_STATE_DIR": str(folder),
        "CITYPULSE_PORT": "0",
        **settings,
    }
    log = folder.with_suffix(".log")
    command = (sys.executable, "-m", "deploy.local", "run")
    # Its death signal: a test run that is killed takes its platform along.
    process = spawn(Program("platform", command, log, environment, testing.ROOT, stop_signal=signal.SIGINT))
    try:
        _wait_until_it_runs(process, log)
        told = json.loads((folder / "run.json").read_text())
        platform = Platform(told["url"], folder)
        with platform.http:
            yield platform
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)


def _wait_until_it_runs(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while RUNS not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the platform did not start:\n{log.read_text()}")
        time.sleep(0.5)
