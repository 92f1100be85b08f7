"""Which trips of a timetable run at a headway."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; it is known from the next timetable on, which the connector's new version reads at once."""
    op.add_column(
        "transit_trips",
        sa.Column("is_repeated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_column("transit_trips", "is_repeated")
