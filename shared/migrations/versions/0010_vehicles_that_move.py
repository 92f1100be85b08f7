"""Positions of vehicles have no index: each poll would add all that moved to every index of the table."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop it; lists of a city's vehicles read them all anyway."""
    op.drop_index("ix_vehicles_point", table_name="vehicles")


def downgrade() -> None:
    """Build it."""
    op.create_index("ix_vehicles_point", "vehicles", ["point"], postgresql_using="gist")
