"""
What a reprocess would change, without changing it: reads only, and remembers what it would have written.

The verdicts are those of `storing.table`'s statements, in Python; a test holds the two against each other.
"""

# ruff: noqa: S608 - the only names put into statements are those of our tables and columns.

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from shared.feeds.runs import Counts
from tasks.feeds.encoding.rows import Row
from tasks.feeds.reprocess_removed import stored_at
from tasks.feeds.storing.copy import stage_for
from tasks.feeds.storing.intake import Chunk
from tasks.feeds.storing.keys import KeySet, add_new
from tasks.feeds.storing.observations import store_observations
from tasks.feeds.storing.table import Table, Writing, copy
from tasks.feeds.storing.tables import TABLES, Noun
from tasks.feeds.storing.versions import changes_of, same_in

SAMPLES: Final = 20


class Stored(NamedTuple):
    """What decides whether a stored row gives way."""

    digest: bytes
    fetched_at: datetime
    parser_version: int
    age: datetime | None
    is_missing: bool
    #: None for what would have been added.
    id: UUID | None = None


def verdict(row: Row, stored: Stored | None, table: Table, writing: Writing) -> str:
    """Return new, changed or same: what storing this row would come to."""
    if stored is None:
        return "new"
    if row.digest == stored.digest or writing.fetched_at < stored.fetched_at:
        return "same"
    age = age_of(row, table)
    is_older = age is not None and stored.age is not None and age < stored.age
    return "same" if is_older and writing.parser_version <= stored.parser_version else "changed"


def age_of(row: Row, table: Table) -> datetime | None:
    """Return the moment by which the table tells what is older."""
    return row.observed_at if table.age == "observed_at" else row.published_at


