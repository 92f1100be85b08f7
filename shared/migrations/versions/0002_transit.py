"""The tables of timetables, which realtime messages refer to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them; nothing of the release before looks at them."""
    json = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "transit_timetables",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("feed_id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("services", json, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("is_current", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feeds.id"], name=op.f("fk_transit_timetables_feed_id_feeds"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transit_timetables")),
    )
    op.create_index(
        "uq_transit_timetables_current",
        "transit_timetables",
        ["feed_id"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_index("ix_transit_timetables_feed", "transit_timetables", ["feed_id"])
    op.create_table(
        "transit_routes",
        sa.Column("timetable_id", sa.Uuid(), nullable=False),
        sa.Column("route_id", sa.Text(), nullable=False),
        sa.Column("agency", sa.Text(), nullable=True),
        sa.Column("short_name", sa.Text(), nullable=True),
        sa.Column("long_name", sa.Text(), nullable=True),
        sa.Column("route_type", sa.Integer(), nullable=False),
        sa.Column("color", sa.Text(), nullable=True),
        sa.Column("text_color", sa.Text(), nullable=True),
        sa.Column("geometry", json, nullable=True),
        sa.ForeignKeyConstraint(
            ["timetable_id"],
            ["transit_timetables.id"],
            name=op.f("fk_transit_routes_timetable_id_transit_timetables"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("timetable_id", "route_id", name=op.f("pk_transit_routes")),
    )
    op.create_table(
        "transit_trips",
        sa.Column("timetable_id", sa.Uuid(), nullable=False),
        sa.Column("trip_id", sa.Text(), nullable=False),
        sa.Column("route_id", sa.Text(), nullable=False),
        sa.Column("service_id", sa.Text(), nullable=False),
        sa.Column("headsign", sa.Text(), nullable=True),
        sa.Column("direction_id", sa.Integer(), nullable=True),
        sa.Column("shape_id", sa.Text(), nullable=True),
        sa.Column("stop_ids", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("sequences", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("arrivals", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("departures", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.ForeignKeyConstraint(
            ["timetable_id"],
            ["transit_timetables.id"],
            name=op.f("fk_transit_trips_timetable_id_transit_timetables"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("timetable_id", "trip_id", name=op.f("pk_transit_trips")),
    )


def downgrade() -> None:
    """Drop them; the next run of a feed reads its timetable again."""
    op.drop_table("transit_trips")
    op.drop_table("transit_routes")
    op.drop_table("transit_timetables")
