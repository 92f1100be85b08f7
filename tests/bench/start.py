"""P15: from a warm start to a page that answers, by the launcher a person uses."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.bench.peers_venv import ROOT
from tests.bench.rows import Row

LIMIT_SECONDS = 180


def measure(runs: int) -> list[Row]:
    """Start the platform once on an empty state, then warm, and time each until the page answers."""
    with tempfile.TemporaryDirectory(prefix="citypulse-bench-") as folder:
        state = Path(folder)
        state.chmod(0o755)
        first = [_start(state)]
        warm = [_start(state) for _ in range(runs)]
    return [
        Row(
            "P15",
            "first start, packages there -> page answers",
            "s",
            first,
            higher_is_better=False,
            goal="<= 60 s",
        ),
        Row("P15", "warm start -> page answers", "s", warm, higher_is_better=False, goal="<= 5 s"),
    ]


def _start(state: Path) -> float:
    """Return the seconds until the page answered; the platform is stopped again."""
    (state / "run.json").unlink(missing_ok=True)
    env = {**os.environ, "CITYPULSE_STATE_DIR": str(state), "CITYPULSE_PORT": "0"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.local", "run"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(state):
            if time.perf_counter() - began > LIMIT_SECONDS or process.poll() is not None:
                raise TimeoutError("the platform did not start")
            time.sleep(0.02)
        return time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(state: Path) -> bool:
    try:
        url = json.loads((state / "run.json").read_text())["url"]
        with urllib.request.urlopen(f"{url}/health", timeout=1) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (OSError, ValueError, KeyError, urllib.error.URLError):
        return False
