"""
Merge rows into a table that is keyed by (feed, external id): what is new, changed, the same or older.

What is new is copied straight into the table; what changed goes through a staging table of the session
and one UPDATE; what is the same is not touched, but for its hash where that is of another release. The caller holds the feed's lock, so nobody else adds
rows of this feed in between. The newest observation wins: an older one never overwrites it.
"""

# ruff: noqa: S608 - the only names put into statements are those of our tables and columns.

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

import uuid_utils
from sqlalchemy import text

from shared.db import Transaction
from tasks.feeds.encoding.rows import Row
from tasks.feeds.storing.copy import by_index, stage_for
from tasks.feeds.storing.known import remember_sent
from tasks.feeds.storing.table import Table, Writing, copy
from tasks.feeds.storing.versions import settle_same, write_versions


@dataclass(slots=True)
class Merged:
    """What a merge did; our id, as text, and the kind of what is new, and of what changed or came back."""

    new: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)
    same: int = 0
    older: list[Row] = field(default_factory=list)
    #: Our ids of what was missing and is listed again as it was.
    returned: list[str] = field(default_factory=list)


def merge(
    tx: Transaction,
    table: Table,
    writing: Writing,
    rows: Sequence[Row],
    repeated: frozenset[str] = frozenset(),
    *,
    all_new: bool = False,
) -> Merged:
    """
    Merge rows with distinct external ids.

    `repeated` are ids that came before in this run; they replace what is stored only when they win.
    `all_new` rows are known to be in no table yet: nothing is looked up.
    """
    known = {} if all_new else _known(tx, table, writing.feed_id, rows)
    new = [row for row in rows if row.external_id not in known]
    differing = [
        row for row in rows if row.external_id in known and known[row.external_id].digest != row.digest
    ]
    merged = Merged()
    changed: Sequence[Row] = ()
    if differing:
        with by_index(tx):
            changed = _settled(tx, table, writing, differing, known, repeated)
            if changed:
                _update(tx, table, writing, changed, merged)
    changed_ids = {row.external_id for row in changed}
    returning: list[str] = []
    sent: dict[UUID, int] = {}
    for row in rows if known else ():
        found = known.get(row.external_id)
        if found is None or row.external_id in changed_ids:
            continue
        if row.source_hash is not None and found.sent != (row.source_hash, writing.parser_version):
            sent[found.id] = row.source_hash
        if found.is_missing and writing.is_current:
            returning.append(row.external_id)
        else:
            merged.same += 1
    if new:
        ids = [uuid_utils.uuid7() for _ in new]
        copy(tx, table, writing, new, ids)
        merged.new = [(str(id_), row.kind) for id_, row in zip(ids, new, strict=True)]
    if sent and writing.is_current:
        with by_index(tx):
            remember_sent(tx, writing, sent)
    if returning:
        _bring_back(tx, table, writing, returning, merged)
    return merged


def is_empty(tx: Transaction, table: Table, feed_id: UUID) -> bool:
    """Tell whether a feed has no rows in a table."""
    found = tx.execute(
        text(f"SELECT 1 FROM {table.name} WHERE feed_id = :feed_id LIMIT 1"), {"feed_id": feed_id}
    )
    return found.first() is None


class _Known(NamedTuple):
    id: UUID
    digest: bytes
    is_missing: bool
    #: The hash of the row as it was sent, and the version of the parser that read it.
    sent: tuple[int | None, int]


def _known(tx: Transaction, table: Table, feed_id: UUID, rows: Sequence[Row]) -> dict[str, _Known]:
    """Return what is stored of these ids."""
    found = tx.execute(
        text(
            "SELECT external_id, id, content_hash, missing_since IS NOT NULL,"
            f" {table.source_hash}, parser_version FROM {table.name}"
            " WHERE feed_id = :feed_id AND external_id = ANY(:ids)"
        ),
        {"feed_id": feed_id, "ids": [row.external_id for row in rows]},
    ).all()
    return {
        external_id: _Known(id_, bytes(digest), is_missing, (source_hash, parser_version))
        for external_id, id_, digest, is_missing, source_hash, parser_version in found
    }


def _settled(
    tx: Transaction,
    table: Table,
    writing: Writing,
    rows: Sequence[Row],
    known: Mapping[str, _Known],
    repeated: frozenset[str],
) -> Sequence[Row]:
    """
    Stage rows with our ids: joined by them, the plan is the same for any statistics.

    Returns: those whose content is another than what is stored; the others are settled.
    """
    stage = stage_for(tx, table.name)
    for again in (False, True):
        part = [row for row in rows if (row.external_id in repeated) is again]
        if part:
            ids = [known[row.external_id].id for row in part]
            copy(tx, table, writing, part, ids, into=stage, repeated=again)
    if not table.has_version:
        return rows
    same = settle_same(tx, stage)
    return [row for row in rows if row.external_id not in same]


def _update(tx: Transaction, table: Table, writing: Writing, rows: Sequence[Row], merged: Merged) -> None:
    """Replace what is stored of the rows that are staged."""
    stage = f"stage_{table.name}"
    if table.has_version:
        write_versions(tx, stage, table.newer, writing.run_id, writing.now)
    changed = tx.execute(
        text(
            f"UPDATE {table.name} f SET {table.assignments(writing.is_current)} FROM {stage} s"
            f" WHERE f.id = ANY(ARRAY[s.id]) AND {table.newer} RETURNING f.id, f.external_id"
        )
    ).all()
    kept = {external_id: str(id_) for id_, external_id in changed}
    merged.changed += [(kept[row.external_id], row.kind) for row in rows if row.external_id in kept]
    merged.older += [row for row in rows if row.external_id not in kept]


def _bring_back(
    tx: Transaction, table: Table, writing: Writing, external_ids: list[str], merged: Merged
) -> None:
    """Unmark what the publisher lists again; what was withdrawn meanwhile counts as changed."""
    values: dict[str, Any] = {"feed_id": writing.feed_id, "ids": external_ids}
    where = "WHERE feed_id = :feed_id AND external_id = ANY(:ids) AND missing_since IS NOT NULL"
    back: list[tuple[str, str]] = []
    if table.has_withdrawn_at:
        rows = tx.execute(
            text(
                f"UPDATE {table.name} SET missing_since = NULL, withdrawn_at = NULL, updated_at = :now"
                f" {where} AND withdrawn_at IS NOT NULL RETURNING id, kind"
            ),
            {**values, "now": writing.now},
        )
        back = [(str(id_), kind) for id_, kind in rows]
    returned = tx.execute(text(f"UPDATE {table.name} SET missing_since = NULL {where} RETURNING id"), values)
    merged.returned += map(str, returned.scalars())
    merged.changed += back
    merged.same += len(external_ids) - len(back)
