"""Indexes from which lists of features are merged: of a kind, of a status other than closed, of what was withdrawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_NEWEST = ("updated_at", "id")
_IS_LISTED = "withdrawn_at IS NULL"


def upgrade() -> None:
    """Build them, each some seconds a million features: feeds wait meanwhile, reads go on."""
    with _one_by_one():
        _create("listed", "kind", where=_IS_LISTED)
        _create(
            "status", "kind", sa.text("lower(status)"), where=f"{_IS_LISTED} AND lower(status) <> 'closed'"
        )
        _create("withdrawn", "kind", where="withdrawn_at IS NOT NULL")
        _drop("city_kind_updated", "city_updated")


def downgrade() -> None:
    """Build the two that were there."""
    with _one_by_one():
        _create("city_updated")
        _create("city_kind_updated", "kind")
        _drop("withdrawn", "status", "listed")


@contextmanager
def _one_by_one() -> Iterator[None]:
    """
    Commit each statement: a feed that has read and now waits to write would be waited for by a drop, for ever.

    Stopped, the migration may be run again.
    """
    with op.get_context().autocommit_block():
        yield


def _create(name: str, *columns: str | sa.TextClause, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    chosen = ("city", *columns, *_NEWEST)
    op.create_index(f"ix_features_{name}", "features", chosen, postgresql_where=condition, if_not_exists=True)


def _drop(*names: str) -> None:
    for name in names:
        op.drop_index(f"ix_features_{name}", table_name="features", if_exists=True)
