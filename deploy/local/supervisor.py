"""Keep the processes of the platform running, and end them in order."""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.processes import Program, kill_group, log_size, spawn, tail

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
#: A process that ran this long was well: its next failure counts as the first.
WELL_SECONDS = 30.0
LIMIT_SECONDS = 15.0
HURRIED_SECONDS = 0.5
#: A log that grew past this is moved aside, so that a forgotten run cannot fill the disk.
LOG_BYTES = 32 * 1024 * 1024
SITTER = Path(__file__).with_name("sitter.py")


@dataclass
class Child:
    """One program and its process of the moment."""

    program: Program
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    #: How long its log was when the process of the moment began.
    log_from: int = 0
    failures: int = 0
    again_at: float = 0.0
    #: It ends by itself and is not brought back.
    once: bool = False


@dataclass
class Supervisor:
    """Starts children, brings back those that end, and stops them all; call it from the main thread only."""

    say: Callable[[str], None]
    #: Told after each start, with the present pids.
    changed: Callable[[dict[str, int]], None]
    lock: int
    children: dict[str, Child] = field(default_factory=dict)
    hurried: bool = False
    #: How long the children may take to end after we were killed.
    goodbye_seconds: float = 10.0

    def __post_init__(self) -> None:
        # The sitter holds our lock too: nobody starts over processes that are still ending.
        self._sitter = subprocess.Popen(
            [sys.executable, "-I", "-S", SITTER, str(self.goodbye_seconds)],
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(self.lock,),
        )

    def start(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program and keep it running from now on."""
        child = self.children.setdefault(program.name, Child(program))
        child.program = program
        self._spawn(child)
        assert child.process  # noqa: S101 - just started
        return child.process

    def start_once(self, program: Program) -> subprocess.Popen[bytes]:
        """Start a program that ends by itself; `drop` it then, and it is ended with the others before that."""
        self.children[program.name] = Child(program, once=True)
        return self.start(program)

    def drop(self, name: str) -> None:
        """Stop one child for good."""
        child = self.children.pop(name)
        self._end([child])

    def tick(self) -> None:
        """Look once at every child: note the ends, start again what is due."""
        now = time.monotonic()
        for child in self.children.values():
            if child.once:
                continue
            if child.process and child.process.poll() is not None:
                self._note_end(child, now)
            elif not child.process and now >= child.again_at:
                self._spawn(child)

    def trim_logs(self) -> None:
        """Move long logs aside; the open file is cut, because its writer keeps it open."""
        for child in self.children.values():
            log = child.program.log
            if log.exists() and log.stat().st_size > LOG_BYTES:
                shutil.copyfile(log, log.with_suffix(".log.1"))
                with log.open("r+b") as file:
                    file.truncate()

    def stop(self, order: Sequence[Sequence[str]]) -> None:
        """End the children, one group of names after the other, then whatever was in no group."""
        for names in order:
            self._end([self.children.pop(name) for name in names if name in self.children])
        self._end(list(self.children.values()))
        self.children.clear()
        self._tell_sitter("goodbye")
        self._sitter.communicate()

    def _spawn(self, child: Child) -> None:
        child.log_from = log_size(child.program.log)
        child.process = spawn(child.program)
        child.started = time.monotonic()
        self._tell_sitter(f"+{child.process.pid} {int(child.program.stop_signal)}")
        self.changed({name: one.process.pid for name, one in self.children.items() if one.process})

    def _note_end(self, child: Child, now: float) -> None:
        """Clear away what is left of a child that ended, and say when it comes back."""
        assert child.process  # noqa: S101 - the caller saw it end
        kill_group(child.process)
        self._tell_sitter(f"-{child.process.pid}")
        child.failures = 0 if now - child.started > WELL_SECONDS else child.failures
        delay = delay_seconds(child.failures)
        reason = tail(child.program.log, 1, child.log_from) or "it said nothing"
        self.say(
            f"{child.program.name} ended (exit {child.process.returncode}), again in {delay:g} s: {reason}"
        )
        child.failures += 1
        child.again_at = now + delay
        child.process = None

    def _end(self, children: list[Child]) -> None:
        """Signal all of a group, wait for them together, then force those that are left."""
        running = [(child, child.process) for child in children if child.process]
        for child, process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(child.program.stop_signal)
        began = time.monotonic()
        while any(process.poll() is None for _, process in running):
            if time.monotonic() - began > (HURRIED_SECONDS if self.hurried else LIMIT_SECONDS):
                break
            time.sleep(0.02)
        for child, process in running:
            if process.poll() is None:
                self.say(f"{child.program.name} did not stop by itself: ended by force")
            kill_group(process)
            process.wait()
            self._tell_sitter(f"-{process.pid}")

    def _tell_sitter(self, line: str) -> None:
        if self._sitter.stdin and self._sitter.poll() is None:
            with contextlib.suppress(BrokenPipeError):
                self._sitter.stdin.write(f"{line}\n".encode())
                self._sitter.stdin.flush()


def delay_seconds(failures: int) -> float:
    """Return how long to wait before the next start, after so many failures in a row before this one."""
    return float(min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2**failures))
