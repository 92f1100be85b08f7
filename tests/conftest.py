"""What every test may ask for: a real Postgres, a real Valkey, settings that point there, recorded data."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import redis
from argon2 import PasswordHasher
from sqlalchemy import Engine

from deploy.local import testing
from deploy.local.servers import Postgres
from shared.accounts import passwords
from shared.db import Transaction, engine, forget_engine, transaction
from shared.settings import Settings, get_settings
from tests.support.recorded import RecordedTable

# A check of a change must say the same twice; elsewhere the search goes on where it likes.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

DATABASE = "citypulse_test"
TEMPLATE = "citypulse_template"
#: Files whose few tests take long: begun last, one would keep a single process busy while the others have nothing left.
LONG_FILES = ("test_workers.py", "test_local_launcher.py", "test_whole.py", "test_live_server.py")
LOOPBACK = ("127.", "::1", "localhost")
SECRET = "only-for-the-tests-0123456789abcdefghij"


def pytest_configure(config: pytest.Config) -> None:
    """Keep the table of recorded files; CITYPULSE_TEST_TABLE says where it is written."""
    path = os.environ.get("CITYPULSE_TEST_TABLE") or testing.ROOT / "test-results" / "recorded.json"
    config.pluginmanager.register(RecordedTable(Path(path)), "recorded-table")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long."""
    items.sort(key=lambda item: item.path.name not in LONG_FILES)


@pytest.fixture
def recorded_table(pytestconfig: pytest.Config) -> RecordedTable:
    """The table to which a test tells what became of a recorded file."""
    table = pytestconfig.pluginmanager.get_plugin("recorded-table")
    assert isinstance(table, RecordedTable)
    return table


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """Let no test leave this machine: a connection to any other address is an error."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def check(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "localhost"
        if not str(host).startswith(LOOPBACK):
            pytest.fail(f"a test tried to reach {host}: tests use loopback only")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *rest: Any, **options: Any) -> Any:
        if (
            host
            and not str(host).startswith(LOOPBACK)
            and not str(host)[-1].isdigit()
            and ":" not in str(host)
        ):
            raise socket.gaierror(socket.EAI_NONAME, f"tests look up no names: {host}")
        return look_up(host, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_look_up)
        yield


@pytest.fixture(scope="session", autouse=True)
def production_hasher() -> Iterator[PasswordHasher]:
    """Hash passwords as cheaply as argon2id can, or tests would mostly hash; gives the hasher of production."""
    hasher = passwords._hasher
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield hasher


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """The folder of this run's servers."""
    with testing.run_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres(run_folder: Path) -> Iterator[Postgres]:
    """One Postgres a run (and xdist worker) with a migrated template; CITYPULSE_TEST_POSTGRES=15 picks an installed one."""
    with testing.postgres(run_folder, os.environ.get("CITYPULSE_TEST_POSTGRES") or None) as server:
        server.create_database(TEMPLATE)
        testing.migrate(server.url(TEMPLATE))
        yield server


@pytest.fixture(scope="session")
def _redis_server(run_folder: Path) -> Iterator[str]:
    with testing.valkey(run_folder) as server:
        yield server.url


@pytest.fixture(scope="session")
def _emptier(postgres: Postgres) -> testing.Emptier:
    """A database for all tests, and the one who puts it back to what the migrations left."""
    postgres.create_database(DATABASE, TEMPLATE)
    return testing.Emptier(postgres, DATABASE)


@pytest.fixture
def database_url(postgres: Postgres, _emptier: testing.Emptier) -> Iterator[str]:
    """The URL of a migrated database; what the test leaves there is removed after it."""
    yield postgres.url(DATABASE)
    _emptier.empty()


@pytest.fixture
def redis_url(_redis_server: str) -> Iterator[str]:
    """The URL of an empty Valkey."""
    yield _redis_server
    with redis.Redis.from_url(_redis_server) as client:
        client.flushall()


@pytest.fixture
def settings(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """The settings of a process that runs against this test's servers and folder."""
    environment = {
        "CITYPULSE_ENV": "test",
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "JWT_SECRET": SECRET,
        "METRICS_TOKEN": SECRET,
        "STORAGE_DIR": str(tmp_path / "storage"),
        "CITYPULSE_STATE_DIR": str(tmp_path / "state"),
        "PUBLIC_URL": "http://127.0.0.1:8000",
    }
    for name in ("SENDGRID_API_KEY", "GOOGLE_CLIENT_ID", "FEEDS_ALLOWED_PRIVATE_HOSTS", "FRONTEND_DIST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    forget_engine()
    yield get_settings()
    forget_engine()
    get_settings.cache_clear()


@pytest.fixture
def db(settings: Settings) -> Engine:
    """The engine of a real database: what is committed here is committed, and removed after the test."""
    return engine()


@pytest.fixture
def tx(db: Engine) -> Iterator[Transaction]:
    """An open transaction in the test's database; the test decides about a commit, the end rolls back."""
    with transaction() as opened:
        yield opened
        opened.rollback()


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of recorded city data; a machine without it skips the test."""
    folder = Path(os.environ.get("CITYPULSE_TEST_DATA") or testing.ROOT.parent / "shared" / "data")
    if not (folder / "MANIFEST.tsv").exists():
        pytest.skip(f"no recorded city data in {folder}; set CITYPULSE_TEST_DATA")
    return folder
