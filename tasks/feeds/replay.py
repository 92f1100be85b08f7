"""Read past runs of a feed again from the archive, to compare them with what is stored or to store them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from typing import Any, Final

from shared.clock import rfc3339, utcnow
from shared.db import Transaction
from shared.feeds.archive import Archive
from shared.feeds.replays import PastRun, Replay
from shared.feeds.runs import Counts
from shared.hidden import without_secrets
from tasks.base import Job
from tasks.feeds.connector import Malformed, Payload, Source
from tasks.feeds.load import context_for
from tasks.feeds.registry import Connector
from tasks.feeds.reprocess_diff import Difference
from tasks.feeds.reprocess_removed import hide, remove
from tasks.feeds.reprocess_samples import Samples
from tasks.feeds.storing.chunks import chunks
from tasks.feeds.storing.intake import Chunk
from tasks.feeds.storing.store import Store
from tasks.feeds.storing.table import Writing
from tasks.feeds.storing.tables import TABLES, Noun

#: Past runs that could not be read again, told with their sentence; more are only counted.
_MOST_TOLD: Final = 20


class Replayer:
    """Reads one past run after the other; `counts` and `difference` add up what came of them."""

    def __init__(self, job: Job, replay: Replay, found: Connector, archive: Archive) -> None:
        self.counts = Counts()
        self._job = job
        self._replay = replay
        self._found = found
        self._archive = archive
        self._by_noun: dict[str, Counter[str]] = {}
        self._samples = Samples()
        self._unread: list[dict[str, str]] = []
        self._read = 0

    def compare(self) -> None:
        """Find out what storing the runs again would change; writes nothing."""
        found = Difference()
        for number, past in enumerate(self._replay.runs):
            found.begin()
            writing = self._writing(past, utcnow())
            for chunk, is_last in self._chunks(past):
                with self._step(number, "compared") as tx:
                    found.put(tx, writing, chunk)
                    if is_last:
                        found.end(tx, writing, self._retired)
        self.counts, self._by_noun, self._samples.told = found.counts, found.by_noun, found.samples

    def apply(self) -> None:
        """Store the runs again, a step for each chunk; what is the same already is not touched."""
        rejects_kept = 0
        for number, past in enumerate(self._replay.runs):
            store = Store(self._writing(past, utcnow()), rejects_kept)
            for chunk, is_last in self._chunks(past):
                with self._step(number, "stored again") as tx:
                    with self._samples.watch(tx, store, chunk):
                        store.put(tx, chunk, is_last)
                    self._hide(tx, store)
                    if is_last:
                        self._retire(tx, store)
            rejects_kept = store.rejects_kept
            self._add(store)

    @property
    def difference(self) -> dict[str, Any]:
        """Return what the row of the reprocess tells."""
        return {
            "runs": len(self._replay.runs),
            "read": self._read,
            "unread": self._unread,
            **{noun: dict(counted) for noun, counted in self._by_noun.items() if counted},
            "rejected": dict(self.counts.rejected),
            "samples": self._samples.told,
        }

    @property
    def _retired(self) -> Sequence[Noun]:
        """Return the nouns of which a run was the publisher's whole truth."""
        return [noun for noun in TABLES if noun in self._found.manifest.replaces]

    def _chunks(self, past: PastRun) -> Iterator[tuple[Chunk, bool]]:
        """Yield the chunks of a past run; one that cannot be read is noted and gives none, or no more."""
        payloads = _payloads(past, self._archive)
        if payloads is None:
            self._note_unread(past, "its payloads are no longer in the archive")
            return
        source = self._source()
        try:
            yield from chunks(self._found.parse(payloads, source), context_for(source, past.started_at))
        except Malformed as error:
            self._note_unread(past, str(error))
            return
        self._read += 1

    def _note_unread(self, past: PastRun, error: str) -> None:
        if len(self._unread) < _MOST_TOLD:
            self._unread.append(
                {"run": str(past.id), "at": rfc3339(past.started_at), "error": without_secrets(error)}
            )

    def _step(self, number: int, detail: str) -> AbstractContextManager[Transaction]:
        self._job.checkpoint()
        total = len(self._replay.runs)
        return self._job.step(number, total, f"run {number + 1} of {total} {detail}")

    def _writing(self, past: PastRun, now: datetime) -> Writing:
        feed = self._replay.feed
        return Writing(
            feed_id=feed.id,
            city=feed.city,
            run_id=self._replay.run_id,
            parser_version=self._found.manifest.parser_version,
            fetched_at=max(payload.fetched_at for payload in past.payloads),
            now=now,
            is_current=past.is_current,
            is_replay=True,
        )

    def _source(self) -> Source:
        feed = self._replay.feed
        return Source(
            str(feed.id), feed.city, feed.kind, feed.url, self._replay.timezone, feed.options, feed.cursor
        )

    def _hide(self, tx: Transaction, store: Store) -> None:
        """Hide what a chunk gave anew, if nobody lists it today."""
        if not store.writing.is_current:
            for noun in self._retired:
                hide(tx, noun, store.writing, store.new_ids[noun])

    def _retire(self, tx: Transaction, store: Store) -> None:
        """Remove what the run gave once and no longer gives."""
        for noun in self._retired:
            tell = partial(self._samples.removed, noun)
            removed = remove(tx, noun, store.writing, store.seen[noun], tell)
            store.by_noun[noun]["removed"] += removed
            store.counts.vanished += removed

    def _add(self, store: Store) -> None:
        counts, of = self.counts, store.counts
        counts.records += of.records
        counts.new += of.new
        counts.changed += of.changed
        counts.same += of.same
        counts.vanished += of.vanished
        counts.described += of.described
        counts.rejected += of.rejected
        for noun, counted in store.by_noun.items():
            self._by_noun.setdefault(noun, Counter()).update(counted)


def _payloads(past: PastRun, archive: Archive) -> list[Payload] | None:
    """Return what the run read, from the archive; none when a part of it was dropped."""
    if not all(archive.holds(payload.sha256) for payload in past.payloads):
        return None
    return [
        Payload(
            name=payload.name,
            url=payload.url,
            open=partial(archive.open, payload.sha256),
            fetched_at=payload.fetched_at,
            status=payload.http_status,
            media_type=payload.media_type,
            sha256=payload.sha256,
        )
        for payload in past.payloads
    ]
