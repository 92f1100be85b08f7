"""[p] Entities that a feed declares: what stands for a plain text is written out, anything else is refused."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from tasks.feeds.connector import Malformed

#: A general entity; the parameter entities of old document types are never read and harm nothing.
_ENTITY: Final = re.compile(rb"<!ENTITY\s+[^%\s]", re.IGNORECASE)
#: One that stands for some text, which may hold numbers of letters, and nothing that leads on.
_PLAIN: Final = re.compile(
    rb"<!ENTITY\s+([\w.-]{1,100})\s+(?:\"((?:[^\"<>&%]|&#\w{1,8};){0,1000})\"|'((?:[^'<>&%]|&#\w{1,8};){0,1000})')\s*>"
)
_USED: Final = re.compile(rb"&([\w.-]{1,100});")
#: Text that is no markup, whatever it looks like: an article may tell how entities are declared.
_CDATA: Final = re.compile(rb"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
#: Bytes that all uses of them may become.
_MOST_WRITTEN: Final = 1_000_000


def written_out(content: bytes, name: str) -> bytes:
    """
    Return a feed without the entities that it declares; `name` is the payload's.

    Raises: Malformed if one leads to a file or to others, or all become too much.
    """
    if not _ENTITY.search(content.replace(b"\0", b"")):
        return content
    parts = _CDATA.split(content)
    markup = b"".join(parts[::2])
    declared = {found[1]: found[2] or found[3] or b"" for found in _PLAIN.finditer(markup)}
    if _ENTITY.search(_PLAIN.sub(b"", markup).replace(b"\0", b"")):
        raise Malformed(f"{name}: a feed that declares entities is refused, but for those of plain text")
    if max(map(len, declared.values()), default=0) * markup.count(b"&") > _MOST_WRITTEN:
        raise Malformed(f"{name}: the entities that a feed declares become more than {_MOST_WRITTEN:,} bytes")
    parts[::2] = [_USED.sub(partial(_text, declared), _PLAIN.sub(b"", part)) for part in parts[::2]]
    return b"".join(parts)


def _text(declared: Mapping[bytes, bytes], used: re.Match[bytes]) -> bytes:
    return declared.get(used[1], used[0])
