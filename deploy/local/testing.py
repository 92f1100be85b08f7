"""The embedded servers for a test run: no disk waits, free ports, gone with the run."""

# ruff: noqa: S608 - the only names put into statements are the catalogue's own, quoted by Postgres.

import importlib
import io
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from deploy.local import binaries
from deploy.local.problem import Problem
from deploy.local.processes import free_port, spawn, stop, wait_until
from deploy.local.servers import Postgres, Valkey
from shared.db import Base, forget_engine
from shared.settings import get_settings

ROOT = Path(__file__).parent.parent.parent
ALEMBIC_INI = ROOT / "shared" / "migrations" / "alembic.ini"
#: A port may be taken between the moment it is found free and the moment the server binds it.
TRIES = 5

_Server = TypeVar("_Server", Postgres, Valkey)


@contextmanager
def run_folder() -> Iterator[Path]:
    """Yield a new folder that the servers' account can reach, and remove it afterwards."""
    base = Path(tempfile.gettempdir())
    if binaries.account() and not binaries.others_may_enter(base.resolve()):
        base = Path("/tmp")  # noqa: S108 - mkdtemp makes the private folder in there
    folder = Path(tempfile.mkdtemp(prefix="citypulse-test-", dir=base))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres(folder: Path, wanted: str | None = None, *, durable: bool = False) -> Iterator[Postgres]:
    """Run a Postgres for the length of the block; `wanted` is a major version or a folder of programs."""
    bin_dir = binaries.find_postgres(wanted)
    if binaries.account():
        bin_dir = binaries.readable_copy(bin_dir, folder)
    password = secrets.token_urlsafe(16)
    server = Postgres(bin_dir, folder / "postgres", 0, password, binaries.account(), durable=durable)
    yield from _running(server, folder / "postgres.log")


@contextmanager
def valkey(folder: Path, *, durable: bool = False) -> Iterator[Valkey]:
    """Run a Valkey for the length of the block."""
    program = binaries.find_valkey()
    if binaries.account():
        program = binaries.readable_program(program, folder)
    password = secrets.token_urlsafe(16)
    server = Valkey(program, folder / "valkey", 0, password, binaries.account(), durable=durable)
    yield from _running(server, folder / "valkey.log")


def migrate(url: str) -> None:
    """Bring a database to the newest schema."""
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    get_settings.cache_clear()
    forget_engine()
    try:
        if ALEMBIC_INI.exists():
            command.upgrade(Config(str(ALEMBIC_INI)), "head")
        else:
            _create_tables(url)
    finally:
        # An open connection would keep the database from being a template.
        forget_engine()
        get_settings.cache_clear()
        if before is None:
            del os.environ["DATABASE_URL"]
        else:
            os.environ["DATABASE_URL"] = before


class Emptier:
    """Puts a test database back to what the migrations left there, however a test ended."""

    def __init__(self, server: Postgres, database: str) -> None:
        self._connection = server.connect(database)
        self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            # Without triggers the tables can be emptied and filled in any order.
            cursor.execute("SET session_replication_role = replica; SET lock_timeout = '10s'")
        self._given = {table: self._rows(table) for table in self._filled()}

    def empty(self) -> None:
        """Remove every row that came since, and bring back every row that went."""
        with self._connection.cursor() as cursor:
            # A connection that a test left inside a transaction would hold rows for ever.
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND backend_type = 'client backend' "
                "AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
            for table in sorted(self._filled() | self._given.keys()):
                given = self._given.get(table)
                if given is None:
                    cursor.execute(f"DELETE FROM {table}")
                elif given != self._rows(table):
                    cursor.execute(f"DELETE FROM {table}")
                    cursor.copy_expert(f"COPY {table} FROM STDIN", io.BytesIO(b"".join(given)))

    def _filled(self) -> set[str]:
        """Name the tables that hold a row; a partition counts as its parent."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'p') "
                "AND NOT relispartition AND relnamespace = 'public'::regnamespace"
            )
            tables = [row[0] for row in cursor.fetchall()]
            probes = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables]
            cursor.execute(" UNION ALL ".join(probes) or "SELECT 1 WHERE false")
            return {row[0] for row in cursor.fetchall()}

    def _rows(self, table: str) -> list[bytes]:
        """Return the rows of a table as COPY writes them, sorted: an update moves a row."""
        out = io.BytesIO()
        with self._connection.cursor() as cursor:
            cursor.copy_expert(f"COPY (SELECT * FROM {table}) TO STDOUT", out)
        return sorted(out.getvalue().splitlines(keepends=True))


def _running(server: _Server, log: Path) -> Iterator[_Server]:
    server.prepare()
    for tries_left in reversed(range(TRIES)):
        server = replace(server, port=free_port())
        program = server.program(log)
        process = spawn(program)
        try:
            wait_until(server.answers, process, program, limit_seconds=60)
        except Problem:
            stop(process, program.stop_signal)
            if not tries_left:
                raise
            continue
        try:
            yield server
        finally:
            stop(process, program.stop_signal)
        return


def _create_tables(url: str) -> None:
    """Make the tables from the models, as long as there are no migrations."""
    for models in sorted((ROOT / "shared").glob("*/models.py")):
        importlib.import_module(f"shared.{models.parent.name}.models")
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
