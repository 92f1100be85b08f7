"""Feeds remember which fields their rows fill, and which of them were lost."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what is remembered; the next run of a feed fills it."""
    for name, begin in (("filled", "{}"), ("lost_fields", "[]")):
        op.add_column("feeds", sa.Column(name, postgresql.JSONB(), nullable=False, server_default=begin))
    op.add_column("feeds", sa.Column("drifted_since", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Drop it."""
    for name in ("filled", "lost_fields", "drifted_since"):
        op.drop_column("feeds", name)
