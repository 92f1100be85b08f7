"""[p] What a payload is instead of a table, by its first bytes, so that whoever sent it can send it otherwise."""

import re
from typing import Final

ACCEPTED: Final = "a table is CSV, TSV, JSON, GeoJSON, XLSX or Parquet, plain, gzipped or alone in a ZIP"
_FORMS: Final = (
    (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis", "an OpenDocument sheet or text"),
    (
        rb"\xd0\xcf\x11\xe0",
        "an Excel workbook that is old (.xls) or under a password, or another Office file",
    ),
    (rb"%PDF", "a PDF document"),
    (rb"SQLite format 3\0", "a GeoPackage or another SQLite database"),
    (rb"\0\0\x27\x0a", "a shapefile"),
    (rb"fgb\x03", "FlatGeobuf"),
    (rb"BZh[1-9]", "packed by bzip2"),
    (rb"\xfd7zXZ\0", "packed by xz"),
    (rb"\x28\xb5\x2f\xfd", "packed by Zstandard"),
    (rb"7z\xbc\xaf\x27\x1c", "packed by 7-Zip"),
    (rb"\x1f\x8b", "gzipped more than once"),
    (rb"ARROW1", "an Arrow file"),
    (rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF", "a picture"),
)
_FORMS_READ: Final = [(re.compile(begins, re.DOTALL), name) for begins, name in _FORMS]
#: Text of tables has next to no other control characters than these.
_CONTROL: Final = re.compile("[\0-\x08\x0e-\x19\x1b-\x1d\x7f]")
_MOST_CONTROLS: Final = 0.05
_LOOKED_AT: Final = 4096


def named(start: bytes) -> str | None:
    """Return the name of another form, with its article, or none if it is none that we know."""
    return next((name for begins, name in _FORMS_READ if begins.match(start[:_LOOKED_AT])), None)


def is_text(text: str) -> bool:
    """Tell whether characters are text: some programs leave a NUL in a cell, or many at the end, and no more."""
    text = text.rstrip("\0")
    return len(_CONTROL.findall(text)) <= len(text) * _MOST_CONTROLS
