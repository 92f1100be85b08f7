"""
P9: a 12 MP phone photo to three sizes, upright and without metadata.

Every contender runs in a process of its own, writes WebP of the same quality and effort, and is measured
turn by turn with the others. `python -m tests.bench.photos <contender> <photo> <count>` runs one of them.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pillow_heif
import pyvips
from PIL import Image, ImageOps

from tasks.uploads.isolated import PhotoHelper
from tasks.uploads.photo import EFFORT, QUALITY, SIZES
from tests.bench.rows import Row

ROOT = Path(__file__).parent.parent.parent
DATA = Path(os.environ.get("CITYPULSE_TEST_DATA") or ROOT.parent / "shared" / "data")
PHOTOS = 10
WARM_UP = 3
_TURNED = 6


def measure(runs: int) -> list[Row]:
    """Measure speed on all cores and on one, and the peak memory of ours."""
    with tempfile.TemporaryDirectory() as folder:
        photo = Path(folder) / "photo.jpg"
        photo.write_bytes(phone_photo())
        free = [{name: _run(name, photo) for name in CONTENDERS} for _ in range(runs)]
        bound = [{name: _run(name, photo, cores=1) for name in CONTENDERS} for _ in range(runs)]
    work = "photo: 12 MP JPEG -> 3 WebP sizes, upright, no metadata"
    goal = ">= 0.5 x bare decode, >= 3.5 x naive Pillow"
    return [
        _speed(f"{work}, all cores", free, goal),
        _speed(f"{work}, one core", bound, goal),
        Row(
            "P9",
            "peak memory of the process that decodes",
            "MB",
            ours=[run["ours"]["peak_mb"] for run in free],
            peers={name: [run[name]["peak_mb"] for run in free] for name in ("vips x3", "Pillow x3")},
            higher_is_better=False,
            goal="<= 200 MB",
        ),
    ]


def phone_photo() -> bytes:
    """Return a 4000 x 3000 JPEG as a phone writes it: from a recorded one, quality 90, lying on its side."""
    recorded = DATA / "photos" / "exif-IMG_5195.HEIC"
    if recorded.exists():
        pillow_heif.register_heif_opener()
        with Image.open(recorded) as opened:
            picture = opened.convert("RGB").transpose(Image.Transpose.ROTATE_90)
    else:
        picture = Image.merge("RGB", [Image.effect_noise((1000, 750), spread) for spread in (20, 30, 40)])
    exif = Image.Exif()
    exif[0x0112] = _TURNED
    buffer = BytesIO()
    picture.resize((4000, 3000), Image.Resampling.LANCZOS).save(buffer, "JPEG", quality=90, exif=exif)
    return buffer.getvalue()


def bare_decode(photo: Path) -> None:
    """Decode the JPEG whole, and nothing else: the limit."""
    with Image.open(photo) as image:
        image.load()


def naive_pillow(photo: Path) -> None:
    """Do what a first version would: open, turn, resize and save, three times."""
    for longest in SIZES.values():
        with Image.open(photo) as opened:
            image = ImageOps.exif_transpose(opened)
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=None)
        image.save(BytesIO(), "WEBP", quality=QUALITY, method=EFFORT)


def vips_thumbnails(photo: Path) -> None:
    """Do what libvips recommends: one thumbnail a size, each shrinking while it decodes."""
    for longest in SIZES.values():
        image = pyvips.Image.thumbnail(str(photo), longest, height=longest, size="down")
        image.webpsave_buffer(Q=QUALITY, effort=EFFORT, keep="none")


PEERS: dict[str, Callable[[Path], object]] = {
    "bare decode": bare_decode,
    "vips x3": vips_thumbnails,
    "Pillow x3": naive_pillow,
}
CONTENDERS = ("ours", *PEERS)


def run_here(name: str, photo: Path, count: int) -> dict[str, float]:
    """Run one contender in this process; returns photos per second and the peak memory of who decoded."""
    helper = PhotoHelper() if name == "ours" else None
    work: Callable[[Path], object] = helper.clean if helper else PEERS[name]
    for _ in range(WARM_UP):
        work(photo)
    started = time.perf_counter()
    for _ in range(count):
        work(photo)
    seconds = time.perf_counter() - started
    peak = peak_mb(helper.pid if helper else os.getpid())
    if helper:
        helper.close()
    return {"per_second": count / seconds, "peak_mb": peak}


def peak_mb(pid: int) -> float:
    """Return a process's peak resident memory; `ru_maxrss` would count the parent it was forked from."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def _run(name: str, photo: Path, cores: int | None = None) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.bench.photos", name, str(photo), str(PHOTOS), str(cores or 0)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _speed(work: str, runs: list[dict[str, dict[str, float]]], goal: str) -> Row:
    return Row(
        "P9",
        work,
        "photos/s",
        ours=[run["ours"]["per_second"] for run in runs],
        limit=[run["bare decode"]["per_second"] for run in runs],
        limit_name="bare decode",
        peers={name: [run[name]["per_second"] for run in runs] for name in ("vips x3", "Pillow x3")},
        goal=goal,
    )


def main(name: str, photo: str, count: str, cores: str) -> None:
    """Run one contender and print its figures as JSON."""
    if int(cores):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    print(json.dumps(run_here(name, Path(photo), int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
