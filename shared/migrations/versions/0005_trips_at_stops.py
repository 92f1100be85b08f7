"""Where the trips under way that call at a stop are found: their stops in a column of their own, and an index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; Postgres fills the column, also in rows that the release before writes."""
    op.add_column(
        "trip_updates",
        sa.Column(
            "stop_ids",
            postgresql.JSONB(astext_type=sa.Text()),
            sa.Computed("jsonb_path_query_array(stops, '$[*].\"stop_id\"'::jsonpath)", persisted=True),
            nullable=True,
        ),
    )
    op.create_index(
        "ix_trip_updates_listed",
        "trip_updates",
        ["feed_id"],
        postgresql_where=sa.text("missing_since IS NULL"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_index("ix_trip_updates_listed", "trip_updates")
    op.drop_column("trip_updates", "stop_ids")
