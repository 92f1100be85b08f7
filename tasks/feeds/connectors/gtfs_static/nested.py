"""
[p] Packages within a zip: one in a zip of its own, or several of which the option `package` names one.

Ids are a package's own: several can only be several feeds.
"""

import zipfile
from typing import Final

from tasks.feeds.connector import MOST_WHOLE_BYTES, Malformed
from tasks.feeds.reading.zips import check

_SHOWN: Final = 10
#: Where one system's archives keep what is no file of theirs.
_NO_FILES: Final = ("__MACOSX/", "._")


def package_within(archive: zipfile.ZipFile, name: str, wanted: str) -> bytes | None:
    """
    Return the zip within a zip that is the `wanted` one, or the only one; nothing if there is none.

    Raises: Malformed, naming the payload, if there are several, or none is the wanted one, or it is too large.
    """
    found = {one.filename: one for one in archive.infolist() if _is_package(one.filename)}
    if not found and not wanted:
        return None
    named = [one for one in found if not wanted or one == wanted or one.rpartition("/")[2] == wanted]
    if len(named) != 1:
        told = ", ".join(sorted(found)[:_SHOWN]) or "none"
        raise Malformed(f"{name}: {len(found)} packages within ({told}); the option `package` names one")
    member = found[named[0]]
    if member.file_size > MOST_WHOLE_BYTES:
        raise Malformed(f"{name}: {member.filename:.80} is larger than {MOST_WHOLE_BYTES:,} bytes")
    check([member], name)
    return archive.read(member)


def _is_package(filename: str) -> bool:
    return filename.lower().endswith(".zip") and not any(one in filename for one in _NO_FILES)
