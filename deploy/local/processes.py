"""Start and stop one process so that it can never outlive us."""

import contextlib
import ctypes
import grp
import os
import pwd
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.problem import Problem

#: From linux/prctl.h: the signal a process gets when the thread that started it ends.
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Program:
    """One process of the platform: what to run and how to end it."""

    name: str
    command: tuple[str, ...]
    log: Path
    #: The whole environment of the process; None hands on ours.
    env: Mapping[str, str] | None = None
    cwd: Path = Path("/")
    #: The account to drop to; None stays who we are.
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    #: Open files that the process takes over under the same numbers.
    files: tuple[int, ...] = ()


def spawn(program: Program) -> subprocess.Popen[bytes]:
    """
    Start a program in a session of its own, its output appended to its log.

    Call it from the main thread only: the death signal follows the thread, not the process.
    """
    with program.log.open("ab") as log, warnings.catch_warnings():
        # Python 3.12 warns of a fork beside threads; the function run there is one system call.
        warnings.simplefilter("ignore", DeprecationWarning)
        return subprocess.Popen(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=program.env,
            cwd=program.cwd,
            start_new_session=True,
            pass_fds=program.files,
            user=program.user,
            group=primary_group(program.user),
            extra_groups=[] if program.user else None,
            preexec_fn=_die_with_parent(program.stop_signal),
        )


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, limit_seconds: float = 15) -> None:
    """End a process politely, and its whole group by force once the limit has passed."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(stop_signal)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(limit_seconds)
    kill_group(process)
    process.wait()


def wait_until(
    answers: Callable[[], bool],
    process: subprocess.Popen[bytes],
    program: Program,
    limit_seconds: float,
    pause: Callable[[], None] = lambda: time.sleep(0.02),
) -> None:
    """
    Return as soon as a server answers; `pause` passes the time between two looks.

    Raises: Problem with the end of its log when it exits or the limit passes.
    """
    deadline = time.monotonic() + limit_seconds
    while not answers():
        if process.poll() is not None:
            raise Problem(
                f"{program.name} did not start (exit {process.returncode}): {tail(program.log, 1)}; see {program.log}"
            )
        if time.monotonic() > deadline:
            raise Problem(f"{program.name} gave no answer in {limit_seconds:.0f} s; see {program.log}")
        pause()


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End by force whatever is left of the session that a process led."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def primary_group(user: str | None) -> str | None:
    """Return the name of an account's own group (`nobody` has `nogroup` on one system, `nobody` on another)."""
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name if user else None


def free_port(preferred: int = 0) -> int:
    """Return the preferred loopback port when it can be bound, else one that the system picks."""
    return free_ports({"": preferred})[""]


def free_ports(preferred: Mapping[str, int]) -> dict[str, int]:
    """Return a different free loopback port for each name: the preferred one when it can be bound."""
    with contextlib.ExitStack() as held:
        return {name: _bind(held, port) for name, port in preferred.items()}


def _bind(held: contextlib.ExitStack, preferred: int) -> int:
    for port in (preferred, 0):
        probe = held.enter_context(socket.socket())
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(OSError, OverflowError):
            probe.bind(("127.0.0.1", port))
            probe.listen(1)  # Two sockets that only bind may share a port.
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")


def log_size(log: Path) -> int:
    """Return how long a log is by now: what comes after was written later."""
    return log.stat().st_size if log.exists() else 0


def tail(log: Path, lines: int = 5, since: int = 0) -> str:
    """Return the last lines that a log got after it was `since` bytes long, for an error that must explain itself."""
    with contextlib.suppress(OSError):
        written = log.read_bytes()[since:].decode(errors="replace")
        told = [line for line in written.splitlines() if line.strip()]
        return "\n".join(told[-lines:])
    return ""


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """Return what a child runs just before it becomes the program; None where the system has no death signal."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def set_death_signal() -> None:
        prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # We died between the fork and the call above.
            os._exit(1)

    return set_death_signal
