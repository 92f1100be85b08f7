"""
Say what a photo really is and how much it will cost, before anything is decoded.

Only the bytes decide: neither the name nor the sender's media type is asked. Every decoder is told which
one format to expect, so that no file reaches a decoder it was not recognised for.
"""

import logging
import struct
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pillow_heif
import puremagic
import pyvips
from PIL import Image

from shared.errors import Rejection
from tasks.uploads.containers import gif_frames, png_notes

MAX_PIXELS = 50_000_000
MAX_SIDE = 32_000
MAX_FRAMES = 1_000

_HEAD_BYTES = 4096
_PILLOW_FORMATS = {"jpeg": ("JPEG", "MPO"), "heif": ("HEIF",)}
_VIPS_LOADERS = {
    "png": pyvips.Image.pngload,
    "webp": pyvips.Image.webpload,
    "gif": pyvips.Image.gifload,
    "avif": pyvips.Image.heifload,
}
_HEIF_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_TURNED_BY_DECODER = frozenset({"heif", "avif"})

Image.MAX_IMAGE_PIXELS = None  # our own limit is lower, and stands below
pillow_heif.register_heif_opener(thumbnails=False)
# https://www.libvips.org/API/current/func.block_untrusted_set.html: loaders nobody fuzzes stay closed.
pyvips.block_untrusted_set(True)
pyvips.cache_set_max(0)
logging.getLogger("pyvips").setLevel(logging.CRITICAL)  # its warnings quote the file's own bytes


@dataclass(frozen=True, slots=True)
class Looked:
    """What the header says: `width` and `height` in pixels as stored, before orientation; `exif` raw."""

    kind: str
    width: int
    height: int
    orientation: int
    exif: Image.Exif

    @property
    def media_type(self) -> str:
        """Return the IANA name of the real type."""
        return f"image/{self.kind}"


def sniff(path: Path) -> str:
    """
    Return jpeg, png, webp, gif, heif or avif, by the first bytes.

    Raises: Rejection, naming what the file is instead where that can be told.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    kind = _kind_of(head)
    if kind is None:
        raise Rejection(
            "not_a_photo", f"This file is {_name_of(head)}, not a photo we can read: {_ACCEPTED}."
        )
    return kind


def look(path: Path) -> Looked:
    """
    Read the header and refuse what would cost too much or is not whole.

    Raises: Rejection, with a sentence for the sender.
    """
    kind = sniff(path)
    try:
        with warnings.catch_warnings(action="ignore"):  # Pillow warns of bad metadata, which we drop anyway
            looked = _LOOKERS[kind](kind, path)
    except Rejection:
        raise
    except Exception as error:  # decoders raise whatever their format's author thought of
        raise Rejection("unreadable", "The photo is damaged: its beginning cannot be read.") from error
    check_size(looked.width, looked.height)
    return looked


def check_size(width: int, height: int, frames: int = 1) -> None:
    """Raise Rejection for dimensions no camera makes."""
    if width < 1 or height < 1:
        raise Rejection("empty", "The photo has no pixels.")
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Rejection(
            "too_many_pixels",
            f"The photo is {width} x {height} pixels; we take up to {MAX_PIXELS // 1_000_000} million.",
        )
    if frames > MAX_FRAMES:
        raise Rejection("too_many_frames", f"The picture has {frames} frames; we take up to {MAX_FRAMES}.")


_ACCEPTED = "send JPEG, PNG, WebP, HEIC, AVIF or GIF"


def _kind_of(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        length = min(int.from_bytes(head[:4], "big"), 256)
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, length, 4))}
        if brands & _AVIF_BRANDS:
            return "avif"
        if brands & _HEIF_BRANDS:
            return "heif"
    return None


def _name_of(head: bytes) -> str:
    if not head:
        return "empty"
    if head.startswith(b"PK"):
        return "of the kind ZIP"  # so are documents and sheets: which of them, the beginning does not tell
    try:
        found = puremagic.from_string(head).lstrip(".").upper() if head.strip(b"\0") else ""
    except (puremagic.PureError, ValueError, struct.error):
        found = ""
    return f"of the kind {found}" if found else "of another kind"


def _by_pillow(kind: str, path: Path) -> Looked:
    with Image.open(path, formats=_PILLOW_FORMATS[kind]) as image:
        frames = getattr(image, "n_frames", 1) if kind != "jpeg" else 1
        check_size(*image.size, frames)
        exif = image.getexif()
        return Looked(kind, *image.size, _orientation(kind, exif), exif)


def _by_vips(kind: str, path: Path, exif: Image.Exif | None = None) -> Looked:
    image = _VIPS_LOADERS[kind](str(path), access="sequential")
    fields = set(image.get_fields())
    frames = image.get("n-pages") if "n-pages" in fields else 1
    check_size(image.width, image.height, frames)
    if exif is None:
        exif = _exif(image.get("exif-data")) if "exif-data" in fields else Image.Exif()
    return Looked(kind, image.width, image.height, _orientation(kind, exif), exif)


def _png(kind: str, path: Path) -> Looked:
    exif = Image.Exif()
    with path.open("rb") as file:
        for name, body in png_notes(file, path.stat().st_size):
            if name == b"IHDR":
                check_size(*struct.unpack_from(">II", body))
            elif name == b"eXIf":
                exif = _exif(body)
    return _by_vips(kind, path, exif)


def _gif(kind: str, path: Path) -> Looked:
    data = path.read_bytes()
    check_size(*struct.unpack_from("<HH", data, 6))
    # Only the first frame is shown, yet a later one that explodes says what the file was made for.
    for number, (width, height) in enumerate(gif_frames(data), start=1):
        check_size(max(1, width), max(1, height), number)
    return _by_vips(kind, path)


def _exif(blob: bytes) -> Image.Exif:
    exif = Image.Exif()
    with suppress(Exception):  # damaged metadata is thrown away with the rest of it
        exif.load(blob)
    return exif


def _orientation(kind: str, exif: Image.Exif) -> int:
    """Return how EXIF wants the photo turned; HEIF and AVIF carry that outside EXIF, and libheif applies it."""
    value: Any = exif.get(0x0112, 1)  # a tag of the sender's making: any type may stand there
    is_asked = kind not in _TURNED_BY_DECODER and isinstance(value, int) and 1 <= value <= 8
    return value if is_asked else 1


_LOOKERS: dict[str, Callable[[str, Path], Looked]] = {
    "jpeg": _by_pillow,
    "heif": _by_pillow,
    "avif": _by_vips,
    "png": _png,
    "gif": _gif,
    "webp": _by_vips,
}
