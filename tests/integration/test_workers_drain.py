"""A worker that is asked to end finishes what it has in hand, no later and no sooner."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from workers import drain


class Process:
    """A process of a pool, alive or dead."""

    def __init__(self, index: int, *, alive: bool = True) -> None:
        self.index = index
        self.alive = alive
        self.looked_at = threading.Event()

    def _is_alive(self) -> bool:
        self.looked_at.set()
        return self.alive


def worker(*processes: Process) -> Any:
    """Return as much of a worker as a drain looks at."""
    return SimpleNamespace(pool=SimpleNamespace(_pool=SimpleNamespace(_pool=list(processes))))


@pytest.fixture(autouse=True)
def _wiped() -> Iterator[None]:
    """Leave the board as a fresh worker finds it."""
    yield
    drain._board[:] = bytes(len(drain._board))


def test_a_worker_with_empty_hands_waits_for_nothing() -> None:
    """However long it might wait."""
    assert drain.wait_for_hands(worker(Process(0), Process(1)), 3600)


def test_a_wait_ends_with_the_last_job_in_hand() -> None:
    """An hour is allowed, and the end of the job is enough: else this test would take that hour."""
    process = Process(0)
    drain._board[1] = 1

    def end_the_job() -> None:
        process.looked_at.wait()
        drain._board[1] = 0

    thread = threading.Thread(target=end_the_job)
    thread.start()

    assert drain.wait_for_hands(worker(process), 3600)
    thread.join()


def test_a_wait_ends_at_its_limit_with_work_in_hand() -> None:
    """What is left is given back by whoever asked."""
    drain._board[1] = 1

    assert not drain.wait_for_hands(worker(Process(0)), 0.0)


def test_nobody_waits_for_a_process_that_died_at_work() -> None:
    """Its lease will run out; its byte was never put back."""
    drain._board[1] = 1

    assert drain.wait_for_hands(worker(Process(0, alive=False)), 3600)


def test_a_process_may_claim_until_the_worker_is_ending() -> None:
    """From then on what still reaches it is left for another worker."""
    with drain.in_hand() as may_claim:
        assert may_claim
        assert 1 == drain._board[1]
    assert 0 == drain._board[1]
    drain.wait_for_hands(worker(), 3600)

    with drain.in_hand() as may_claim:
        assert not may_claim


def test_hands_are_empty_after_a_failure_and_in_a_new_process() -> None:
    """A bug does not keep a worker from ending, and a new process begins afresh."""
    with pytest.raises(RuntimeError), drain.in_hand():
        raise RuntimeError("bug")
    assert 0 == drain._board[1]

    drain._board[1] = 1
    drain.put_down_everything()
    assert 0 == drain._board[1]


def test_a_child_shows_its_parent_what_it_has_in_hand() -> None:
    """The board is shared through a fork, without a word between the two."""
    program = (
        "import os; from workers import drain\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    drain._board[1] = 1\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(drain._board[1])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "1" == said.stdout.strip()
