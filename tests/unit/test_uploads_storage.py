"""A file is in storage whole or not at all, under a name that tells nothing."""

import errno
import hashlib
import stat
from io import BytesIO
from pathlib import Path

import pytest

from shared.errors import Permanent, Transient
from shared.storage import Storage, StorageFull, TooLarge


@pytest.fixture
def place(tmp_path: Path) -> Storage:
    """An empty storage."""
    return Storage(tmp_path / "storage")


def files(folder: Path) -> list[Path]:
    """List every file below a folder, also the hidden and the half-written."""
    return [path for path in folder.rglob("*") if path.is_file()]


class Breaking(BytesIO):
    """A stream that gives some bytes and then an error."""

    def __init__(self, error: Exception) -> None:
        super().__init__(b"x" * 100)
        self.error = error

    def read(self, size: int | None = -1, /) -> bytes:
        """Give what there is once."""
        if chunk := super().read(size):
            return chunk
        raise self.error


def test_a_stream_is_stored_with_its_size_and_hash(place: Storage) -> None:
    """What comes out is what went in."""
    data = bytes(range(256)) * 9_000

    stored = place.put_stream("incoming", BytesIO(data), max_bytes=len(data))

    with place.open(stored.path) as file:
        assert data == file.read()
    assert (len(data), hashlib.sha256(data).hexdigest()) == (stored.size_bytes, stored.sha256)
    assert place.exists(stored.path)


def test_others_can_neither_read_a_file_nor_enter_a_folder(place: Storage, tmp_path: Path) -> None:
    """0600 and 0700, whatever the umask is."""
    place.put_stream("incoming", BytesIO(b"x"), max_bytes=10)

    found = [tmp_path / "storage", *(tmp_path / "storage").rglob("*")]
    modes = {stat.S_IMODE(path.stat().st_mode) for path in found if path.is_dir()}
    assert {0o700} == modes
    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in files(tmp_path)}


def test_one_byte_too_many_leaves_nothing(place: Storage, tmp_path: Path) -> None:
    """The limit itself is allowed."""
    place.put_stream("incoming", BytesIO(b"x" * 10), max_bytes=10)

    with pytest.raises(TooLarge) as caught:
        place.put_stream("incoming", BytesIO(b"x" * 11), max_bytes=10)

    assert 413 == caught.value.status
    assert 1 == len(files(tmp_path))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_as_such_and_leaves_nothing(place: Storage, tmp_path: Path, number: int) -> None:
    """A request is answered 507, a job tries again."""
    with pytest.raises(StorageFull) as caught:
        place.put_stream("incoming", Breaking(OSError(number, "full")), max_bytes=1000)

    assert 507 == caught.value.status
    assert isinstance(caught.value, Transient)
    assert caught.value.retry_after_seconds is None
    assert [] == files(tmp_path)


def test_a_sender_that_hangs_up_leaves_nothing(place: Storage, tmp_path: Path) -> None:
    """Any error on the way removes the part that was written."""
    with pytest.raises(ConnectionResetError):
        place.put_stream("incoming", Breaking(ConnectionResetError()), max_bytes=1000)

    assert [] == files(tmp_path)


def test_names_are_random(place: Storage) -> None:
    """The same bytes twice are two files: deleting one never takes the other."""
    first, second = (place.put_stream("incoming", BytesIO(b"same"), max_bytes=10) for _ in range(2))
    place.delete(first.path)

    assert not place.exists(first.path)
    assert place.exists(second.path)


def test_a_file_is_replaced_whole(place: Storage, tmp_path: Path) -> None:
    """Writing the same path again leaves the new bytes and no other file."""
    place.put_bytes("photos/a/large.webp", b"old and long")
    place.put_bytes("photos/a/large.webp", b"new")

    with place.open("photos/a/large.webp") as file:
        assert b"new" == file.read()
    assert 1 == len(files(tmp_path))


def test_deleting_what_is_not_there_is_done_already(place: Storage) -> None:
    """A step that runs twice deletes twice."""
    place.delete("photos/none")

    with pytest.raises(FileNotFoundError):
        place.open("photos/none")
    with pytest.raises(FileNotFoundError), place.as_local_file("photos/none"):
        pass


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../b", "a//b", "", ".", "a/.", "a\0b", "a\nb"])
def test_no_path_leaves_the_root(place: Storage, path: str) -> None:
    """Paths are ours, and a wrong one is a fault to be seen."""
    with pytest.raises(Permanent):
        place.put_bytes(path, b"x")
    with pytest.raises(Permanent):
        place.open(path)


def test_another_filesystem_is_named_by_url() -> None:
    """The same calls work on anything fsspec knows."""
    place = Storage("memory://citypulse-test")
    stored = place.put_stream("incoming", BytesIO(b"abc"), max_bytes=10)

    with place.as_local_file(stored.path) as file:
        assert b"abc" == file.read_bytes()
    place.delete(stored.path)
    assert not place.exists(stored.path)
