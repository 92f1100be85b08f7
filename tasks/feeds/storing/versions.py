"""Keep what a changed feature was, field by field, before an update overwrites it."""

# ruff: noqa: S608 - the only names put into statements are those of our tables and columns.

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.db import Transaction

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


def _fields_of(alias: str) -> str:
    """Return SQL for (key, value) of a row's content; each property is a field of its own."""
    pairs = ", ".join(f"'{name}', to_jsonb({alias}.{name})" for name in _FIELDS)
    return (
        f"(SELECT key, value FROM jsonb_each(jsonb_build_object({pairs}))"
        f" UNION ALL SELECT 'properties.' || key, value FROM jsonb_each({alias}.properties))"
    )


_DIFFERENCE: Final = f"""
  SELECT jsonb_object_agg(coalesce(o.key, n.key), jsonb_build_array(o.value, n.value)) AS changes
  FROM {_fields_of("f")} o FULL JOIN {_fields_of("s")} n ON o.key = n.key
  WHERE coalesce(o.value, 'null') IS DISTINCT FROM coalesce(n.value, 'null')"""


def changes_of(tx: Transaction, stage: str) -> dict[str, Any]:
    """Return what differs between staged features and those stored, by external id: field -> [old, new]."""
    rows = tx.execute(
        text(
            "SELECT f.external_id, coalesce(d.changes, '{}') AS changes"
            f" FROM features f JOIN {stage} s ON f.id = s.id, LATERAL ({_DIFFERENCE}) d"
        )
    )
    return {row.external_id: row.changes for row in rows}


def write_versions(tx: Transaction, stage: str, newer: str, run_id: UUID, now: datetime) -> None:
    """Write a version row for every stored feature that its staged successor is about to replace."""
    tx.execute(
        text(
            "INSERT INTO feature_versions (feature_id, version, changed_at, run_id, changes)"
            " SELECT f.id, f.version + 1, :now, :run_id, coalesce(d.changes, '{}')"
            f" FROM features f JOIN {stage} s ON f.id = s.id, LATERAL ({_DIFFERENCE}) d WHERE {newer}"
        ),
        {"now": now, "run_id": run_id},
    )
