"""The index of points is GiST's: SP-GiST's refused points 1e-6 of a degree apart."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the new index beside the old one, some seconds a million features: feeds wait meanwhile, reads go on."""
    _rebuild("gist")


def downgrade() -> None:
    """
    Build the one that was there.

    Raises: InternalError if points are stored that it refuses.
    """
    _rebuild("spgist")


def _rebuild(method: str) -> None:
    """Commit each statement, so that no map waits for the index; stopped, it may be run again."""
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX IF EXISTS ix_features_point_new")
        op.execute(f"CREATE INDEX ix_features_point_new ON features USING {method} (point)")
        op.execute("DROP INDEX IF EXISTS ix_features_point")
        op.execute("ALTER INDEX ix_features_point_new RENAME TO ix_features_point")
