"""The steps of a run: two at a time where neither needs to know what came of the other."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Final

from shared.db import Transaction
from shared.feeds.runs import share_feed
from tasks.feeds.storing.intake import Chunk
from tasks.feeds.storing.store import Store
from tasks.feeds.storing.straight import Straight

Step = AbstractContextManager[Transaction]
#: Steps at a time: more would only wait for each other's place in the indexes.
_MOST: Final = 2


class Steps:
    """
    Stores chunks in steps that commit in their order, each with its counts and events.

    Features that are new for sure are copied by a transaction beside that of the chunk before; any other chunk
    waits for those before it.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._begun: deque[ExitStack] = deque()
        self._pool = ThreadPoolExecutor(_MOST, "copy")

    def chunks(self, read: Iterable[tuple[Chunk, bool]]) -> Iterator[tuple[Chunk, bool]]:
        """Yield what is read; before the last chunk, or what reading raises, commit the steps that have begun."""
        try:
            for chunk, is_last in read:
                if is_last:
                    self.commit()
                yield chunk, is_last
        except Exception:
            self.commit()
            raise

    def put(self, chunk: Chunk, step: Step) -> None:
        """Store a chunk that is not the run's last, or begin to."""
        straight = self._store.straight(chunk)
        if straight is None:
            self.commit()
            with step as tx:
                self._store.put(tx, chunk, is_last=False)
            return
        self.commit(but=_MOST - 1)
        begun = ExitStack()
        begun.enter_context(self._copying(chunk, straight, step))
        self._begun.append(begun)

    def commit(self, but: int = 0) -> None:
        """Commit the steps that have begun, all `but` the last so many."""
        while len(self._begun) > but:
            self._begun.popleft().close()

    @contextmanager
    def _copying(self, chunk: Chunk, straight: Straight, step: Step) -> Iterator[None]:
        """Copy features in a thread for the length of the block, then count and tell them."""
        with step as tx:
            self._take_feed(tx)
            copied = self._pool.submit(straight.copy, tx)
            try:
                yield
            finally:
                wait([copied])
            copied.result()
            self._store.put_straight(tx, chunk, straight)

    def _take_feed(self, tx: Transaction) -> None:
        """Share the feed with the step before; one who waits for the feed goes first, and for that the step must end."""
        feed_id = self._store.writing.feed_id
        if not share_feed(tx, feed_id, waits=False):
            self.commit()
            share_feed(tx, feed_id)

    def __enter__(self) -> "Steps":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit the steps that have begun; after an error, roll them back."""
        with self._pool, ExitStack() as left:
            if error is None:
                self.commit()
            for begun in self._begun:
                left.push(begun)
            left.pop_all().__exit__(kind, error, trace)