class Difference:
    """Adds up what reading past runs again would change; runs come in their order."""

    def __init__(self) -> None:
        self.counts = Counts()
        self.by_noun: dict[str, Counter[str]] = {noun: Counter() for noun in (*TABLES, "observations")}
        self.samples: dict[str, list[dict[str, Any]]] = {"new": [], "changed": [], "removed": []}
        self._written: dict[Noun, dict[str, Stored]] = {noun: {} for noun in TABLES}
        self._seen: dict[Noun, KeySet] = {}
        self._addresses = KeySet()

    def begin(self) -> None:
        """Begin with the next past run."""
        self._seen = {noun: KeySet() for noun in TABLES}
        self._addresses = KeySet()

    def put(self, tx: Transaction, writing: Writing, chunk: Chunk) -> None:
        """Compare one chunk of a past run with what is stored."""
        for noun, rows in chunk.rows.items():
            if rows:
                self._compare(tx, noun, writing, list(rows.values()))
        self._observe(tx, writing, chunk)
        self.counts.records += chunk.others + add_new(self._addresses, chunk.addresses)
        self.counts.described += chunk.described
        self.counts.rejected += chunk.rejected

    def end(self, tx: Transaction, writing: Writing, retired: Sequence[Noun]) -> None:
        """End a past run: what it stored then and would not store now is removed."""
        for noun in retired:
            for part in stored_at(tx, noun, writing, self._seen[noun]):
                for _, external_id in part:
                    self._note(noun, "removed", {"external_id": external_id})

    def _compare(self, tx: Transaction, noun: Noun, writing: Writing, rows: Sequence[Row]) -> None:
        table = TABLES[noun]
        stored = _stored(tx, table, writing.feed_id, [row.external_id for row in rows])
        stored |= {
            i: found for i in (row.external_id for row in rows) if (found := self._written[noun].get(i))
        }
        same = self._same(tx, noun, writing, rows, stored)
        changed: list[Row] = []
        for row in rows:
            what = (
                "same"
                if row.external_id in same
                else verdict(row, stored.get(row.external_id), table, writing)
            )
            if what == "same":
                self._count(noun, what)
                continue
            before = stored.get(row.external_id)
            self._written[noun][row.external_id] = Stored(
                row.digest,
                writing.fetched_at,
                writing.parser_version,
                age_of(row, table),
                False,
                before.id if before else None,
            )
            if what == "new":
                self._note(noun, what, {"external_id": row.external_id, "kind": row.kind})
            else:
                changed.append(row)
        self._seen[noun].add([row.external_id for row in rows])
        room = max(0, SAMPLES - len(self.samples["changed"]))
        told = {row.external_id: self._written[noun][row.external_id].id for row in changed[:room]}
        fields = _fields(tx, table, writing, changed[:room], told) if noun == "features" else {}
        for row in changed:
            self._note(
                noun, "changed", {"external_id": row.external_id, "fields": fields.get(row.external_id, {})}
            )

    def _same(
        self, tx: Transaction, noun: Noun, writing: Writing, rows: Sequence[Row], stored: Mapping[str, Stored]
    ) -> set[str]:
        """Return the ids of features whose content is what is stored, though another release hashed it."""
        table, written = TABLES[noun], self._written[noun]
        held = {id_: found.id for id_, found in stored.items() if found.id and id_ not in written}
        staged = [
            row
            for row in rows
            if row.external_id in held and verdict(row, stored[row.external_id], table, writing) == "changed"
        ]
        if noun != "features" or not staged:
            return set()
        return same_in(tx, _staged(tx, table, writing, staged, [held[row.external_id] for row in staged]))

    def _observe(self, tx: Transaction, writing: Writing, chunk: Chunk) -> None:
        if not len(chunk.observations):
            return
        told = chunk.observations.gathered()
        found = store_observations(tx, writing, told, writes=False)
        would_be_known = [n for n in found.unknown if told.external_id(n) in self._written["things"]]
        self.by_noun["observations"].update(
            new=found.new + len(would_be_known), changed=found.changed, same=found.same
        )
        self.counts.new += found.new + len(would_be_known)
        self.counts.changed += found.changed
        self.counts.same += found.same
        self.counts.rejected["unknown_thing"] += len(found.unknown) - len(would_be_known)
        self.counts.rejected["no_result"] += len(found.valueless)
        self.counts.rejected["duplicate"] += len(found.repeated)

    def _note(self, noun: Noun, what: str, sample: dict[str, Any]) -> None:
        self._count(noun, what)
        if len(self.samples[what]) < SAMPLES:
            self.samples[what].append({"noun": noun, **sample})

    def _count(self, noun: Noun, what: str) -> None:
        self.by_noun[noun][what] += 1
        if what == "removed":
            self.counts.vanished += 1
        else:
            setattr(self.counts, what, getattr(self.counts, what) + 1)


def _fields(
    tx: Transaction, table: Table, writing: Writing, rows: Sequence[Row], of: Mapping[str, UUID | None]
) -> dict[str, Any]:
    """Return which fields of some features would change, from what to what, by their ids."""
    held = [(row, id_) for row in rows if (id_ := of[row.external_id]) is not None]
    if not held:
        return {}
    rows, ids = [row for row, _ in held], [id_ for _, id_ in held]
    return changes_of(tx, _staged(tx, table, writing, rows, ids))


def _staged(tx: Transaction, table: Table, writing: Writing, rows: Sequence[Row], ids: Sequence[UUID]) -> str:
    stage = stage_for(tx, table.name)
    copy(tx, table, writing, rows, ids, into=stage, repeated=False)
    return stage


def _stored(tx: Transaction, table: Table, feed_id: UUID, external_ids: Sequence[str]) -> dict[str, Stored]:
    rows = tx.execute(
        text(
            f"SELECT external_id, content_hash, fetched_at, parser_version, {table.age},"
            f" missing_since IS NOT NULL, id FROM {table.name}"
            " WHERE feed_id = :feed_id AND external_id = ANY(:ids)"
        ),
        {"feed_id": feed_id, "ids": external_ids},
    )
    return {external_id: Stored(bytes(digest), *rest) for external_id, digest, *rest in rows}
