"""
End the platform's processes when the launcher is gone, however it went.

The launcher holds the other end of our standard input. It writes `+pid signal` and `-pid` lines; end of file means
that it died: every process still listed gets its signal, and some seconds later (our only argument) what is left of
its group is killed.
Linux also has the death signal; this is the net under it, and the only one on macOS. Standard library only.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

#: A container without an init keeps the entries of ended processes: those are not waited for longer than this.
UNREAPED_SECONDS = 5.0


def read_list() -> tuple[dict[int, int], bool]:
    """Return pid -> signal of what was running when the launcher ended, and whether it said goodbye."""
    listed: dict[int, int] = {}
    for line in sys.stdin:
        word = line.split()
        if line.startswith("+"):
            listed[int(word[0][1:])] = int(word[1])
        elif line.startswith("-"):
            listed.pop(int(word[0][1:]), None)
        else:
            return listed, True
    return listed, False


def signal_all(pids: Iterable[int], number: int, call: Callable[[int, int], None]) -> None:
    """Signal processes or groups (`os.kill`, `os.killpg`); one that is gone does not save the next."""
    for pid in pids:
        with contextlib.suppress(OSError):
            call(pid, number)


def exists(pid: int, call: Callable[[int, int], None]) -> bool:
    """Tell whether a process or a group is there."""
    try:
        call(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main() -> None:
    """Wait for the launcher's end, then end its children."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    listed, goodbye = read_list()
    if goodbye:
        return
    for pid, number in listed.items():
        signal_all([pid], number, os.kill)
    deadline = time.monotonic() + float(sys.argv[1])
    while left := [pid for pid in listed if exists(pid, os.killpg)]:
        # What outlives the leader of its group has nobody to end it.
        late = time.monotonic() > deadline
        signal_all([pid for pid in left if late or not exists(pid, os.kill)], signal.SIGKILL, os.killpg)
        if time.monotonic() > deadline + UNREAPED_SECONDS:
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main()
