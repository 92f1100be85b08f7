"""The embedded Postgres and Valkey: prepare their folders, run them, know when they answer."""

import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import redis

from deploy.local.binaries import postgres_major
from deploy.local.problem import Problem
from deploy.local.processes import Program, primary_group

#: The superuser and the database of the embedded cluster.
OWNER = "citypulse"


@dataclass(frozen=True)
class Postgres:
    """One embedded cluster: where its programs and its data are, and how it is reached."""

    bin_dir: Path
    home: Path
    port: int
    password: str
    user: str | None = None
    #: False in tests: no write waits for the disk.
    durable: bool = True

    @property
    def data(self) -> Path:
        """The data folder of the cluster."""
        return self.home / "data"

    def url(self, database: str = OWNER) -> str:
        """Return the SQLAlchemy URL of a database in this cluster."""
        return f"postgresql+psycopg2://{OWNER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        """
        Make the cluster unless it is there already.

        Raises: Problem when the data belong to another major version or `initdb` fails.
        """
        own_folder(self.home, self.user)
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise Problem(f"{self.data} is not a Postgres cluster: move it away to start afresh")
        self._initdb()

    def program(self, log: Path) -> Program:
        """Return how the server is run; it ends by a fast shutdown."""
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        if self.durable:
            # As production has them: what is measured here is measured with these.
            options |= {"shared_buffers": "256MB", "max_wal_size": "2GB"}
            if any((self.bin_dir.parent / "lib").rglob("pg_stat_statements.*")):
                options["shared_preload_libraries"] = "pg_stat_statements"
        else:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        command = [str(self.bin_dir / "postgres"), "-D", str(self.data), "-p", str(self.port), *settings]
        return Program("postgres", tuple(command), log, user=self.user, stop_signal=signal.SIGINT)

    def answers(self) -> bool:
        """Tell whether the server lets us in."""
        try:
            self.connect("postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def connect(self, database: str = OWNER) -> "psycopg2.extensions.connection":
        """Open a plain connection, for statements that no transaction may hold."""
        return psycopg2.connect(
            host="127.0.0.1",
            port=self.port,
            user=OWNER,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )

    def create_database(self, name: str, template: str = "template0") -> None:
        """Make a database unless it is there."""
        connection = self.connect("postgres")
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if not cursor.fetchone():
                cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        connection.close()

    def _check_version(self) -> None:
        theirs = (self.data / "PG_VERSION").read_text().strip()
        ours = str(postgres_major(self.bin_dir))
        if theirs != ours:
            raise Problem(
                f"{self.data} was written by Postgres {theirs}, this is Postgres {ours}: "
                f"dump it with the old version first (pg_dump), or move the folder away to start afresh"
            )

    def _initdb(self) -> None:
        """Build the cluster beside its place and move it there whole: a half-made one is never used."""
        unfinished = self.home / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        secret = self.home / "password"
        secret.touch(0o600)
        secret.write_text(self.password)
        if self.user:
            shutil.chown(secret, self.user)
        # The built-in provider knows upper and lower case on every system alike; before 17 libc must do.
        collation = ["--locale=C.UTF-8"]
        if postgres_major(self.bin_dir) >= 17:
            collation = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(self.bin_dir / "initdb"), "-D", str(unfinished), "-U", OWNER, "-A", "scram-sha-256"]
        command += ["--pwfile", str(secret), "-E", "UTF8", "--no-sync", *collation]
        made = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=self.user,
            group=primary_group(self.user),
            extra_groups=[] if self.user else None,
        )
        secret.unlink()
        if made.returncode:
            raise Problem(f"initdb failed in {self.home}: {_last_line(made.stderr)}")
        unfinished.rename(self.data)


@dataclass(frozen=True)
class Valkey:
    """One embedded Valkey with a password, kept in an append-only file."""

    binary: Path
    home: Path
    port: int
    password: str
    user: str | None = None
    durable: bool = True

    @property
    def url(self) -> str:
        """The URL that redis-py and Celery take."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        """Make the folder for its file."""
        own_folder(self.home, self.user)

    def program(self, log: Path) -> Program:
        """Return how the server is run; the configuration comes from a file, so that no process list shows the password."""
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{self.home}"',
            f"requirepass {self.password}",
            "maxmemory-policy noeviction",
            'save ""',
            f"appendonly {'yes' if self.durable else 'no'}",
            "appendfsync everysec",
        ]
        config = self.home / "valkey.conf"
        config.touch(0o600)
        config.write_text("\n".join(lines) + "\n")
        if self.user:
            shutil.chown(config, self.user)
        return Program("valkey", (str(self.binary), str(config)), log, user=self.user)

    def answers(self) -> bool:
        """Tell whether the server answers us."""
        try:
            with redis.Redis.from_url(self.url, socket_connect_timeout=2, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


def own_folder(folder: Path, user: str | None) -> None:
    """Make a private folder that belongs to the account that will write there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if user and folder.owner() != user:
        shutil.chown(folder, user)


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "no output"
