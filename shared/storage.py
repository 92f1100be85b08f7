"""
Keep files: received bytes under random names, finished ones under their record's id.

Every write is whole or absent: bytes go to a `.part` file beside their place and are renamed when all of
them are on disk. Paths are relative, written with `/`, and never carry a word of the sender's.
"""

import errno
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import IO, Protocol, cast

from fsspec import AbstractFileSystem
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from shared.errors import Permanent, Refused, Transient
from shared.settings import get_settings

CHUNK_BYTES = 1 << 20
FOLDER_MODE = 0o700
FILE_MODE = 0o600
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class StorageFull(Refused, Transient):
    """Say that the disk is full: a request is answered 507, a job tries again later."""

    status = 507


class TooLarge(Refused):
    """Refuse a file that holds more bytes than allowed."""

    status = 413


class Readable(Protocol):
    """What can be stored: anything that reads bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, and none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Stored:
    """A file that lies whole in storage; `sha256` is hexadecimal."""

    path: str
    size_bytes: int
    sha256: str


class Storage:
    """A tree of files on one filesystem: a local folder, or anything fsspec can name by URL."""

    def __init__(self, root: str | Path) -> None:
        self._fs: AbstractFileSystem
        self._fs, base = url_to_fs(str(root.absolute() if isinstance(root, Path) else root))
        self._base = str(base).rstrip("/")
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def put_stream(self, folder: str, stream: Readable, *, max_bytes: int) -> Stored:
        """
        Store a stream under a new random name in `folder`, in constant memory.

        Raises: TooLarge past `max_bytes` (nothing is kept), StorageFull when there is no room.
        """
        name = secrets.token_hex(16)
        return self._put(f"{folder}/{name[:2]}/{name}", stream, max_bytes)

    def put_bytes(self, path: str, data: bytes) -> Stored:
        """
        Store bytes at `path`, in place of what lay there.

        Raises: StorageFull when there is no room.
        """
        return self._put(path, BytesIO(data), len(data))

    def open(self, path: str) -> IO[bytes]:
        """
        Open a stored file for reading.

        Raises: FileNotFoundError.
        """
        return cast("IO[bytes]", self._fs.open(self._full(path), "rb"))

    def exists(self, path: str) -> bool:
        """Tell whether a file lies at `path`."""
        return bool(self._fs.isfile(self._full(path)))

    def delete(self, path: str) -> None:
        """Remove a file; one that is not there is already removed."""
        with suppress(FileNotFoundError):
            self._fs.rm_file(self._full(path))

    def walk(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield each file under a folder, parts of unfinished writes too, with the moment it was last written."""
        for parent, _folders, names in self._fs.walk(self._full(folder)):
            for name in names:
                full = f"{parent}/{name}"
                with suppress(FileNotFoundError):
                    yield full.removeprefix(f"{self._base}/"), self._fs.modified(full)

    @contextmanager
    def as_local_file(self, path: str) -> Iterator[Path]:
        """
        Give a path that programs on this machine can read, for the length of the block.

        Raises: FileNotFoundError.
        """
        full = self._full(path)
        if self._is_local:
            if not Path(full).is_file():
                raise FileNotFoundError(errno.ENOENT, "no such stored file", path)
            yield Path(full)
            return
        with tempfile.TemporaryDirectory(prefix="citypulse-") as folder:
            copy = Path(folder) / "file"
            self._fs.get_file(full, str(copy))
            yield copy

    def _put(self, path: str, stream: Readable, max_bytes: int) -> Stored:
        full = self._full(path)
        part = f"{full}.{secrets.token_hex(4)}.part" if self._is_local else full
        try:
            return self._write(full, part, path, stream, max_bytes)
        except OSError as error:
            self._forget(part)
            if error.errno in _NO_ROOM:
                raise StorageFull("storage: no room is left for files") from error
            raise
        except BaseException:
            self._forget(part)
            raise

    def _write(self, full: str, part: str, path: str, stream: Readable, max_bytes: int) -> Stored:
        digest, size = hashlib.sha256(), 0
        with self._create(part) as file:
            while chunk := stream.read(CHUNK_BYTES):
                size += len(chunk)
                if size > max_bytes:
                    raise TooLarge(f"the file is larger than {max_bytes} bytes", max_bytes=max_bytes)
                digest.update(chunk)
                file.write(chunk)
            if self._is_local:
                file.flush()
                os.fsync(file.fileno())
        if self._is_local:
            Path(part).replace(full)
            _sync_folder(Path(full).parent)
        return Stored(path, size, digest.hexdigest())

    def _create(self, part: str) -> IO[bytes]:
        """Open a file that nobody else can read; object stores make their folders by themselves."""
        if not self._is_local:
            return cast("IO[bytes]", self._fs.open(part, "wb"))
        _make_folders(Path(part).parent)
        return os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb")

    def _forget(self, part: str) -> None:
        with suppress(OSError):
            self._fs.rm_file(part)

    def _full(self, path: str) -> str:
        """
        Put the root before a relative path.

        Raises: Permanent for a path that would leave the root.
        """
        if not path.isprintable() or any(part in {"", ".", ".."} for part in path.split("/")):
            raise Permanent(f"storage: {path!r} is not a path of ours")
        return f"{self._base}/{path}"


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, closed to others: `mkdir(parents=True)` gives parents the umask's mode."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    """Put a rename itself on disk: a committed row must never name a file a power cut took."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@cache
def _at(root: str) -> Storage:
    return Storage(Path(root))


def storage() -> Storage:
    """Return the storage the settings name."""
    return _at(str(get_settings().storage_dir))
