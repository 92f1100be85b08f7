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


#: What a run that was stopped leaves behind, of both indexes.
STOPPED = {
    "before the new one was built": "DROP INDEX {new}; {make_old}",
    "before the old one was dropped": "{make_old}",
    "before its number was written": "SELECT 1",
    "with neither": "DROP INDEX {new}",
}
INDEXES = {
    "ix_features_point": "CREATE INDEX ix_features_point ON features USING gist (point)",
    "ix_features_strip": (
        "CREATE INDEX ix_features_strip ON features ((floor(point[1] * 500)::int), (point[0]), (point[1]))"
        " INCLUDE (point)"
    ),
}


@pytest.mark.parametrize("stopped", STOPPED)
def test_the_index_of_points_is_replaced_both_ways_and_goes_on_where_it_was_stopped(
    postgres: Postgres, settings: Settings, monkeypatch: pytest.MonkeyPatch, stopped: str
) -> None:
    """Also over rows without a place, at the poles and at the antimeridian; one index is left, whatever was there."""
    config = empty_database(postgres, monkeypatch, f"points_{list(STOPPED).index(stopped)}")
    command.upgrade(config, "0012")
    engine = create_engine(get_settings().database_url)
    with engine.begin() as connection:
        for place in (None, "(5,52)", "(-180,-90)", "(180,90)", "(0,-0.0)"):
            connection.execute(
                text(
                    "INSERT INTO features (id, city, feed_id, external_id, kind, title, point, fetched_at, updated_at,"
                    " content_hash, run_id) VALUES (gen_random_uuid(), 'c', gen_random_uuid(), 'x', 'alert', '',"
                    " CAST(:place AS point), now(), now(), '', gen_random_uuid())"
                ),
                {"place": place},
            )
    there: list[tuple[set[str], int]] = []
    point, strip = INDEXES
    for go, before, after, old, new in (
        (command.upgrade, "0012", "0013", point, strip),
        (command.downgrade, "0013", "0012", strip, point),
    ):
        go(config, after)
        with engine.begin() as connection:
            for statement in STOPPED[stopped].format(new=new, make_old=INDEXES[old]).split(";"):
                connection.execute(text(statement))
            connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
        go(config, after)
        with engine.connect() as connection:
            named = connection.execute(text("SELECT indexname FROM pg_indexes WHERE tablename = 'features'"))
            rows = connection.execute(text("SELECT count(*) FROM features")).scalar_one()
            there.append((set(named.scalars()) & INDEXES.keys(), rows))
    engine.dispose()

    assert [({"ix_features_strip"}, 5), ({"ix_features_point"}, 5)] == there
