"""
The end of a worker in order: claim nothing more, finish what is in hand within 25 s, give the rest back.

Celery's own soft shutdown sleeps its whole time whenever work is in hand, because it looks from a signal
handler, where its event loop stands still and no result is read. So each process of the pool keeps a byte in
memory it shares with its parent: whether it has work in hand, which the parent sees at once.
"""

import contextlib
import logging
import mmap
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from billiard.process import current_process

log = logging.getLogger(__name__)
LOOK_SECONDS = 0.02
#: What the database may take to note what was given back; a worker that is ending waits no longer.
FAREWELL_SECONDS = 4.0

#: The first byte: this worker is ending. The others: the process of the pool with that index has work in hand.
_board = mmap.mmap(-1, mmap.PAGESIZE)


@contextmanager
def in_hand() -> Iterator[bool]:
    """Show that this process has work in hand; yields whether it may claim any."""
    place = 1 + int(getattr(current_process(), "index", 0))
    _board[place] = 1
    try:
        # Shown first and asked second: an ending parent writes first and looks second, so one sees the other.
        yield not _board[0]
    finally:
        _board[place] = 0


def put_down_everything() -> None:
    """Begin with empty hands: whoever had this place in the pool before may have died at work."""
    _board[1 + int(getattr(current_process(), "index", 0))] = 0


def wait_for_hands(worker: Any, limit_seconds: float) -> bool:
    """Let the processes of a worker claim nothing more, and wait for what they have in hand; returns whether all ended."""
    _board[0] = 1
    end = time.monotonic() + limit_seconds
    while _busy(worker):
        if time.monotonic() >= end:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _busy(worker: Any) -> bool:
    return any(_board[1 + process.index] and process._is_alive() for process in _processes(worker))


def _processes(worker: Any) -> list[Any]:
    pool = getattr(worker.pool, "_pool", None)  # billiard's; it is made when the worker starts
    return list(pool._pool) if pool is not None else []


def end_in_order(
    worker: Any, limit_seconds: float, put_down: Callable[[Any], None], exit_code: int = 0
) -> NoReturn:
    """
    Wait as above, then give back what is still in hand, strike the worker off and end it with its pool.

    Runs in a signal handler, so the database is left to a thread: what the signal interrupted may hold
    the lock of the connection pool. Nothing that is worth Celery's two seconds of tidying up is left by
    then: whatever a process still does is fenced, and a message nobody took is rung again.
    """
    began = time.monotonic()
    ended = wait_for_hands(worker, limit_seconds)
    log.warning(
        "ending: nothing in hand any more" if ended else "ending: giving back what is in hand",
        extra={"seconds": round(time.monotonic() - began, 2)},
    )
    thread = threading.Thread(target=put_down, args=(worker,), name="farewell", daemon=True)
    thread.start()
    thread.join(FAREWELL_SECONDS)
    for process in _processes(worker):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
    logging.shutdown()
    os._exit(exit_code)
