"""The embedded servers keep what was committed, and never start over data they cannot read."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import binaries, testing
from deploy.local.problem import Problem
from deploy.local.processes import free_port, spawn, stop, wait_until
from deploy.local.servers import Postgres


@pytest.fixture
def fresh(run_folder: Path, request: pytest.FixtureRequest) -> Postgres:
    """A Postgres of our own that is not started."""
    bin_dir = binaries.find_postgres(os.environ.get("CITYPULSE_TEST_POSTGRES") or None)
    if binaries.account():
        bin_dir = binaries.readable_copy(bin_dir, run_folder)
    home = run_folder / request.node.name[:40]
    return Postgres(bin_dir, home, free_port(), "a password", binaries.account())


def test_a_committed_row_survives_a_kill(fresh: Postgres, tmp_path: Path) -> None:
    """The second start recovers at the first try, stale lock file and all."""
    fresh.prepare()
    program = fresh.program(tmp_path / "postgres.log")
    process = spawn(program)
    wait_until(fresh.answers, process, program, 60)
    fresh.create_database("kept")
    connection = fresh.connect("kept")
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 42 AS value")
    process.send_signal(signal.SIGKILL)
    process.wait()
    connection.close()

    fresh.prepare()
    again = spawn(program)
    wait_until(fresh.answers, again, program, 60)
    connection = fresh.connect("kept")
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM kept")
        assert (42,) == cursor.fetchone()
    connection.close()
    stop(again, program.stop_signal)


def test_text_in_other_alphabets_has_upper_and_lower_case(postgres: Postgres) -> None:
    """Names of streets are searched without regard to case in every language."""
    connection = postgres.connect("postgres")
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower('ÅÄÖ ΑΘΗΝΑ'), 'Ä' ILIKE 'ä'")
        assert ("åäö αθηνα", True) == cursor.fetchone()
    connection.close()


def test_data_of_another_major_version_are_left_alone(fresh: Postgres) -> None:
    """The text says how to carry them over."""
    fresh.data.mkdir(parents=True)
    (fresh.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(Problem, match=r"written by Postgres 9.*pg_dump"):
        fresh.prepare()
    assert "9\n" == (fresh.data / "PG_VERSION").read_text()


def test_a_folder_that_is_no_cluster_is_left_alone(fresh: Postgres) -> None:
    """Nobody's files are overwritten."""
    fresh.data.mkdir(parents=True)
    (fresh.data / "mine").write_text("")

    with pytest.raises(Problem, match="is not a Postgres cluster"):
        fresh.prepare()


def test_a_half_made_cluster_is_made_again(fresh: Postgres) -> None:
    """A power cut during the first start costs nothing."""
    (fresh.home / "data.new").mkdir(parents=True)
    (fresh.home / "data.new" / "PG_VERSION").write_text("")

    fresh.prepare()

    assert (fresh.data / "global" / "pg_control").exists()


def test_a_server_that_cannot_start_tells_its_last_words(fresh: Postgres, tmp_path: Path) -> None:
    """A corrupt cluster is told, never replaced."""
    fresh.prepare()
    (fresh.data / "global" / "pg_control").unlink()
    program = replace(fresh, port=free_port()).program(tmp_path / "postgres.log")
    process = spawn(program)

    with pytest.raises(Problem, match="pg_control"):
        wait_until(fresh.answers, process, program, 60)
    stop(process, program.stop_signal)


def test_the_servers_own_account_gets_a_copy_of_programs_it_cannot_reach(tmp_path: Path) -> None:
    """A package in a closed home is copied to an open folder, once."""
    closed = tmp_path / "closed"
    (closed / "bin").mkdir(parents=True)
    (closed / "bin" / "postgres").write_text("")
    closed.chmod(0o700)
    spare = tmp_path / "spare"
    spare.mkdir()

    copy = binaries.readable_copy(closed / "bin", spare)

    assert spare == copy.parent.parent
    assert (copy / "postgres").exists()
    assert copy == binaries.readable_copy(closed / "bin", spare)


def test_the_same_schema_comes_twice(postgres: Postgres) -> None:
    """Migrating a migrated database changes nothing."""
    postgres.create_database("migrated_twice")
    for _ in range(2):
        testing.migrate(postgres.url("migrated_twice"))
