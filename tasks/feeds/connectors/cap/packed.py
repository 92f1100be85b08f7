"""
[p] Messages packed into one zip, a file each, as Germany's weather service gives all that are in force.

Nothing is unpacked to a path. Source: https://www.dwd.de/DE/leistungen/opendata/help/warnungen/cap_dwd_profile_en_pdf.html
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tasks.feeds.connector import MOST_WHOLE_BYTES, Malformed, Payload
from tasks.feeds.reading.documents import MOST_TAGS

_BEGINS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_MOST_MEMBERS: Final = 5000
_BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, KeyError,
)  # fmt: skip


def is_packed(content: bytes) -> bool:
    """Tell whether a content is a zip, be it empty."""
    return content.startswith(_BEGINS)


def files(content: bytes, payload: Payload) -> Iterator[Payload]:
    """
    Yield the XML files of a zip as payloads, in the order of their names.

    Raises: Malformed if it is broken, lists too many files or unpacks to too much.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = [one for one in archive.infolist() if one.filename.lower().endswith((".xml", ".cap"))]
            if len(members) > _MOST_MEMBERS or sum(one.file_size for one in members) > MOST_WHOLE_BYTES:
                raise Malformed(f"{payload.name}: a zip of {len(members):,} files, which is too much")
            tags = 0
            for member in sorted(members, key=lambda one: one.filename):
                # No more is read than a member claims to unpack to.
                unpacked = archive.open(member).read(member.file_size)
                tags += unpacked.count(b"<")
                if tags > MOST_TAGS:
                    raise Malformed(f"{payload.name}: a zip of more than {MOST_TAGS:,} tags")
                yield _payload(unpacked, payload)
    except _BROKEN as error:
        raise Malformed(f"{payload.name}: a broken zip: {error!s:.100}") from None


def _payload(content: bytes, payload: Payload) -> Payload:
    return replace(payload, open=lambda: io.BytesIO(content))
