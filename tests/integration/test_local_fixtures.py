"""The fixtures that every other test stands on keep their promises."""

import socket
from pathlib import Path

import pytest
import redis
from sqlalchemy import Engine, inspect, text

from deploy.local.servers import Postgres
from deploy.local.testing import Emptier
from shared.db import Transaction, transaction
from shared.settings import Settings, get_settings

SCRATCH = "scratch_of_the_fixtures"


@pytest.fixture
def scratch(postgres: Postgres) -> Postgres:
    """A database of our own with a table that was given one row."""
    postgres.create_database(SCRATCH)
    connection = postgres.connect(SCRATCH)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS child; DROP TABLE IF EXISTS parent")
        cursor.execute("CREATE TABLE parent (id int PRIMARY KEY, name text)")
        cursor.execute("CREATE TABLE child (parent_id int REFERENCES parent)")
        cursor.execute("INSERT INTO parent VALUES (1, 'given')")
    connection.close()
    return postgres


def test_the_settings_point_at_the_servers_of_this_run(settings: Settings, postgres: Postgres) -> None:
    """Nothing reads the developer's own database."""
    assert settings is get_settings()
    assert f"127.0.0.1:{postgres.port}" in settings.database_url
    assert "test" == settings.citypulse_env


def test_the_database_is_migrated(db: Engine) -> None:
    """A test finds the tables of the newest schema."""
    assert inspect(db).get_table_names()


def test_an_emptied_database_holds_what_it_was_given_and_nothing_else(scratch: Postgres) -> None:
    """Rows that came are removed, rows that went or changed are brought back."""
    emptier = Emptier(scratch, SCRATCH)
    connection = scratch.connect(SCRATCH)
    with connection, connection.cursor() as cursor:
        cursor.execute("UPDATE parent SET name = 'changed'; INSERT INTO parent VALUES (2, 'new')")
        cursor.execute("INSERT INTO child VALUES (2)")

    emptier.empty()

    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM parent")
        assert [(1, "given")] == cursor.fetchall()
        cursor.execute("SELECT count(*) FROM child")
        assert (0,) == cursor.fetchone()
    connection.close()


def test_a_test_that_left_a_transaction_open_does_not_block_the_next(scratch: Postgres) -> None:
    """The forgotten connection is closed by the server."""
    emptier = Emptier(scratch, SCRATCH)
    forgotten = scratch.connect(SCRATCH)
    with forgotten.cursor() as cursor:
        cursor.execute("LOCK TABLE parent")

    emptier.empty()

    other = scratch.connect(SCRATCH)
    with other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE parent NOWAIT")
    other.close()
    forgotten.close()


def test_a_transaction_of_a_test_is_rolled_back_unless_it_commits(tx: Transaction) -> None:
    """What is only flushed is seen by nobody else."""
    tx.execute(text("CREATE TABLE seen_by_nobody ()"))

    with transaction() as other:
        assert other.execute(text("SELECT to_regclass('seen_by_nobody')")).scalar_one() is None


def test_valkey_answers_and_is_empty(redis_url: str) -> None:
    """Each test starts with no keys."""
    with redis.Redis.from_url(redis_url) as client:
        assert 0 == client.dbsize()
        client.set("left", "behind")


def test_valkey_is_empty_again(redis_url: str) -> None:
    """The key of the test above is gone."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.get("left") is None


def test_no_test_reaches_another_machine() -> None:
    """An address that is not loopback fails the test before a packet leaves."""
    with pytest.raises(pytest.fail.Exception, match="loopback only"), socket.socket() as probe:
        probe.connect(("192.0.2.1", 80))


def test_recorded_data_are_found(test_data: Path) -> None:
    """The manifest stands in the folder."""
    assert (test_data / "MANIFEST.tsv").is_file()
