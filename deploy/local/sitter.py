"""
End the platform's processes when the launcher is gone, however it went.

The launcher holds the other end of our standard input. It writes `+pid signal` and `-pid` lines; end of file means
that it died: every process still listed gets its signal, and ten seconds later what is left of its group is killed.
Linux also has the death signal; this is the net under it, and the only one on macOS. Standard library only.
"""

import os
import signal
import sys
import time

LIMIT_SECONDS = 10.0


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


def group_alive(pid: int) -> bool:
    """Tell whether any process of the group is left."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def send(listed: dict[int, int]) -> None:
    """Signal each process that is still there."""
    for pid, number in listed.items():
        try:
            os.kill(pid, number)
        except OSError:
            continue


def main() -> None:
    """Wait for the launcher's end, then end its children."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    listed, goodbye = read_list()
    if goodbye:
        return
    send(listed)
    deadline = time.monotonic() + LIMIT_SECONDS
    while any(map(group_alive, listed)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for pid in filter(group_alive, listed):
        try:
            os.killpg(pid, signal.SIGKILL)
        except OSError:
            continue


if __name__ == "__main__":
    main()
