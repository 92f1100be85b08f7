"""Migrations make exactly the tables the models describe, and can be undone."""

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

import shared.models
from deploy.local.servers import Postgres
from deploy.local.testing import ROOT
from shared.db import Base, forget_engine
from shared.settings import Settings, get_settings

assert shared.models


def test_the_migrated_database_is_what_the_models_say(db: Engine) -> None:
    """Nothing to autogenerate."""
    with db.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)

    foreign = [entry for entry in differences if "observations_" not in str(entry)]
    assert foreign == []


def test_every_migration_goes_up_down_and_up_again(
    postgres: Postgres, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release can be undone on an empty database, and done again."""
    postgres.create_database("up_and_down")
    monkeypatch.setenv("DATABASE_URL", postgres.url("up_and_down"))
    get_settings.cache_clear()
    forget_engine()
    config = Config(ROOT / "shared" / "migrations" / "alembic.ini")

    command.upgrade(config, "head")
    command.downgrade(config, "base")
    emptied = create_engine(get_settings().database_url)
    with emptied.connect() as connection:
        left = set(inspect(connection).get_table_names()) - {"alembic_version"}
    command.upgrade(config, "head")
    with emptied.connect() as connection:
        restored = connection.execute(text("SELECT count(*) FROM stream_state")).scalar_one()
    emptied.dispose()

    assert left == set()
    assert restored == 1
