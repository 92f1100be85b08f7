"""Run migrations: one at a time over all processes, with short locks, so that the site stays up."""

from alembic import context
from sqlalchemy import text

import shared.models  # noqa: F401 - fills the metadata
from shared.db import Base, engine

_ONE_AT_A_TIME = 4_242_001


def _is_modelled(name: str | None, kind: str, parents: object) -> bool:
    """Leave partitions out of what is compared: no model of theirs stands in the code."""
    return not (kind == "table" and name is not None and name.startswith("observations_"))


def run() -> None:
    """Upgrade under an advisory lock; a statement that waits for a lock gives up after four seconds."""
    with engine().connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ONE_AT_A_TIME})
        connection.execute(text("SET lock_timeout = '4s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            compare_type=True,
            include_name=_is_modelled,
            transaction_per_migration=True,
        )
        try:
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ONE_AT_A_TIME})
            connection.commit()


run()
