"""Photos come out upright, small and silent about their maker; what is no photo is refused with a reason."""

import csv
import struct
import warnings
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image, ImageDraw, ImageOps

from shared.errors import Rejection
from tasks.uploads.clean_photo import CleanPhoto
from tasks.uploads.look import MAX_PIXELS, look
from tasks.uploads.origin import moment_of, place_of, time_of
from tasks.uploads.photo import SIZES, clean

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def recorded(test_data: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield every recorded photo with its line of the manifest."""
    with (test_data / "MANIFEST.tsv").open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["kind"] == "photos":
                yield test_data / row["path"], row


def opened(photo: CleanPhoto, name: str = "large") -> Image.Image:
    """Decode one size of a cleaned photo by another library than the one that made it."""
    data = next(size.data for size in photo.sizes if size.name == name)
    with Image.open(BytesIO(data)) as image:
        image.load()
        return image


def refused(path: Path) -> Rejection:
    """Return the reason a file was refused for."""
    with pytest.raises(Rejection) as caught:
        clean(path)
    assert caught.value.detail.endswith(".")
    return caught.value


def written(folder: Path, data: bytes, name: str = "photo") -> Path:
    """Write bytes under a name that tells nothing."""
    path = folder / name
    path.write_bytes(data)
    return path


def pattern(width: int = 64, height: int = 48) -> Image.Image:
    """Draw a picture that looks different in each of its eight orientations."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, width // 2, height // 4), fill="red")
    draw.rectangle((0, 0, width // 8, height - 1), fill="blue")
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """Encode a picture."""
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def test_every_recorded_photo_is_taken_or_refused_as_the_manifest_says(test_data: Path) -> None:
    """One record means a photo that is published, none means one that is refused."""
    expected, found = {}, {}
    for path, row in recorded(test_data):
        expected[path.name] = int(row["records"])
        try:
            clean(path)
        except Rejection:
            found[path.name] = 0
        else:
            found[path.name] = 1

    assert expected == found
    assert {0, 1} == set(expected.values())


def test_recorded_photos_come_out_with_the_shape_that_a_viewer_would_show(test_data: Path) -> None:
    """Sizes are those of the upright picture, within the limit and never larger than the original."""
    for path, row in recorded(test_data):
        if row["records"] != "1" or row["facts"].startswith("HEIF"):
            continue
        with Image.open(path) as image, warnings.catch_warnings(action="ignore"):
            width, height = ImageOps.exif_transpose(image).size if "JPEG" in row["facts"] else image.size
        photo = clean(path)

        assert (width, height) == (photo.width, photo.height), path.name
        for size in photo.sizes:
            scale = min(1.0, SIZES[size.name] / max(width, height))
            assert abs(width * scale - size.width) <= 1, path.name
            assert abs(height * scale - size.height) <= 1, path.name
            assert (size.width, size.height) == opened(photo, size.name).size


def test_no_output_holds_metadata(test_data: Path) -> None:
    """No EXIF, GPS, XMP, IPTC, comment or colour profile is left in any size of any recorded photo."""
    for path, row in recorded(test_data):
        if row["records"] != "1":
            continue
        for size in clean(path).sizes:
            chunks = [name for name, _ in riff_chunks(size.data)]
            assert ["VP8 "] == chunks, path.name
            assert not opened(clean(path), size.name).getexif()


def riff_chunks(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield (name, length) of the chunks of a WebP file."""
    at = 12
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        yield name.decode(), length
        at += 8 + length + length % 2


def test_place_and_time_of_recorded_photos_are_kept_for_their_sender(test_data: Path) -> None:
    """What the manifest read from EXIF is what we read, in lon, lat order and in the camera's clock."""
    seen = 0
    for path, row in recorded(test_data):
        facts = dict(part.strip().split(" ", 1) for part in row["facts"].split(";") if " " in part.strip())
        if row["records"] != "1" or "." not in facts.get("GPS", ""):
            continue
        lat, lon = (float(number) for number in facts["GPS"].split(","))
        photo = clean(path)

        assert photo.taken_point == pytest.approx((lon, lat), abs=1e-5)
        assert facts["taken"].replace(":", "-", 2).replace(" ", "T") == (photo.taken_at or "")[:19]
        seen += 1
    assert seen >= 4


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "AVIF", "HEIF"])
def test_all_eight_orientations_are_applied(tmp_path: Path, orientation: int, kind: str) -> None:
    """The pixels are turned as Pillow turns them, and the tag is gone."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    source = encoded(pattern(), kind, exif=exif, quality=95)
    with Image.open(BytesIO(source)) as image:
        expected = ImageOps.exif_transpose(image).convert("RGB")

    photo = clean(written(tmp_path, source))

    found = opened(photo).convert("RGB")
    assert expected.size == found.size == (photo.width, photo.height)
    for at in (
        (3, 3),
        (expected.width - 4, 3),
        (3, expected.height - 4),
        (expected.width - 4, expected.height - 4),
    ):
        assert expected.getpixel(at) == pytest.approx(found.getpixel(at), abs=40)


def test_gps_is_read_and_gone(tmp_path: Path) -> None:
    """Southern and western references are negative, and no output carries them."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 51.0, 30.0), 3: "W", 4: (151.0, 12.0, 36.0)})
    exif.get_ifd(0x8769).update({0x9003: "2026:05:01 10:20:30", 0x9011: "+10:00"})
    source = encoded(pattern(), "JPEG", exif=exif)

    photo = clean(written(tmp_path, source))

    assert (-151.21, -33.858333) == photo.taken_point
    assert "2026-05-01T10:20:30+10:00" == photo.taken_at
    assert all(b"Exif" not in size.data and b"EXIF" not in size.data for size in photo.sizes)


def test_a_text_called_jpg_is_refused_by_its_content(tmp_path: Path) -> None:
    """The name decides nothing."""
    assert "not_a_photo" == refused(written(tmp_path, b"Dear council,\nmy street", "photo.jpg")).reason


@pytest.mark.parametrize(
    ("data", "called"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"\0\0\1\0\1\0\x10\x10", "ICO"),
        (b"PK\3\4" + bytes(26), "ZIP"),
        (bytes(1000), "another kind"),
        (b"<svg xmlns='x'/>", ""),
    ],
)
def test_a_refusal_names_what_the_file_is(tmp_path: Path, data: bytes, called: str) -> None:
    """Empty files, documents, icons and drawings are none of ours."""
    rejection = refused(written(tmp_path, data))

    assert "not_a_photo" == rejection.reason
    assert called in rejection.detail


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF"])
def test_a_cut_photo_is_refused(tmp_path: Path, kind: str) -> None:
    """Half of a file is no photo: its sender still has the whole one."""
    source = encoded(Image.effect_noise((400, 300), 80).convert("RGB"), kind)
    assert clean(written(tmp_path, source)).width == 400

    rejection = refused(written(tmp_path, source[: len(source) // 2]))

    assert rejection.reason in {"unreadable", "truncated"}


def test_a_png_damaged_in_its_upper_half_is_refused(tmp_path: Path) -> None:
    """Only a picture of which most can be seen is worth taking."""
    source = bytearray(encoded(Image.effect_noise((400, 300), 80).convert("RGB"), "PNG"))
    at = source.index(b"IDAT") + 200
    source[at : at + 50] = bytes(50)

    assert "unreadable" == refused(written(tmp_path, bytes(source))).reason


def png(width: int, height: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Build a PNG from a header and chunks."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts
    )


def test_a_png_of_900_megapixels_is_refused_by_its_header(tmp_path: Path) -> None:
    """Nothing is decoded to find out."""
    rejection = refused(written(tmp_path, png(30_000, 30_000, (b"IDAT", zlib.compress(b"\0" * 100)))))

    assert "too_many_pixels" == rejection.reason
    assert "30000 x 30000" in rejection.detail


@pytest.mark.parametrize(
    "chunk",
    [
        (b"zTXt", b"note\0\0" + zlib.compress(b"a" * 3_000_000)),
        (b"iTXt", b"note\0\1\0en\0note\0" + zlib.compress(b"a" * 3_000_000)),
        (b"iCCP", b"note\0\0" + zlib.compress(b"a" * 3_000_000)),
    ],
)
def test_a_png_note_that_swells_is_refused(tmp_path: Path, chunk: tuple[bytes, bytes]) -> None:
    """Three megabytes in three kilobytes of compressed note are no caption."""
    pixels = (b"IDAT", zlib.compress(b"\0" * 9 * 8))

    assert "text_bomb" == refused(written(tmp_path, png(8, 8, chunk, pixels))).reason


def test_a_gif_shows_its_first_frame(tmp_path: Path) -> None:
    """A still is what a report needs."""
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue", "lime")]
    source = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50)

    red, green, blue = opened(clean(written(tmp_path, source))).convert("RGB").getpixel((20, 15))

    assert (255, 0, 0) == pytest.approx((red, green, blue), abs=12)


def test_a_gif_that_explodes_on_its_second_frame_is_refused(tmp_path: Path) -> None:
    """A frame of 65,535 x 65,535 says what the file was made for."""
    frames = [Image.new("P", (40, 30), shade) for shade in (1, 2)]
    source = bytearray(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=50))
    second = source.rindex(b"\x2c", 0, len(source) - 10)
    struct.pack_into("<HHHH", source, second + 1, 0, 0, 65_535, 65_535)

    assert "too_many_pixels" == refused(written(tmp_path, bytes(source))).reason


def test_a_transparent_picture_lies_on_white(tmp_path: Path) -> None:
    """What shines through is white in a light page and in a dark one."""
    source = encoded(Image.new("RGBA", (40, 30), (0, 0, 0, 0)), "PNG")

    assert (255, 255, 255) == opened(clean(written(tmp_path, source))).convert("RGB").getpixel((5, 5))


def test_a_cmyk_photo_is_converted(tmp_path: Path) -> None:
    """A print shop's JPEG comes out in sRGB."""
    source = encoded(Image.new("CMYK", (40, 30), (0, 255, 255, 0)), "JPEG")

    red, green, blue = opened(clean(written(tmp_path, source))).convert("RGB").getpixel((20, 15))

    assert red > 150
    assert max(green, blue) < 90


def test_a_small_photo_is_never_enlarged(tmp_path: Path) -> None:
    """Each size of a 64 x 48 picture is 64 x 48."""
    photo = clean(written(tmp_path, encoded(pattern(), "JPEG")))

    assert {(64, 48)} == {(size.width, size.height) for size in photo.sizes}


def test_a_thin_panorama_keeps_at_least_one_row(tmp_path: Path) -> None:
    """Rounding never makes a picture vanish."""
    photo = clean(written(tmp_path, encoded(Image.new("RGB", (6000, 2), "red"), "PNG")))

    assert [(1920, 1), (960, 1), (320, 1)] == [(size.width, size.height) for size in photo.sizes]


def test_a_thin_jpeg_is_shrunk_as_far_as_it_has_pixels(tmp_path: Path) -> None:
    """A decoder that halves one column leaves none."""
    photo = clean(written(tmp_path, encoded(Image.new("RGB", (1, 4000), "red"), "JPEG")))

    assert [(1, 1920), (1, 960), (1, 320)] == [(size.width, size.height) for size in photo.sizes]


def test_near_equal_photos_have_near_equal_hashes(test_data: Path, tmp_path: Path) -> None:
    """A smaller, harder pressed copy differs in few bits, another photo in many."""
    first, other = (test_data / "photos" / f"exif-DSCN00{number}.jpg" for number in (10, 21))
    with Image.open(first) as image:
        copy = written(tmp_path, encoded(image.resize((400, 300)), "JPEG", quality=40))
    hashes = [int(clean(path).dhash, 16) for path in (first, copy, other)]

    assert (hashes[0] ^ hashes[1]).bit_count() <= 6
    assert (hashes[0] ^ hashes[2]).bit_count() >= 16


def test_the_limit_is_fifty_megapixels(tmp_path: Path) -> None:
    """One pixel row more than the limit is too many."""
    rows = MAX_PIXELS // 10_000
    header = png(10_000, rows, (b"IDAT", zlib.compress(b"\0")))

    assert (10_000, rows) == (look(written(tmp_path, header)).width, look(written(tmp_path, header)).height)
    assert "too_many_pixels" == refused(written(tmp_path, png(10_000, rows + 1, (b"IDAT", b"")))).reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T12:00:00", "2026-07-01T11:00:00+00:00"),
        ("2026-07-01T12:00:00-05:00", "2026-07-01T17:00:00+00:00"),
        ("2099-09-29T10:10:10", None),
        ("0000-00-00T00:00:00", None),
        ("1970-01-01T00:00:00", None),
        (None, None),
    ],
)
def test_the_camera_stands_in_the_citys_zone_unless_it_says_otherwise(
    text: str | None, expected: str | None
) -> None:
    """A clock that was never set, or runs years ahead, tells nothing."""
    found = moment_of(text, ZoneInfo("Europe/London"), NOW)

    assert expected == (found.isoformat() if found else None)


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (51.5,), 3: "W", 4: (0.125,)},
        {1: "N", 2: (51.0, 30.0), 3: "W", 4: (0.0, 7.5)},
        {1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.5, 0.0)},
        {1: "North", 2: 51.5, 3: "west", 4: 0.125},
    ],
)
def test_degrees_may_come_without_minutes_or_seconds(gps: dict[int, object]) -> None:
    """Editors write one number or two where the standard has three, and whole words for the half of the Earth."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(gps)

    assert (-0.125, 51.5) == place_of(exif)


@pytest.mark.parametrize(
    "gps",
    [
        {},
        {2: (1.0, 2.0, 3.0), 4: (1.0, 2.0, 3.0)},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (95.0, 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
        {1: "N", 2: "north", 3: "E", 4: 7},
        {1: "N", 2: (float("nan"), 0.0, 0.0), 3: "E", 4: (1.0, 0.0, 0.0)},
    ],
)
def test_an_impossible_place_is_no_place(gps: dict[int, object]) -> None:
    """Absent, null island, beyond the pole, of the wrong type: none is put on a map."""
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(gps)

    assert place_of(exif) is None
    assert time_of(exif) is None
