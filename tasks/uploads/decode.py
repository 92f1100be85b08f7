"""
Decode one photo to sRGB pixels in memory, no larger than asked and upright.

A cut file is refused and not shown in part: its sender, told at once, still has the whole one. A PNG
damaged inside is taken when its upper half is sound, for there may be no better copy.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pillow_heif
import pyvips

from tasks.uploads.look import Looked

_WHITE = 255
_STRICT: dict[str, Any] = {"access": "sequential", "fail_on": "truncated"}
_LENIENT: dict[str, Any] = {"access": "sequential", "fail_on": "none"}


def decode(path: Path, looked: Looked, longest_px: int) -> pyvips.Image:
    """
    Return the photo's pixels, its longest side at most `longest_px`; JPEG and WebP shrink while they decode.

    Raises: whatever the decoder raises for a file it cannot read.
    """
    image = _OPENERS[looked.kind](path, looked, longest_px)
    return _upright(_in_srgb(fitted(_without_alpha(image), longest_px)), looked.orientation)


def fitted(image: pyvips.Image, longest_px: int) -> pyvips.Image:
    """Shrink to the longest side, never enlarge, and hold the pixels: what follows reads them many times."""
    longest = max(image.width, image.height)
    if longest > longest_px:
        across, down = (max(1, round(side * longest_px / longest)) for side in (image.width, image.height))
        image = image.resize(across / image.width, vscale=down / image.height)
    return image.copy_memory()


def _jpeg(path: Path, looked: Looked, longest_px: int) -> pyvips.Image:
    longest, shortest = max(looked.width, looked.height), min(looked.width, looked.height)
    shrink = next((by for by in (8, 4, 2) if longest / by >= longest_px and shortest >= by), 1)
    return pyvips.Image.jpegload(str(path), shrink=shrink, **_STRICT)


def _webp(path: Path, looked: Looked, longest_px: int) -> pyvips.Image:
    scale = min(1.0, longest_px / max(looked.width, looked.height))
    return pyvips.Image.webpload(str(path), scale=scale, **_STRICT)


def _gif(path: Path, looked: Looked, longest_px: int) -> pyvips.Image:
    return pyvips.Image.gifload(str(path), **_STRICT)


def _png(path: Path, looked: Looked, longest_px: int) -> pyvips.Image:
    try:
        return fitted(pyvips.Image.pngload(str(path), **_STRICT), longest_px)
    except pyvips.Error:
        half = pyvips.Image.pngload(str(path), **_STRICT)
        half.crop(0, 0, half.width, max(1, half.height // 2)).avg()
        return pyvips.Image.pngload(str(path), **_LENIENT)


def _heif(path: Path, looked: Looked, longest_px: int) -> pyvips.Image:
    """Decode without the two copies a Pillow image would cost; libheif turns it upright itself."""
    opened = pillow_heif.open_heif(path)
    bands = len(opened.mode)
    width, height = opened.size
    rows = pyvips.Image.new_from_memory(opened.data, opened.stride // bands, height, bands, "uchar")
    return _profiled(rows.crop(0, 0, width, height), opened.info.get("icc_profile"))


def _avif(path: Path, looked: Looked, longest_px: int) -> pyvips.Image:
    """Decode by libvips, whose libheif turns it upright; Pillow's decoder would leave it as it lies."""
    return pyvips.Image.heifload(str(path), **_STRICT)


def _profiled(image: pyvips.Image, profile: bytes | None) -> pyvips.Image:
    image = image.copy(interpretation="srgb" if image.bands > 2 else "b-w")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


def _without_alpha(image: pyvips.Image) -> pyvips.Image:
    if not image.hasalpha():
        return image
    return image.colourspace("srgb").flatten(background=_WHITE)


def _in_srgb(image: pyvips.Image) -> pyvips.Image:
    """Convert by the embedded profile; a broken one counts as none."""
    if "icc-profile-data" in image.get_fields():
        try:
            return image.icc_transform("srgb", embedded=True, intent="perceptual").copy_memory()
        except pyvips.Error:
            pass
    return image.colourspace("srgb").copy_memory()


def _upright(image: pyvips.Image, orientation: int) -> pyvips.Image:
    """Apply an EXIF orientation, 1 to 8."""
    if orientation == 1:
        return image
    return _TURNS[orientation](image).copy_memory()


_TURNS: dict[int, Callable[[pyvips.Image], pyvips.Image]] = {
    2: lambda image: image.fliphor(),
    3: lambda image: image.rot180(),
    4: lambda image: image.flipver(),
    5: lambda image: image.rot90().fliphor(),
    6: lambda image: image.rot90(),
    7: lambda image: image.rot270().fliphor(),
    8: lambda image: image.rot270(),
}
_OPENERS: dict[str, Callable[[Path, Looked, int], pyvips.Image]] = {
    "jpeg": _jpeg,
    "png": _png,
    "webp": _webp,
    "gif": _gif,
    "heif": _heif,
    "avif": _avif,
}
