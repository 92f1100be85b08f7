"""Make a photo fit to publish: upright, small, in sRGB, and without a word about who took it."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyvips

from shared.errors import Rejection
from tasks.uploads.clean_photo import CleanPhoto, Size
from tasks.uploads.decode import decode, fitted
from tasks.uploads.look import look
from tasks.uploads.origin import place_of, time_of

#: Longest side in pixels, largest first.
SIZES = {"large": 1920, "medium": 960, "thumb": 320}
QUALITY = 76
#: libwebp's methods 1 to 6 cost 1.3 to 5 times the time for 2 to 14 % fewer bytes.
EFFORT = 0
#: What the decoders below us say when the address space is used up.
_NO_MEMORY = re.compile(r"out of memory|insufficient memory|memory allocation|cannot allocate", re.IGNORECASE)


def clean(path: Path) -> CleanPhoto:
    """
    Check, decode, turn, strip and resize the photo in a file.

    Raises: Rejection, with a sentence for the sender; MemoryError when this process may not use enough.
    """
    looked = look(path)
    try:
        sizes, smallest = _sizes(decode(path, looked, max(SIZES.values())))
    except (pyvips.Error, OSError, SyntaxError, ValueError, EOFError) as error:
        if _NO_MEMORY.search(str(error)):
            raise MemoryError from error
        raise Rejection("unreadable", "The photo is damaged or not whole: please send it again.") from error
    turned = looked.orientation >= 5
    return CleanPhoto(
        media_type=looked.media_type,
        width=looked.height if turned else looked.width,
        height=looked.width if turned else looked.height,
        sizes=sizes,
        dhash=dhash(smallest),
        taken_at=time_of(looked.exif),
        taken_point=place_of(looked.exif),
    )


def dhash(image: pyvips.Image) -> str:
    """
    Return the difference hash: for each of 8 x 8 cells, whether it is darker than its right neighbour.

    Source: Neal Krawetz, "Kind of Like That" (2013), hackerfactor.com.
    """
    small = image.colourspace("b-w").thumbnail_image(9, height=8, size="force")
    grey = small.extract_band(0).write_to_memory()
    bits = "".join(
        str(int(grey[row * 9 + column] < grey[row * 9 + column + 1]))
        for row in range(8)
        for column in range(8)
    )
    return f"{int(bits, 2):016x}"


def _sizes(upright: pyvips.Image) -> tuple[tuple[Size, ...], pyvips.Image]:
    """
    Make each size from the one before it; encoding one runs beside shrinking the next.

    Returns: the sizes, and the pixels of the smallest.
    """
    image, encoding = upright, []
    with ThreadPoolExecutor(len(SIZES)) as pool:
        for name, longest_px in SIZES.items():
            image = fitted(image, longest_px)
            encoding.append(pool.submit(_encoded, name, image))
    return tuple(size.result() for size in encoding), image


def _encoded(name: str, image: pyvips.Image) -> Size:
    data = image.webpsave_buffer(Q=QUALITY, effort=EFFORT, keep="none")
    return Size(name, image.width, image.height, data)
