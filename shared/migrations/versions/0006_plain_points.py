"""Plain points of features are stored once: as `point`, no longer as `geometry` too."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ROWS_AT_ONCE = 5_000
_POINT = "jsonb_build_object('type', 'Point', 'coordinates', jsonb_build_array(point[0], point[1]))"


def upgrade() -> None:
    """Drop documents that say what `point` says; readers write them out, and read those that are left."""
    _set("NULL", where=f"geometry = {_POINT}")


def downgrade() -> None:
    """Write them again."""
    _set(_POINT, where="geometry IS NULL AND point IS NOT NULL")


def _set(value: str, where: str) -> None:
    """
    Set `geometry` part by part, each committed: feeds go on, and the dead rows of one part make room for later ones.

    Rows that a run holds are left to it: waiting for them could end in a deadlock. Stopped, it may be run again.
    """
    part = sa.text(
        "SELECT id FROM (SELECT id FROM features WHERE id > :after ORDER BY id LIMIT :size) part"
        " ORDER BY id DESC LIMIT 1"
    )
    change = sa.text(
        f"WITH held AS (SELECT id FROM features WHERE id > :after AND id <= :last AND {where}"
        f" FOR UPDATE SKIP LOCKED) UPDATE features f SET geometry = {value} FROM held WHERE f.id = held.id"
    )
    after = "00000000-0000-0000-0000-000000000000"
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        while last := connection.execute(part, {"after": after, "size": _ROWS_AT_ONCE}).scalar():
            connection.execute(change, {"after": after, "last": last})
            after = last
