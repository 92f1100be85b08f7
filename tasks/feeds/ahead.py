"""Make the next item while this one is worked on."""

import sys
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")
_END: Final = object()
#: How soon a thread that computes gives way to one that comes back from the database: 5 ms are Python's own.
_SWITCH_SECONDS: Final = 0.0003


def read_ahead(
    items: Iterator[T], is_last: Callable[[T], bool] = lambda item: False
) -> Generator[T, None, None]:
    """
    Yield items in their order; from the second on, each is made in a thread while the caller has the last.

    At most two are held at a time. What making one raises is raised here; a caller that stops early waits
    for the one in the making. No thread is started when the first item is the last.
    """
    try:
        first = next(items)
    except StopIteration:
        return
    if is_last(first):
        yield first
        return
    with _quick_switches(), ThreadPoolExecutor(1, "read-ahead") as pool:
        coming = pool.submit(next, items, _END)
        yield first
        while (item := coming.result()) is not _END:
            coming = pool.submit(next, items, _END)
            yield item  # type: ignore[misc]  # what is not the end is an item


@contextmanager
def _quick_switches() -> Iterator[None]:
    """Keep the database busy: each of a chunk's statements would wait for its turn to ask the next."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
