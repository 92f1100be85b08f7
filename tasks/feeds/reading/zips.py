"""
[p] Zips, with a limit to what their members may unpack to; nothing is ever unpacked to a path.

What a member claims to unpack to is all that is read of it, so that what is claimed is what is to be limited.
"""

import io
import lzma
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from typing import IO, Any, Final

from tasks.feeds.connector import Malformed

BEGINS: Final = (b"PK\x03\x04", b"PK\x05\x06")
#: The most that all members that are read may unpack to, and members that a zip may list.
MOST_BYTES: Final = 1024 * 1024 * 1024
MOST_MEMBERS: Final = 1000
#: What members of more than `LITTLE` bytes may unpack to for each of the zip; text of cities does to 12 or so.
MOST_UNPACKED: Final = 100
LITTLE: Final = 16 * 1024 * 1024
#: What is read as it is unpacked, a little at a time; others unpack all at once.
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNDER_PASSWORD: Final = 1
#: How the names of tables end, and those that are tables only where there are no others.
_TABLE: Final = re.compile(
    r"\.(?:csv|tsv|tab|xlsx|parquet|geoparquet|(?:geo)?json[ls]?|ndjson)(?:\.gz)?$", re.IGNORECASE
)
_TEXT: Final = re.compile(r"\.txt(?:\.gz)?$", re.IGNORECASE)
#: How the names of files begin, or go on, that tell of the table beside them: `meta.json`, `17100005_MetaData.csv`.
_BESIDE: Final = re.compile(
    r"(?:^|[/_. -])(?:meta(?:data)?|datapackage|schema|dictionary|codebook)(?:[_. -][^/]*)?$", re.IGNORECASE
)
_DOCUMENT: Final = re.compile(r"\.json$", re.IGNORECASE)
#: What tells of a table is shorter.
_LONGEST_DOCUMENT: Final = 1024 * 1024
#: Where some systems keep what is no file of the publisher.
_NO_FILES: Final = re.compile(r"__MACOSX/|(?:^|/)\.")
_SHOWN: Final = 10
#: What reading a broken zip raises.
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError,
    KeyError, OverflowError,
)  # fmt: skip


def listed(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """
    Return the members of a zip.

    Raises: Malformed if there are too many; it names the payload.
    """
    members = archive.infolist()
    if len(members) > MOST_MEMBERS:
        raise Malformed(f"{name}: lists {len(members):,} members; {MOST_MEMBERS:,} are the most")
    return members


def check(members: Sequence[zipfile.ZipInfo], name: str) -> None:
    """Refuse members that unpack to too much, or cannot be unpacked a little at a time; the error names the payload."""
    for member in members:
        if member.flag_bits & _UNDER_PASSWORD:
            raise Malformed(f"{name}: {member.filename:.80} is under a password")
        if member.compress_type not in _METHODS:
            raise Malformed(f"{name}: {member.filename:.80} is not packed by deflate")
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    most = min(MOST_BYTES, max(LITTLE, packed * MOST_UNPACKED))
    if unpacked > most:
        raise Malformed(f"{name}: unpacks to {unpacked:,} bytes; {most:,} are the most")


def only_table(
    archive: zipfile.ZipFile, name: str, has_rows: Callable[[zipfile.ZipInfo], bool]
) -> zipfile.ZipInfo:
    """
    Return the one table that a zip holds; what is no table (terms, descriptions, pictures) is passed over.

    So is JSON beside a table of another form if it is named alike, for it is of that, or has no rows; whether a
    document that is not long `has_rows` is for the caller to find out.

    Raises: Malformed, naming the payload, if it holds none, several, which are named, or one that is too large.
    """
    members = [
        one
        for one in listed(archive, name)
        if not one.filename.endswith("/") and not _NO_FILES.search(one.filename)
    ]
    for ending in (_TABLE, _TEXT):
        tables = [one for one in members if ending.search(one.filename)]
        found = [one for one in tables if not _BESIDE.search(one.filename)] or tables
        found = _without_documents(found, has_rows)
        if len(found) == 1:
            check(found, name)
            return found[0]
        if found:
            told = ", ".join(sorted(one.filename for one in found)[:_SHOWN])
            raise Malformed(
                f"{name}: a ZIP archive of {len(found)} tables ({told:.300}); of several none is the one"
            )
    told = ", ".join(sorted(one.filename for one in members)[:_SHOWN]) or "nothing"
    raise Malformed(f"{name}: a ZIP archive without a table ({told:.300})")


def _without_documents(
    tables: list[zipfile.ZipInfo], has_rows: Callable[[zipfile.ZipInfo], bool]
) -> list[zipfile.ZipInfo]:
    """Leave out the JSON that tells of the one table of another form; all stay where there is not one, or JSON of rows."""
    others = [one for one in tables if not _DOCUMENT.search(one.filename)]
    if len(others) != 1:
        return tables
    stem = _stem(others[0])
    rows = [
        one
        for one in tables
        if one not in others and _stem(one) != stem and (one.file_size > _LONGEST_DOCUMENT or has_rows(one))
    ]
    return tables if rows else others


def _stem(member: zipfile.ZipInfo) -> str:
    """Return a name without its folder and its endings."""
    return member.filename.rpartition("/")[2].partition(".")[0].lower()


class Member(io.RawIOBase):
    """What a member holds; whatever is wrong with its zip is an `OSError`."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
        self._archive = archive
        self._member = member
        self._stream: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # Any: a writable buffer has no public type in 3.11.
        try:
            if self._stream is None:
                self._stream = self._archive.open(self._member)
            data = self._stream.read(len(buffer))
        except BROKEN as error:
            raise OSError(f"cannot be unpacked: {error!s:.100}") from None
        buffer[: len(data)] = data
        return len(data)
