"""Trips that realtime messages name by their route and start are found by an index of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build it, a second for 300,000 trips; timetables are read meanwhile, and stored after it."""
    op.create_index(
        "ix_transit_trips_start",
        "transit_trips",
        ["timetable_id", "route_id", sa.text("COALESCE(departures[1], arrivals[1])")],
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_transit_trips_start", "transit_trips")
