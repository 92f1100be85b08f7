"""The state folder: one owner at a time, secrets made once, and what is running right now."""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from deploy.local import binaries
from deploy.local.problem import Problem

ROOT = Path(__file__).parent.parent.parent
#: A cluster, its log and a day of demo feeds fit in this.
NEEDED_BYTES = 500 * 1024 * 1024
#: How long the processes of a run that was killed may take to end.
GOODBYE_SECONDS = 25
#: Folders that hold what was made or installed.
NOT_SOURCES = ("__pycache__", "node_modules", "dist")
SECRETS = (
    "postgres",
    "valkey",
    "jwt_secret",
    "metrics_token",
    "flower",
    "demo_admin",
    "demo_ops",
    "demo_staff",
    "demo_partner",
    "demo_resident",
)


@dataclass(frozen=True)
class State:
    """The folder where everything of this machine's city is kept."""

    folder: Path
    #: Where the servers' folder goes when their account cannot reach ours.
    elsewhere: Path = Path("/var/lib/citypulse")

    @classmethod
    def open(cls, folder: Path, elsewhere: Path = elsewhere) -> "State":
        """
        Make the folder, or take the one that is there.

        Raises: Problem when it is a file, cannot be written or has no room.
        """
        if folder.exists() and not folder.is_dir():
            raise Problem(f"{folder} is a file: move it away, or set CITYPULSE_STATE_DIR to another folder")
        state = cls(folder.resolve(), elsewhere)
        # The servers' own account must pass through, and reads nothing: each folder inside is private.
        mode = 0o711 if binaries.account() else 0o700
        for made in (state.folder, state.logs, state.storage):
            made.mkdir(mode=mode if made == state.folder else 0o700, parents=True, exist_ok=True)
        state.folder.chmod(mode)
        if not os.access(state.folder, os.W_OK):
            raise Problem(f"{state.folder} cannot be written: set CITYPULSE_STATE_DIR to a folder of yours")
        free = shutil.disk_usage(state.folder).free
        if free < NEEDED_BYTES:
            raise Problem(
                f"only {free // 2**20} MB are free in {state.folder}: CityPulse needs {NEEDED_BYTES // 2**20} MB"
            )
        return state

    @property
    def logs(self) -> Path:
        """One log a process."""
        return self.folder / "logs"

    @property
    def storage(self) -> Path:
        """Uploads, photos and archived payloads."""
        return self.folder / "storage"

    @cached_property
    def servers(self) -> Path:
        """
        The folder of Postgres and Valkey, which their account can reach.

        As root in a closed home it stands under /var/lib, where `nobody` may pass.
        """
        folder = self.folder / "servers"
        if binaries.account() and not binaries.others_may_enter(self.folder):
            name = hashlib.sha256(str(self.folder).encode()).hexdigest()[:12]
            folder = self.elsewhere / name
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        return folder

    def lock(self) -> int:
        """
        Become the only launcher of this folder; the lock lasts as long as the returned file is open.

        Raises: Problem when another one runs, saying where.
        """
        file = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + GOODBYE_SECONDS
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return file
            running = self.running()
            if running or time.monotonic() > deadline:
                where = running.get("url", "no address yet")
                raise Problem(
                    f"CityPulse is already running from {self.folder}: {where} (pid {running.get('pid')})"
                )
            time.sleep(0.1)  # The processes of a killed run are still ending.

    def secrets(self) -> dict[str, str]:
        """Return the passwords of this folder, made at the first start; only we may read them."""
        file = self.folder / "secrets.json"
        if file.exists():
            with contextlib.suppress(ValueError):
                known = json.loads(file.read_text())
                if isinstance(known, dict):
                    made = {name: str(known.get(name) or _secret(name)) for name in SECRETS}
                    if made != known:
                        write_private(file, made)
                    return made
            raise Problem(f"{file} is broken: restore it, or start afresh with `make clean`")
        if (self.servers / "postgres" / "data").exists():
            raise Problem(f"{file} is gone, and with it the database's password: restore it, or `make clean`")
        made = {name: _secret(name) for name in SECRETS}
        write_private(file, made)
        return made

    def running(self) -> dict[str, Any]:
        """Return what the launcher that runs now wrote down, or nothing when its process is gone."""
        told = self.read("run.json")
        try:
            os.kill(told["pid"], 0)
        except (ProcessLookupError, KeyError):
            return {}
        except PermissionError:
            return told
        return told

    def read(self, name: str) -> dict[str, Any]:
        """Read one of our JSON files; one that is missing or broken holds nothing."""
        with contextlib.suppress(OSError, ValueError):
            content = json.loads((self.folder / name).read_text())
            return content if isinstance(content, dict) else {}
        return {}

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Replace one of our JSON files at once; only we may read it."""
        write_private(self.folder / name, content)


def write_private(file: Path, content: dict[str, Any]) -> None:
    """Write JSON that only its owner may read, whole or not at all."""
    unfinished = file.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        json.dump(content, out, indent=2)
        out.write("\n")
    unfinished.replace(file)


def fingerprint(*folders: Path, suffixes: tuple[str, ...] = ()) -> str:
    """Hash the names, sizes and times of the files in folders: equal means nothing was touched."""
    digest = hashlib.sha256()
    for folder in folders:
        for place, below, names in os.walk(folder):
            below[:] = sorted(name for name in below if name not in NOT_SOURCES)
            for name in sorted(names):
                if not suffixes or name.endswith(suffixes):
                    file = Path(place, name)
                    seen = file.stat()
                    digest.update(f"{file}:{seen.st_size}:{seen.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _secret(name: str) -> str:
    """Make one password; the ones that people type are shorter."""
    return secrets.token_urlsafe(12 if name.startswith(("demo", "flower")) else 36)
