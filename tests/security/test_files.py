"""Files from strangers: each is taken by what it is, kept under a random name, or refused with a reason."""

import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import text

from shared.accounts.rules import Role
from shared.db import transaction
from shared.settings import Settings
from shared.uploads.service import MAX_PHOTO_BYTES
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
    return buffer.getvalue()


BAD = {
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
