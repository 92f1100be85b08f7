"""backup-inside.sh on a real Postgres 15: what it keeps can be restored, and what cannot is not kept."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.rehearsal.edge import free_ports

BIN = Path("/usr/lib/postgresql/15/bin")
SCRIPT = Path(__file__).parent.parent.parent / "deploy" / "scripts" / "backup-inside.sh"
TABLES = """
CREATE TABLE stream_state (id int PRIMARY KEY, epoch bigint NOT NULL);
CREATE TABLE events (id bigint PRIMARY KEY, data jsonb);
CREATE TABLE readings (id int, at timestamptz, value double precision, note text) PARTITION BY RANGE (id);
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (0) TO (1000000);
INSERT INTO stream_state VALUES (1, 7);
INSERT INTO events SELECT n, jsonb_build_object('n', n) FROM generate_series(1, 100) n;
INSERT INTO readings SELECT n, '2026-11-22'::timestamptz + n * interval '1 second', n / 7.0, 'line ' || n
FROM generate_series(1, 20000) n;
"""


class Server:
    """A Postgres of this test's own, with the settings that production has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.backups = folder / "backups"
        self.port = free_ports(1)[0]
        self.env = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "citypulse",
            "PGDATABASE": "citypulse",
            "BACKUPS_DIR": str(self.backups),
            "UPLOADS_DIR": str(folder / "uploads"),
        }

    def backup(self, *arguments: str, limit: str = "") -> subprocess.CompletedProcess[str]:
        """Run the script as its container does."""
        command = f"{limit} exec sh '{self.folder / 'backup.sh'}' {' '.join(arguments)}"
        return subprocess.run(
            ["sh", "-c", command], env=self.env, capture_output=True, text=True, cwd=self.folder, check=False
        )

    def sql(self, statement: str) -> str:
        """Run a statement."""
        done = subprocess.run(
            ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement],
            env=self.env, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout.strip()

    @property
    def kept(self) -> list[str]:
        """What lies in the folder of the backups, without the times in the names."""
        return sorted(
            file.name.split("-")[0] + file.suffix for file in self.backups.iterdir() if file.is_file()
        )


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Start a cluster; as root, for the account `nobody`, as Postgres refuses root."""
    if not (BIN / "postgres").exists():
        pytest.skip("Postgres 15 is not installed")
    folder = Path(tempfile.mkdtemp(prefix="citypulse-backup-"))
    server = Server(folder)
    (folder / "uploads").mkdir()
    (folder / "uploads" / "photo").write_bytes(b"a photo")
    server.backups.mkdir()
    shutil.copy(SCRIPT, folder / "backup.sh")
    account = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
        account = {"user": "nobody", "group": nobody.pw_gid, "extra_groups": []}
    initdb = [
        BIN / "initdb",
        "-D",
        folder / "data",
        "-U",
        "citypulse",
        "-A",
        "trust",
        "--no-sync",
        "-E",
        "UTF8",
    ]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **account)
    settings = {
        "port": server.port,
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "idle_in_transaction_session_timeout": "1ms",
        "lock_timeout": "2s",
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [BIN / "postgres", "-D", folder / "data", *options], stdout=log, stderr=log, cwd=folder, **account
        )
    try:
        while subprocess.run(["pg_isready", "-q", "-d", "postgres"], env=server.env, check=False).returncode:
            assert process.poll() is None, (folder / "log").read_text()
        subprocess.run(["createdb", "citypulse"], env=server.env, check=True)
        server.sql(TABLES)
        yield server
    finally:
        process.send_signal(2)
        process.wait()
        shutil.rmtree(folder)


def test_a_backup_is_kept_after_it_was_restored_and_compared(server: Server) -> None:
    """Dump, row sums, files and the mark are there; the scratch database is gone."""
    done = server.backup("once", "test")

    assert (0, "") == (done.returncode, done.stderr)
    assert ["db.dump", "db.rows", "last", "uploads.tar"] == server.kept
    assert "3 tables verified" in done.stdout
    assert "0" == server.sql("SELECT count(*) FROM pg_database WHERE datname = 'citypulse_verify'")


def test_a_full_disk_leaves_the_last_good_backup(server: Server) -> None:
    """A dump that cannot be written whole is not kept, the exit code says so, and the mark is not renewed."""
    server.backup("once")
    before, mark = server.kept, (server.backups / "last-verified").read_text()
    # A file may grow to 20 KiB: what a full disk does to a dump.
    done = server.backup("once", limit="ulimit -f 40; trap '' XFSZ;")

    assert 0 != done.returncode
    assert "FAILED" in done.stdout
    assert (before, mark) == (server.kept, (server.backups / "last-verified").read_text())


def test_a_restore_brings_back_every_row_and_a_new_epoch(server: Server) -> None:
    """What was lost is back, the stream starts afresh, and the damaged database is kept beside it."""
    server.backup("once")
    newest = max(file.name for file in server.backups.glob("db-*.dump"))
    server.sql("DELETE FROM readings WHERE id > 5")
    done = server.backup("restore", newest)

    assert 0 == done.returncode, done.stdout + done.stderr
    assert "20000|8|0" == server.sql(
        "SELECT (SELECT count(*) FROM readings), epoch, (SELECT count(*) FROM events) FROM stream_state"
    )
    assert "1" == server.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'citypulse_before_%'")


def test_a_damaged_backup_replaces_nothing(server: Server) -> None:
    """A dump with a hole is refused before the database is touched."""
    server.backup("once")
    newest = max(server.backups.glob("db-*.dump"))
    damaged = server.backups / "db-damaged.dump"
    damaged.write_bytes(newest.read_bytes()[:-5000])
    before = server.sql("SELECT count(*) FROM readings")
    done = server.backup("restore", damaged.name)
    damaged.unlink()

    assert 0 != done.returncode
    assert before == server.sql("SELECT count(*) FROM readings")


def test_seven_dumps_are_kept(server: Server) -> None:
    """The eighth and older are forgotten with their sums."""
    for day in range(10, 19):
        for suffix in ("dump", "dump.rows"):
            old = server.backups / f"db-202001{day}T031700Z.{suffix}"
            old.write_text("old")
            os.utime(old, (1_500_000_000 + day, 1_500_000_000 + day))
    server.backup("once")

    assert 7 == len(list(server.backups.glob("db-*.dump")))
