"""Reading ahead changes when items are made, and nothing else."""

import threading
from collections.abc import Iterator

import pytest

from tasks.feeds.ahead import read_ahead


def test_items_come_in_their_order() -> None:
    """None is lost, none comes twice."""
    assert [1, 2, 3, 4] == list(read_ahead(iter([1, 2, 3, 4])))
    assert [] == list(read_ahead(iter(())))


def test_the_next_item_is_made_while_this_one_is_worked_on() -> None:
    """The second item is there although nobody asked for it yet."""
    made = threading.Event()

    def items() -> Iterator[int]:
        yield 1
        made.set()
        yield 2

    ahead = read_ahead(items())
    next(ahead)

    assert made.wait(timeout=10)
    ahead.close()


def test_what_making_an_item_raises_is_raised_in_its_place() -> None:
    """The items before it come first."""

    def items() -> Iterator[int]:
        yield 1
        raise ValueError("cut off")

    ahead = read_ahead(items())

    assert 1 == next(ahead)
    with pytest.raises(ValueError, match="cut off"):
        next(ahead)


def test_a_caller_that_stops_leaves_no_thread() -> None:
    """A run that fails in the middle leaves nothing behind in its worker."""
    before = threading.active_count()
    ahead = read_ahead(iter(range(100)))
    next(ahead)

    ahead.close()

    assert before == threading.active_count()


def test_a_single_item_costs_no_thread() -> None:
    """Most runs are one chunk."""
    ahead = read_ahead(iter([1]), lambda item: True)
    before = threading.active_count()

    assert (1, before) == (next(ahead), threading.active_count())
    assert [] == list(ahead)
