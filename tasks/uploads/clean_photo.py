"""
[p] What comes back from the process that decodes.

Workers know this module and none that loads a decoder: no file of a stranger's making can reach one there.
"""

from dataclasses import dataclass

#: One photo may take this long; then its process is killed by the clock.
PHOTO_SECONDS = 20
TOO_HARD = "The photo needs more memory or time to open than we give to one picture."


@dataclass(frozen=True, slots=True)
class Size:
    """One published form of a photo, as WebP."""

    name: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True, slots=True)
class CleanPhoto:
    """
    A photo ready to publish; `width` and `height` are those of the upright original.

    `taken_at` is the camera's clock, `taken_point` (lon, lat): for the sender only. `dhash` is 64 bits as
    hexadecimal; near-equal photos differ in few of them.
    """

    media_type: str
    width: int
    height: int
    sizes: tuple[Size, ...]
    dhash: str
    taken_at: str | None
    taken_point: tuple[float, float] | None
