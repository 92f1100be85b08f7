"""
The first of what applying a reprocess changes, told as a dry run tells it.

What a step changed is found out in its transaction, and only of steps that changed something: memory does not grow.
"""

# ruff: noqa: S608 - the only names put into statements are those of our tables.

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import text

from shared.db import Transaction
from tasks.feeds.reprocess_diff import SAMPLES
from tasks.feeds.storing.copy import by_index
from tasks.feeds.storing.intake import Chunk
from tasks.feeds.storing.store import Store
from tasks.feeds.storing.table import Writing
from tasks.feeds.storing.tables import TABLES, Noun

_FIELDS: Final = text("""
SELECT f.external_id, v.changes FROM features f
JOIN feature_versions v ON v.feature_id = f.id AND v.version = f.version
WHERE f.feed_id = :feed_id AND f.external_id = ANY(:ids) AND v.run_id = :run_id AND v.changed_at = :now
LIMIT :most""")


class Samples:
    """Gathers up to `SAMPLES` of what is new, changed and removed."""

    def __init__(self) -> None:
        self.told: dict[str, list[dict[str, Any]]] = {"new": [], "changed": [], "removed": []}

    @contextmanager
    def watch(self, tx: Transaction, store: Store, chunk: Chunk) -> Iterator[None]:
        """Note what storing a chunk within this makes new and changes."""
        before = {noun: Counter(store.by_noun[noun]) for noun in TABLES}
        hashes = {
            noun: _hashes(tx, noun, store.writing, chunk.rows[noun])
            for noun, table in TABLES.items()
            if chunk.rows[noun] and not table.has_version and self._room("changed")
        }
        yield
        for noun in TABLES:
            grown = store.by_noun[noun] - before[noun]
            if grown["new"] and self._room("new"):
                self._note_new(tx, noun, store, chunk)
            if grown["changed"] and self._room("changed"):
                told = (
                    _fields(tx, store.writing, chunk, self._room("changed"))
                    if TABLES[noun].has_version
                    else _other(hashes[noun], _hashes(tx, noun, store.writing, chunk.rows[noun]))
                )
                self._note(noun, "changed", ({"external_id": id_, "fields": told[id_]} for id_ in told))

    def removed(self, noun: Noun, external_ids: Iterable[str]) -> None:
        """Note what a run gave once and no longer gives."""
        self._note(noun, "removed", ({"external_id": id_} for id_ in external_ids))

    def _room(self, what: str) -> int:
        return SAMPLES - len(self.told[what])

    def _note(self, noun: Noun, what: str, samples: Iterable[Mapping[str, Any]]) -> None:
        told = self.told[what]
        told += [
            {"noun": noun, **sample} for sample, _ in zip(samples, range(self._room(what)), strict=False)
        ]

    def _note_new(self, tx: Transaction, noun: Noun, store: Store, chunk: Chunk) -> None:
        ids = store.new_ids[noun][: self._room("new")]
        found = tx.execute(
            text(f"SELECT external_id FROM {noun} WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id"),
            {"ids": ids},
        ).scalars()
        rows = chunk.rows[noun]
        self._note(noun, "new", ({"external_id": id_, "kind": rows[id_].kind} for id_ in found))


def _fields(tx: Transaction, writing: Writing, chunk: Chunk, most: int) -> dict[str, Any]:
    """Return which fields of features the step changed, from what to what, by their ids."""
    values = {
        "feed_id": writing.feed_id,
        "ids": list(chunk.rows["features"]),
        "run_id": writing.run_id,
        "now": writing.now,
        "most": most,
    }
    with by_index(tx):
        return {row.external_id: row.changes for row in tx.execute(_FIELDS, values)}


def _hashes(tx: Transaction, noun: Noun, writing: Writing, external_ids: Iterable[str]) -> dict[str, bytes]:
    rows = tx.execute(
        text(
            f"SELECT external_id, content_hash FROM {noun} WHERE feed_id = :feed_id AND external_id = ANY(:ids)"
        ),
        {"feed_id": writing.feed_id, "ids": list(external_ids)},
    )
    return {external_id: bytes(digest) for external_id, digest in rows}


def _other(before: Mapping[str, bytes], now: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the ids whose content is another; of what has no versions the fields are not known."""
    return {id_: {} for id_, digest in before.items() if now.get(id_) != digest}
