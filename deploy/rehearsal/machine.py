"""This machine: where the tools are, what can be installed, and how programs are run."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from deploy.rehearsal.stage import Skip, say

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.executable).parent
PATH = os.pathsep.join([str(BIN), os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])


@dataclass(frozen=True)
class Done:
    """A program that ended."""

    code: int
    output: str

    @property
    def last_line(self) -> str:
        """The last line it printed, for a report."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return lines[-1].strip()[:300] if lines else ""


def run(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    limit_seconds: float = 600,
    stdin: bytes = b"",
) -> Done:
    """Run a program to its end; its output and its errors come in one text."""
    given = {**os.environ, "PATH": PATH, **(env or {})}
    try:
        done = subprocess.run(
            [str(part) for part in command],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=given,
            cwd=cwd,
            timeout=limit_seconds,
            check=False,
        )
    except FileNotFoundError:
        return Done(127, f"{command[0]}: not found")
    except subprocess.TimeoutExpired as error:
        return Done(
            124, (error.output or b"").decode(errors="replace") + f"\nno end after {limit_seconds:.0f} s"
        )
    return Done(done.returncode, done.stdout.decode(errors="replace"))


def compose_binary() -> Path:
    """
    Return the real Docker Compose: the wrapper of its package always exits 0.

    Raises: Skip when it is not installed.
    """
    spec = find_spec("compose")
    if spec is None or spec.origin is None:
        raise Skip("docker-compose is not installed: start with deploy/scripts/rehearse.sh")
    return Path(spec.origin).parent / "docker-compose"


def need(programs: Mapping[str, str]) -> None:
    """
    Install what is missing (program -> Debian package).

    Raises: Skip where that cannot be done.
    """
    absent = {
        program: package for program, package in programs.items() if not shutil.which(program, path=PATH)
    }
    if not absent:
        return
    if shutil.which("apt-get") is None or _as_root() is None:
        raise Skip(f"{', '.join(absent)} not installed, and cannot be installed without apt-get and root")
    apt_install(sorted(set(absent.values())))
    if still := [program for program in absent if not shutil.which(program, path=PATH)]:
        raise Skip(f"{', '.join(still)} could not be installed")


def apt_install(packages: Sequence[str]) -> None:
    """Install Debian packages, as root or by sudo; their services must not start."""
    say(f"  installing {' '.join(packages)}")
    prefix = (*(_as_root() or ()), "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get")
    install = (*prefix, "install", "-y", "-qq", "--no-install-recommends", *packages)
    if run(*install).code:
        run(*prefix, "update", "-qq")
        run(*install)


def _as_root() -> tuple[str, ...] | None:
    """Return what makes a command root's: nothing, sudo where it does not ask, or None."""
    if os.geteuid() == 0:
        return ()
    return ("sudo", "-n") if run("sudo", "-n", "true").code == 0 else None
