"""
[p] Messages packed into one zip, or tar, a file each, as Germany's and Spain's weather services give all in force.

Nothing is unpacked to a path. Source: https://www.dwd.de/DE/leistungen/opendata/help/warnungen/cap_dwd_profile_en_pdf.html
"""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from tasks.feeds.connector import MOST_WHOLE_BYTES, Malformed, Payload
from tasks.feeds.reading.documents import MOST_TAGS

_BEGINS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_MEMBERS: Final = 5000
#: What stands at this place of a tar.
_TAR: Final = slice(257, 262)
_BROKEN: Final = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError,
    KeyError,
)  # fmt: skip


class _Member(NamedTuple):
    name: str
    size: int
    read: Callable[[], bytes]


def is_packed(content: bytes) -> bool:
    """Tell whether a content is a zip, be it empty, or a tar."""
    return content.startswith(_BEGINS) or content[_TAR] == b"ustar"


def files(content: bytes, payload: Payload) -> Iterator[Payload]:
    """
    Yield the XML files of a zip or a tar as payloads, in the order of their names.

    Raises: Malformed if it is broken, lists too many files or unpacks to too much.
    """
    kind = "zip" if content.startswith(_BEGINS) else "tar"
    try:
        listed = _zipped(content) if kind == "zip" else _tarred(content)
        members = [one for one in listed if one.name.lower().endswith((".xml", ".cap"))]
        if len(members) > _MOST_MEMBERS or sum(one.size for one in members) > MOST_WHOLE_BYTES:
            raise Malformed(f"{payload.name}: a {kind} of {len(members):,} files, which is too much")
        tags = 0
        for member in sorted(members, key=lambda one: one.name):
            unpacked = member.read()
            tags += unpacked.count(b"<")
            if tags > MOST_TAGS:
                raise Malformed(f"{payload.name}: a {kind} of more than {MOST_TAGS:,} tags")
            yield _payload(unpacked, payload)
    except _BROKEN as error:
        raise Malformed(f"{payload.name}: a broken {kind}: {error!s:.100}") from None


def _zipped(content: bytes) -> list[_Member]:
    archive = zipfile.ZipFile(io.BytesIO(content))
    return [
        _Member(one.filename, one.file_size, partial(_unzipped, archive, one)) for one in archive.infolist()
    ]


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    # No more is read than a member claims to unpack to.
    return archive.open(member).read(member.file_size)


def _tarred(content: bytes) -> list[_Member]:
    archive = tarfile.TarFile(fileobj=io.BytesIO(content))
    return [_Member(one.name, one.size, partial(_read, archive, one)) for one in archive if one.isreg()]


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    held = archive.extractfile(member)
    return b"" if held is None else held.read()


def _payload(content: bytes, payload: Payload) -> Payload:
    return replace(payload, open=lambda: io.BytesIO(content))
