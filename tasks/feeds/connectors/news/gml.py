"""
[p] Places by GML, over which what reads feeds would give up a whole feed: a number that is none, an unknown reference.

Source: feedparser 6.0.14, `namespaces/georss.py`
"""

import re
from collections.abc import Callable
from typing import Any, Final

from feedparser.namespaces.georss import Namespace

#: `http://www.opengis.net/def/crs/EPSG/0/4326`, as servers of maps write, for what is known as `EPSG:4326`.
_REFERENCE: Final = re.compile(
    rb"(\bsrsName\s*=\s*[\"'])[^\"'<>]*?\bEPSG\b[^\"'<>]*?(\d+)(?=\s*[\"'])", re.IGNORECASE
)
_OTHER: Final = re.compile(rb"\bsrsName\s*=\s*[\"'][^\"'<>]*\bEPSG\b(?!:\d+[\"'])[^\"'<>]*[\"']")
#: Longitude first: by a number of no system of degrees, which is what reads feeds takes so.
_CRS84: Final = re.compile(rb"(\bsrsName\s*=\s*[\"'])[^\"'<>]*\bCRS84(?=[\"'])")
_ENDS: Final = ("_end_gml_pos", "_end_gml_poslist")


def readable(content: bytes) -> bytes:
    """Return a feed whose reference systems are named as what reads it knows them; one without a number is none."""
    if b"srsName" not in content:
        return content
    return _CRS84.sub(rb"\1EPSG:0", _OTHER.sub(b"", _REFERENCE.sub(rb"\1EPSG:\2", content)))


def guard() -> None:
    """Let a place that cannot be read be none, for all feeds of this process."""
    for name in _ENDS:
        end = getattr(Namespace, name)
        if not hasattr(end, "guarded"):
            setattr(Namespace, name, _guarded(end))


def _guarded(end: Callable[[Any], None]) -> Callable[[Any], None]:
    def read(parser: Any) -> None:  # Any: feedparser is untyped.
        try:
            end(parser)
        except (LookupError, TypeError, ValueError):
            return

    read.guarded = True  # type: ignore[attr-defined]  # so that it is not guarded twice
    return read
