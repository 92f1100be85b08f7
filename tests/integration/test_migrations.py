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


def empty_database(postgres: Postgres, monkeypatch: pytest.MonkeyPatch, name: str) -> Config:
    """Make a database without a table the one of the settings; returns what Alembic needs."""
    postgres.create_database(name)
    monkeypatch.setenv("DATABASE_URL", postgres.url(name))
    get_settings.cache_clear()
    forget_engine()
    return Config(ROOT / "shared" / "migrations" / "alembic.ini")


def test_every_migration_goes_up_down_and_up_again(
    postgres: Postgres, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release can be undone on an empty database, and done again."""
    config = empty_database(postgres, monkeypatch, "up_and_down")

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


PLACES = {
    "plain": ('{"type": "Point", "coordinates": [-0.1000001, 1e-7]}', "(-0.1000001,1e-7)"),
    "whole": ('{"type": "Point", "coordinates": [5, 52]}', "(5,52)"),
    "high": ('{"type": "Point", "coordinates": [5, 52, 9]}', "(5,52)"),
    "named": ('{"type": "Point", "coordinates": [5, 52], "crs": "x"}', "(5,52)"),
    "unknown": ('{"type": "Point", "coordinates": [0, 0]}', None),
    "line": ('{"type": "LineString", "coordinates": [[5, 52], [5, 53]]}', "(5,52.5)"),
    "nowhere": (None, None),
}


def test_plain_points_lose_their_documents_and_get_them_back(
    postgres: Postgres, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever says more than `point` keeps its document; the last of many loses it too."""
    config = empty_database(postgres, monkeypatch, "plain_points")
    command.upgrade(config, "0005")
    engine = create_engine(get_settings().database_url)
    stored = text("SELECT external_id, geometry FROM features")
    with engine.begin() as connection:
        for name, (geometry, point) in PLACES.items():
            connection.execute(
                text(
                    "INSERT INTO features (id, city, feed_id, external_id, kind, title, geometry, point, fetched_at,"
                    " updated_at, content_hash, run_id) SELECT gen_random_uuid(), 'c', gen_random_uuid(), :name, 'alert',"
                    " '', CAST(:geometry AS jsonb), CAST(:point AS point), now(), now(), '', gen_random_uuid()"
                    " FROM generate_series(1, :rows)"
                ),
                {"name": name, "geometry": geometry, "point": point, "rows": 6000 if name == "plain" else 1},
            )
        before = {row.external_id: row.geometry for row in connection.execute(stored)}

    command.upgrade(config, "0006")
    with engine.connect() as connection:
        upgraded = {row.external_id: row.geometry for row in connection.execute(stored)}
        left = connection.execute(
            text("SELECT count(*) FROM features WHERE geometry IS NOT NULL")
        ).scalar_one()
    command.downgrade(config, "0005")
    with engine.connect() as connection:
        restored = {row.external_id: row.geometry for row in connection.execute(stored)}
    engine.dispose()

    assert (before | {"plain": None, "whole": None}, 4) == (upgraded, left)
    assert before == restored
