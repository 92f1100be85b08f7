"""Files from strangers: each is taken by what it is, kept under a random name, or refused with a reason."""

import io
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text
from werkzeug.datastructures import FileStorage

from shared.accounts.rules import Role
from shared.db import transaction
from shared.settings import Settings
from shared.uploads.service import MAX_PHOTO_BYTES, receive
from tasks.uploads.isolated import end_helper
from tests.security.conftest import Tries
from tests.support.jobs import drain
from tests.support.web import Browser, assert_problem

pytestmark = [pytest.mark.usefixtures("db"), pytest.mark.row(6)]
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
NAMES = [
    "../../etc/passwd", "..\\..\\boot.ini", "..%2f..%2fx.png", "/etc/passwd", "a" * 300 + ".png", "\u202egnp.exe",
    "a\x00.png", "con", "<img src=x>.png", "=cmd|' /C calc'!A0", "a\r\nSet-Cookie: b.png", "",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _helper() -> Iterator[None]:
    yield
    end_helper()


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(buffer, "PNG")
    return buffer.getvalue()


def _zip(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def _tar_with_a_link() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("photo.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        hard = tarfile.TarInfo("other.png")
        hard.type, hard.linkname = tarfile.LNKTYPE, "../../etc/shadow"
        archive.addfile(hard)
    return buffer.getvalue()


def _swelling(gib: int) -> tuple[bytes, int]:
    """Return raw deflate data that unpacks to so many GiB of zeros, made of one piece many times over."""
    piece_bytes = 16 << 20
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(piece_bytes)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (gib * 64) + zlib.compressobj(9, zlib.DEFLATED, -15).flush(), gib * 64 * piece_bytes


def _zip_bomb() -> bytes:
    """Return a ZIP of some 10 MB whose one file unpacks to 10 GiB; it is never unpacked here, nor stored."""
    packed, size = _swelling(10)
    name, extra = b"a.png", struct.pack("<HHQQ", 1, 16, size, len(packed))
    local = struct.pack("<IHHHHHIIIHH", 0x04034B50, 45, 0, 8, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 5, 20)
    central = struct.pack(
        "<IHHHHHHIIIHHHHHII", 0x02014B50, 45, 45, 0, 8, 0, 0, 0, 0xFFFFFFFF, 0xFFFFFFFF, 5, 20, 0, 0, 0, 0, 0
    )
    body = local + name + extra + packed
    listed = central + name + extra
    return body + listed + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 1, 1, len(listed), len(body), 0)


def _gzip_bomb() -> bytes:
    packed, size = _swelling(10)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + packed + struct.pack("<II", 0, size & 0xFFFFFFFF)


def _huge_png() -> bytes:
    """Return a PNG of 30,000 x 30,000 pixels, whole: 2.7 GB once it is decoded."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"\x78\xda" + _swelling(3)[0]
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _crowded_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(2_000):
            archive.writestr(f"{number}.png", b"")
    return buffer.getvalue()


def _nested_zip(depth: int = 6) -> bytes:
    inner = _zip("a", bytes(1_000_000))
    for level in range(depth):
        inner = _zip(f"{level}.zip", inner)
    return inner


BAD = {
    "10 MB that are a ZIP of 10 GB": _zip_bomb(),
    "10 MB that are 10 GB of gzip": _gzip_bomb(),
    "a PNG of 30,000 x 30,000": _huge_png(),
    "zips six deep": _nested_zip(),
    "a ZIP of 2,000 members": _crowded_zip(),
    "a virus": EICAR,
    "a zip": _zip("a.png", _png()),
    "a zip that swells": _zip("a", bytes(10_000_000)),
    "a zip in a zip": _zip("b.zip", _zip("a", bytes(100_000))),
    "a zip that climbs": _zip("../../../etc/cron.d/x", b"* * * * * root id"),
    "a tar with a link": _tar_with_a_link(),
    "SVG with a script": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "HTML": b"<html><script>alert(1)</script></html>",
    "GIF and JS at once": b"GIF89a/*\x00\x00*/=1;alert(1)",
    "PDF": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript>>>>",
    "a program": b"\x7fELF\x02\x01\x01" + bytes(64),
    "half a PNG": _png()[:40],
    "text": b"hello",
}


def _send(browser: Browser, data: bytes, name: str = "photo.png") -> int:
    """Send a file; large ones are written out here, for the client would leave its own temporary file open."""
    if len(data) < 100_000:
        form = {"file": (io.BytesIO(data), name)}
        return browser.post("/api/v1/uploads", data=form, content_type="multipart/form-data").status_code
    body = HEAD + data + b"\r\n--b--\r\n"
    return browser.post(
        "/api/v1/uploads", data=body, content_type="multipart/form-data; boundary=b"
    ).status_code


def test_a_file_is_what_its_bytes_say(settings: Settings, tries: Tries) -> None:
    """All are called photo.png and sent as one; none is published, and no byte of them stays."""
    staff = Browser(Role.STAFF)
    for data in BAD.values():
        assert 202 == _send(staff, data)
    drain()

    with transaction() as tx:
        rows = tx.execute(text("SELECT state, sizes, error FROM uploads ORDER BY id")).all()
    for what, row in zip(BAD, rows, strict=True):
        tries(what, row.state == "rejected" and row.sizes == {} and bool(row.error))
    assert [] == [path for path in settings.storage_dir.rglob("*") if path.is_file()]


def test_the_bombs_are_what_they_are_called(tries: Tries) -> None:
    """A row that tries a dud proves nothing: the size told inside is 10 GB, and the first of it unpacks."""
    data = BAD["10 MB that are a ZIP of 10 GB"]
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(archive.infolist()[0]) as member:
        assert 10 << 30 == archive.infolist()[0].file_size
        assert bytes(1 << 20) == member.read(1 << 20)
    tries(f"{len(data):,} bytes", 9_000_000 < len(data) < 11_000_000)
    packed = zlib.decompressobj(31).decompress(BAD["10 MB that are 10 GB of gzip"], 1 << 20)
    tries("gzip", bytes(1 << 20) == packed)


def test_a_file_is_taken_in_piece_by_piece(settings: Settings, tries: Tries) -> None:
    """The largest one that is taken costs a piece of memory, and not its size (ASVS 5.2.1)."""
    sent = FileStorage(io.BytesIO(bytes(MAX_PHOTO_BYTES)), "photo.png")
    tracemalloc.start()
    try:
        received = receive(sent.stream, "photo.png", "image/png")
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert MAX_PHOTO_BYTES == received.stored.size_bytes
    tries(f"{peak_bytes:,} bytes", peak_bytes < MAX_PHOTO_BYTES // 4)


# The parser lets go of the part it had begun, and its file is closed when it is collected.
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning", "ignore:Unclosed file:ResourceWarning"
)
def test_a_length_that_is_not_true_is_refused(settings: Settings, tries: Tries) -> None:
    """Shorter or longer than what comes: no upload is made of a part."""
    staff = Browser(Role.STAFF)
    body = HEAD + _png() + b"\r\n--b--\r\n"
    for length in (0, 1, len(body) // 2, len(body) - 1, len(body) - 8):
        answer = staff.client.post(
            "/api/v1/uploads",
            input_stream=io.BytesIO(body),
            content_type="multipart/form-data; boundary=b",
            headers={"Authorization": f"Bearer {staff.token}"},
            environ_overrides={"CONTENT_LENGTH": str(length)},
        )
        with transaction() as tx:
            kept = tx.scalars(text("SELECT size_bytes FROM uploads")).all()
        is_whole = set(kept) <= {len(_png())}
        tries(
            f"{length} of {len(body)}: {answer.status_code} {kept}",
            answer.status_code in {202, 400, 422} and is_whole,
        )


def test_nothing_of_a_name_reaches_the_disk(settings: Settings, tries: Tries) -> None:
    """Files lie under random names, out of any web root, closed to other accounts."""
    staff = Browser(Role.STAFF)
    for name in NAMES:
        status = _send(staff, _png(), name)
        tries(f"{name!r}: {status}", status in {202, 400, 422})

    root = settings.storage_dir
    files = [path for path in root.rglob("*") if path.is_file()]
    assert files
    for path in files:
        parts = path.relative_to(root).parts
        is_ours = parts[0] == "incoming" and len(parts[2]) == 32 and set(parts[2]) <= set("0123456789abcdef")
        tries(str(path), is_ours and path.stat().st_mode & 0o077 == 0)
    assert not (Path("/etc") / "cron.d" / "x").exists()


def test_sizes_that_are_wrong_are_refused(settings: Settings, tries: Tries) -> None:
    """Nothing, one byte too many, three times too much; none of it is kept."""
    staff = Browser(Role.STAFF)

    tries("0 bytes", _send(staff, b"") == 422)
    tries("limit + 1", _send(staff, bytes(MAX_PHOTO_BYTES + 1)) == 413)
    tries("a body of 60 MB", _send(staff, bytes(60_000_000)) == 413)
    assert [] == [path for path in settings.storage_dir.rglob("*") if path.is_file()]


def test_a_published_photo_is_a_photo_and_nothing_else() -> None:
    """Whatever it was, it goes out as WebP of our own making, never to be guessed at or run."""
    staff = Browser(Role.STAFF)
    assert 202 == _send(staff, _png() + b"<script>alert(1)</script>")
    drain()
    with transaction() as tx:
        upload = tx.execute(text("SELECT id, state FROM uploads")).one()

    answer = Browser().get(f"/api/v1/photos/{upload.id}/thumb.webp")

    assert ("ready", 200, "image/webp") == (upload.state, answer.status_code, answer.mimetype)
    assert b"script" not in answer.data
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert_problem(Browser().get(f"/api/v1/photos/{upload.id}/..%2f..%2fx.webp"), 404)
