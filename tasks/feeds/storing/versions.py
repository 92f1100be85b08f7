"""Tell whether a feature's content changed, and keep what it was, field by field, before an update overwrites it."""

# ruff: noqa: S608 - the only names put into statements are those of our tables and columns.

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction
from tasks.feeds.storing.copy import by_index

_FIELDS: Final = (
    "kind",
    "title",
    "description",
    "status",
    "severity",
    "category",
    "address",
    "url",
    "geometry",
    "starts_at",
    "ends_at",
    "observed_at",
    "withdrawn_at",
)


def _value(alias: str, name: str) -> str:
    """Return SQL for a field of a row, a plain point written out."""
    if name != "geometry":
        return f"{alias}.{name}"
    return (
        f"CASE WHEN {alias}.geometry IS NULL AND {alias}.point IS NOT NULL THEN jsonb_build_object('type', 'Point',"
        f" 'coordinates', jsonb_build_array({alias}.point[0], {alias}.point[1])) ELSE {alias}.geometry END"
    )


def _fields_of(alias: str) -> str:
    """Return SQL for (key, value) of a row's content; each property is a field of its own."""
    pairs = ", ".join(f"'{name}', to_jsonb({_value(alias, name)})" for name in _FIELDS)
    return (
        f"(SELECT key, value FROM jsonb_each(jsonb_build_object({pairs}))"
        f" UNION ALL SELECT 'properties.' || key, value FROM jsonb_each({alias}.properties))"
    )


_DIFFERENCE: Final = f"""
  SELECT jsonb_object_agg(coalesce(o.key, n.key), jsonb_build_array(o.value, n.value)) AS changes
  FROM {_fields_of("f")} o FULL JOIN {_fields_of("s")} n ON o.key = n.key
  WHERE coalesce(o.value, 'null') IS DISTINCT FROM coalesce(n.value, 'null')"""


def _content_of(alias: str) -> str:
    """Return SQL for a row's content as one value that can be compared."""
    # The moment of a withdrawal is ours, not the publisher's.
    values = [_value(alias, name) for name in (*_FIELDS, "properties") if name != "withdrawn_at"]
    return f"({', '.join(values)}, {alias}.withdrawn_at IS NULL)"


#: What was withdrawn because it was missing and is listed again is news, whatever it says; between two records of
#: one run their hashes decide.
_IS_SAME: Final = (
    f"NOT s.repeated AND {_content_of('f')} IS NOT DISTINCT FROM {_content_of('s')}"
    " AND (f.withdrawn_at IS NULL OR f.missing_since IS NULL)"
)


def same_in(tx: Transaction, stage: str) -> set[str]:
    """Return the external ids of staged features whose content is what is stored, however it was hashed."""
    query = f"SELECT f.external_id FROM features f JOIN {stage} s ON f.id = ANY(ARRAY[s.id]) WHERE {_IS_SAME}"
    with by_index(tx):
        return set(tx.execute(text(query)).scalars())


def settle_same(tx: Transaction, stage: str) -> set[str]:
    """
    Take staged features whose content is what is stored out of the stage; the stored ones get their hashes.

    A release may store or hash content otherwise than the one before: that is no change, and no version.
    Returns: their external ids.
    """
    settled = tx.execute(
        text(
            f"WITH same AS (DELETE FROM {stage} s USING features f WHERE f.id = ANY(ARRAY[s.id]) AND {_IS_SAME}"
            " RETURNING s.id, s.geometry, s.content_hash)"
            " UPDATE features f SET geometry = same.geometry, content_hash = same.content_hash"
            " FROM same WHERE f.id = ANY(ARRAY[same.id]) RETURNING f.external_id"
        )
    )
    return set(settled.scalars())


def changes_of(tx: Transaction, stage: str) -> dict[str, Any]:
    """Return what differs between staged features and those stored, by external id: field -> [old, new]."""
    query = (
        "SELECT f.external_id, coalesce(d.changes, '{}') AS changes"
        f" FROM features f JOIN {stage} s ON f.id = ANY(ARRAY[s.id]), LATERAL ({_DIFFERENCE}) d"
    )
    with by_index(tx):
        return {row.external_id: row.changes for row in tx.execute(text(query))}


def write_versions(tx: Transaction, stage: str, newer: str, run_id: UUID, now: datetime) -> None:
    """Write a version row for every stored feature that its staged successor is about to replace."""
    tx.execute(
        text(
            "INSERT INTO feature_versions (feature_id, version, changed_at, run_id, changes)"
            " SELECT f.id, f.version + 1, :now, :run_id, coalesce(d.changes, '{}')"
            f" FROM features f JOIN {stage} s ON f.id = ANY(ARRAY[s.id]), LATERAL ({_DIFFERENCE}) d WHERE {newer}"
        ),
        {"now": now, "run_id": run_id},
    )
