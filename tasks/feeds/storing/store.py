"""Store what a run parsed, chunk by chunk, and tell browsers what changed, in the chunk's transaction."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain

from shared.db import Transaction
from shared.feeds.runs import Counts, Reject, keep_rejects, lock_feed
from tasks.feeds.encoding.rows import Row
from tasks.feeds.storing.filled import Filled
from tasks.feeds.storing.intake import Chunk, duplicate
from tasks.feeds.storing.keys import KeySet, add_new
from tasks.feeds.storing.merge import Merged, is_empty, merge
from tasks.feeds.storing.observed import WrittenObservations
from tasks.feeds.storing.straight import Straight
from tasks.feeds.storing.table import Writing
from tasks.feeds.storing.tables import TABLES, Noun
from tasks.feeds.storing.tell import FEATURES_AN_EVENT, tell_features, tell_many, tell_vehicles
from tasks.feeds.storing.timetable import WrittenTimetable


class Store:
    """
    Takes the chunks of one run in their order.

    Counts change when a chunk's statements have run; a chunk whose commit fails ends its run, so they
    are never told wrong.
    """

    def __init__(self, writing: Writing, rejects_kept: int = 0) -> None:
        self.writing = writing
        self.rejects_kept = rejects_kept
        self.counts = Counts()
        #: new, changed and same by noun; observations are one.
        self.by_noun: dict[str, Counter[str]] = {noun: Counter() for noun in (*TABLES, "observations")}
        self.newest_at: datetime | None = None
        self.seen: dict[Noun, KeySet] = {noun: KeySet() for noun in TABLES}
        #: Rows that this run added, by noun.
        self.added: dict[Noun, int] = dict.fromkeys(TABLES, 0)
        #: Of a replay, the ids of those that the last chunk added.
        self.new_ids: dict[Noun, list[str]] = {}
        #: The kinds of what was read; rows that are stored as they were sent are not.
        self.kinds: dict[Noun, set[str]] = {noun: set() for noun in TABLES}
        #: Ids of set-aside records, of any noun: listed, so not vanished.
        self.set_aside = KeySet()
        self.nameless_rejects = 0
        self.filled = Filled()
        self._addresses = KeySet()
        self._was_empty: dict[Noun, bool] = {}
        self._observations = WrittenObservations(writing)
        self._timetable = WrittenTimetable(writing)

    def put(self, tx: Transaction, chunk: Chunk, is_last: bool) -> None:
        """Store one chunk and publish its events."""
        lock_feed(tx, self.writing.feed_id)
        self.new_ids = {noun: [] for noun in TABLES}
        self._put_same(chunk)
        self._put_lines(tx, chunk)
        for noun, rows in chunk.rows.items():
            if rows:
                listed = list(rows.values())
                self._put_rows(tx, noun, chunk, listed, self.seen[noun].add(list(rows)))
        stored, newest_at = self._observations.put(tx, chunk, is_last)
        self._count("observations", stored.new, stored.changed, stored.same)
        self._note_newest([newest_at])
        if not self.writing.is_replay:
            self._timetable.put(tx, chunk.timetable, is_last)
        self._count_chunk(tx, chunk)

    def _count_chunk(self, tx: Transaction, chunk: Chunk) -> None:
        self.counts.records += chunk.others + add_new(self._addresses, chunk.addresses)
        self.counts.described += chunk.described
        self.counts.rejected += chunk.rejected
        self.filled.take(_bodies(chunk))
        self.set_aside.add(list(chunk.set_aside))
        self.nameless_rejects += chunk.nameless_rejects
        self.rejects_kept = keep_rejects(tx, self.writing.run_id, chunk.rejects, self.rejects_kept)

    def _put_same(self, chunk: Chunk) -> None:
        """Count features that are stored as they were sent; one that came before in this run is one too many."""
        ids = list(chain.from_iterable(same.ids for same in chunk.same))
        again = self.seen["features"].add(ids)
        if again:
            records = [f"{same.prefix}{number}" for same in chunk.same for number in same.numbers]
            for place in again:
                chunk.reject(duplicate(records[place], ids[place]))
        self._count("features", 0, 0, len(ids) - len(again))

    def _put_lines(self, tx: Transaction, chunk: Chunk) -> None:
        """Copy features that were read at once and are new for sure; others are merged row by row."""
        if not chunk.lines:
            return
        again = self.seen["features"].add([id_ for lines in chunk.lines for id_ in lines.ids])
        if again or not self._is_first_load(tx, "features"):
            rows = [row for lines in chunk.lines for row in lines.rows()]
            self._put_rows(tx, "features", chunk, rows, again)
            return
        straight = Straight(self.writing, chunk.lines, [])
        straight.copy(tx)
        self._count_straight(straight)
        shown = straight.last(FEATURES_AN_EVENT)
        tell_features(tx, self.writing, shown, more=straight.size - len(shown))

    def straight(self, chunk: Chunk) -> Straight | None:
        """
        Return the features of a chunk, if it has nothing else and they are new for sure.

        They are then seen by this run: `put_straight` stores them, whatever is stored of the chunks before.
        """
        rows = chunk.rows["features"]
        if not self._was_empty.get("features") or chunk.has_more_than_features:
            return None
        if not self.seen["features"].add_if_new([*chunk.ids_of_lines, *rows]):
            return None
        return Straight(self.writing, chunk.lines, list(rows.values()))

    def put_straight(self, tx: Transaction, chunk: Chunk, straight: Straight) -> None:
        """Count a chunk whose features were copied, and publish how many they are."""
        self._count_straight(straight)
        tell_many(tx, self.writing, straight.kinds())
        self._count_chunk(tx, chunk)

    def _count_straight(self, straight: Straight) -> None:
        self.added["features"] += straight.size
        self._count("features", straight.size, 0, 0)
        self.kinds["features"].update(straight.kinds())
        self._note_newest(straight.observed())

    def _put_rows(
        self, tx: Transaction, noun: Noun, chunk: Chunk, rows: Sequence[Row], seen_places: Sequence[int]
    ) -> None:
        """Merge rows; those at `seen_places` have ids that came before in this run."""
        again = frozenset(rows[place].external_id for place in seen_places)
        fresh = [row for row in rows if row.external_id not in again] if again else rows
        all_new = self._is_first_load(tx, noun)
        merged = merge(tx, TABLES[noun], self.writing, fresh, all_new=all_new)
        self.added[noun] += len(merged.new)
        if self.writing.is_replay:
            self.new_ids[noun] += [id_ for id_, _ in merged.new]
        else:
            for row in merged.older:
                chunk.reject(_older(row))
        # Read again, what is older than what is stored is no news: it stays as it is.
        same = merged.same + len(merged.older) * self.writing.is_replay
        self._count(noun, len(merged.new), len(merged.changed), same)
        if again:
            repeated = [row for row in rows if row.external_id in again]
            won = merge(tx, TABLES[noun], self.writing, repeated, again)
            merged.changed += won.changed
            for row in repeated:
                chunk.reject(duplicate(row.record, row.external_id))
        self.kinds[noun].update(row.kind for row in rows)
        self._note_newest([row.observed_at for row in rows])
        self._tell(tx, noun, merged)

    def _is_first_load(self, tx: Transaction, noun: Noun) -> bool:
        """
        Tell whether the table held nothing of the feed when this run began to fill it.

        Ids this run has not seen are then new. A replay may store for the feed in between: it looks each up.
        """
        if self.writing.is_replay:
            return False
        if noun not in self._was_empty:
            self._was_empty[noun] = is_empty(tx, TABLES[noun], self.writing.feed_id)
        return self._was_empty[noun]

    def _count(self, noun: str, new: int, changed: int, same: int) -> None:
        self.counts.new += new
        self.counts.changed += changed
        self.counts.same += same
        self.by_noun[noun].update(new=new, changed=changed, same=same)

    def _note_newest(self, times: Sequence[datetime | None]) -> None:
        """Remember the newest observed time; one in the future is of a wrong clock."""
        known = [time for time in (*times, self.newest_at) if time is not None and time <= self.writing.now]
        self.newest_at = max(known, default=None)

    def _tell(self, tx: Transaction, noun: Noun, merged: Merged) -> None:
        told = [*merged.new, *merged.changed]
        if noun == "vehicles":
            tell_vehicles(tx, self.writing, [*(id_ for id_, _ in told), *merged.returned])
        elif noun == "features":
            tell_features(tx, self.writing, told)


def _bodies(chunk: Chunk) -> Iterator[bytes]:
    """Yield the bodies of the features of a chunk."""
    for lines in chunk.lines:
        yield from lines.bodies
    yield from (row.body for row in chunk.rows["features"].values())


def _older(row: Row) -> Reject:
    return Reject(row.record, "older", "a newer observation of the same id is stored", row.external_id)
