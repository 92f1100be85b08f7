"""Vehicles keep where they were before: a few positions on their own row, so that nothing has to be cleared away."""

import sqlalchemy as sa
from alembic import op

from shared.db import Point

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns, at once for a table of any size."""
    for name, kind in (("trail", Point()), ("trail_times", sa.DateTime(timezone=True))):
        op.add_column("vehicles", sa.Column(name, sa.ARRAY(kind), nullable=False, server_default="{}"))


def downgrade() -> None:
    """Drop them."""
    for name in ("trail", "trail_times"):
        op.drop_column("vehicles", name)
