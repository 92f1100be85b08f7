"""A photo is cleaned once, whatever breaks on the way, and what was sent is always deleted."""

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from uuid import UUID

import pytest
from PIL import Image
from sqlalchemy import select, text

from shared.cities.models import City
from shared.clock import utcnow
from shared.db import transaction
from shared.errors import Invalid, NotFound, Rejection, Transient
from shared.jobs.lease import Fenced
from shared.messages import CleanUpload
from shared.reports import service as reports
from shared.reports.draft import ReportDraft
from shared.settings import Settings
from shared.storage import storage
from shared.uploads import queries
from shared.uploads.models import Upload
from shared.uploads.service import add_photo, discarded_on_failure, receive, safe_name
from tasks.base import Job
from tasks.uploads.clean import clean
from tasks.uploads.clean_photo import CleanPhoto, Size
from tasks.uploads.isolated import end_helper
from tests.support.jobs import run_job, running_job

DONE = CleanPhoto(
    "image/jpeg", 8, 6, (Size("large", 8, 6, b"webp"),), "0" * 16, "2026-05-01T12:00:00", (-0.1, 51.5)
)


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> Iterator[None]:
    yield
    end_helper()


def uploaded(data: bytes = b"bytes") -> UUID:
    """Upload a file as the web tier does."""
    received = receive(BytesIO(data), "IMG_1.jpg", "image/jpeg")
    with transaction() as tx:
        return add_photo(tx, received).id


def found(upload_id: UUID) -> Upload:
    """Read an upload."""
    with transaction() as tx:
        return tx.get_one(Upload, upload_id)


def stored_files(settings: Settings) -> list[str]:
    """List the names of all stored files."""
    return sorted(path.name for path in settings.storage_dir.rglob("*") if path.is_file())


def cleaned(upload_id: UUID, cleaner: object = lambda path: DONE) -> None:
    """Run the handler once with a cleaner of ours."""
    message = CleanUpload(upload_id=str(upload_id))
    with running_job(message) as job:
        clean(message, job, cleaner=cleaner)  # type: ignore[arg-type]


def test_a_real_photo_is_cleaned_by_the_helper(settings: Settings) -> None:
    """From bytes to three sizes; the original is gone."""
    buffer = BytesIO()
    Image.new("RGB", (2400, 1200), "green").save(buffer, "JPEG")
    upload_id = uploaded(buffer.getvalue())

    assert "succeeded" == run_job(CleanUpload(upload_id=str(upload_id)))

    upload = found(upload_id)
    assert ("ready", 2400, 1200, "image/jpeg", None) == (
        upload.state,
        upload.width,
        upload.height,
        upload.media_type,
        upload.path,
    )
    assert (960, 480) == (upload.sizes["medium"]["width"], upload.sizes["medium"]["height"])
    assert ["large.webp", "medium.webp", "thumb.webp"] == stored_files(settings)
    with transaction() as tx, storage().open(queries.photo_path(tx, upload_id, "large")) as file:
        assert b"RIFF" == file.read(4)


def test_cleaning_twice_is_cleaning_once() -> None:
    """A second run finds nothing to do and calls no cleaner."""
    upload_id = uploaded()
    cleaned(upload_id)
    before = (found(upload_id).sizes, found(upload_id).finished_at)

    cleaned(upload_id, cleaner=lambda path: pytest.fail("cleaned again"))

    assert before == (found(upload_id).sizes, found(upload_id).finished_at)


def test_a_crash_after_the_sizes_were_stored_starts_over(settings: Settings) -> None:
    """Nothing was settled, so the same files are written again."""
    upload_id = uploaded()

    def dies(path: Path) -> CleanPhoto:
        storage().put_bytes(f"photos/{upload_id.hex[-2:]}/{upload_id}/large.webp", b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cleaned(upload_id, cleaner=dies)
    assert "processing" == found(upload_id).state

    cleaned(upload_id)
    assert "ready" == found(upload_id).state
    assert ["large.webp"] == stored_files(settings)


def test_a_crash_after_the_settling_only_deletes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The original never outlives its job, however often that is tried."""
    upload_id = uploaded()
    with monkeypatch.context() as patch:
        patch.setattr(type(storage()), "delete", lambda self, path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            cleaned(upload_id)
    assert ("ready", 2) == (found(upload_id).state, len(stored_files(settings)))

    cleaned(upload_id, cleaner=lambda path: pytest.fail("cleaned again"))
    assert ["large.webp"] == stored_files(settings)
    assert found(upload_id).path is None


def test_a_worker_that_lost_its_lease_settles_nothing() -> None:
    """The next one does."""
    upload_id = uploaded()

    def slow(path: Path) -> CleanPhoto:
        with transaction() as tx:
            tx.execute(text("UPDATE jobs SET lease_token = gen_random_uuid() WHERE state = 'running'"))
        return DONE

    with pytest.raises(Fenced):
        cleaned(upload_id, cleaner=slow)

    assert "processing" == found(upload_id).state
    assert storage().exists(found(upload_id).path or "")


def test_a_refused_photo_says_why_and_is_deleted(settings: Settings) -> None:
    """A sentence for the sender, and no bytes kept."""
    upload_id = uploaded()

    def refuse(path: Path) -> CleanPhoto:
        raise Rejection("not_a_photo", "This is a poem.")

    cleaned(upload_id, cleaner=refuse)

    assert ("rejected", "This is a poem.") == (found(upload_id).state, found(upload_id).error)
    assert [] == stored_files(settings)
    with pytest.raises(NotFound), transaction() as tx:
        queries.photo_path(tx, upload_id, "large")


def test_a_helper_that_always_dies_refuses_the_photo_at_last() -> None:
    """A report must not wait on it for ever."""
    upload_id = uploaded()

    def dies(path: Path) -> CleanPhoto:
        raise Transient("helper died")

    with pytest.raises(Transient):
        cleaned(upload_id, cleaner=dies)
    with transaction() as tx:
        tx.execute(text("UPDATE jobs SET state = 'cancelled', lease_token = NULL, finished_at = now()"))

    message = CleanUpload(upload_id=str(upload_id))
    with running_job(message) as job:
        last = Job(job.lease)
        object.__setattr__(last.lease, "attempt", last.max_attempts)
        clean(message, last, cleaner=dies)
    assert "rejected" == found(upload_id).state


def test_lost_bytes_are_told(settings: Settings) -> None:
    """A volume that was lost is said to be, not retried."""
    upload_id = uploaded()
    storage().delete(found(upload_id).path or "")

    cleaned(upload_id)

    assert "rejected" == found(upload_id).state
    assert "send it again" in (found(upload_id).error or "")


def test_an_upload_that_is_gone_is_no_error() -> None:
    """Its report was erased meanwhile."""
    upload_id = uploaded()
    with transaction() as tx:
        tx.execute(text("DELETE FROM uploads"))

    cleaned(upload_id, cleaner=lambda path: pytest.fail("cleaned nothing"))


def test_where_and_when_it_was_taken_is_for_the_sender_only() -> None:
    """An id is shown to everyone and so proves nobody to be the sender."""
    upload_id = uploaded()
    cleaned(upload_id)

    public = queries.upload_json(found(upload_id))
    private = queries.upload_json(found(upload_id), for_sender=True)
    assert not {"taken_at", "taken_point"} & public.keys()
    assert ("2026-05-01T12:00:00Z", [-0.1, 51.5]) == (private["taken_at"], private["taken_point"])
    assert "51.5" not in str(queries.photo_json(found(upload_id)))


def test_an_empty_file_is_refused_and_not_kept(settings: Settings) -> None:
    """Nothing was sent, so nothing is stored."""
    with pytest.raises(Invalid):
        receive(BytesIO(b""), "a.jpg")

    assert [] == stored_files(settings)


def test_files_without_a_row_are_deleted_when_the_row_fails(settings: Settings) -> None:
    """A refused report leaves no photos behind."""
    received = [receive(BytesIO(b"one"), "a.jpg"), receive(BytesIO(b"two"), "b.jpg")]

    with pytest.raises(Invalid), discarded_on_failure(received), transaction() as tx:
        reports.file_report(tx, ReportDraft("atlantis", "pothole"), received, now=utcnow())

    assert [] == stored_files(settings)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("IMG 1.JPG", "IMG 1.JPG"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\photo.png", "photo.png"),
        ("a\0b\r\n\u202egpj.exe", "abgpj.exe"),
        ("", "file"),
        ("...", "file"),
        ("x" * 300 + ".jpeg", "x" * 115 + ".jpeg"),
    ],
)
def test_a_name_is_made_safe_to_show(sent: str, expected: str) -> None:
    """No folders, no unseen signs, no endless names."""
    assert expected == safe_name(sent)


def test_numbers_given_at_the_same_time_are_all_different(db: object) -> None:
    """Eight filers at once get eight numbers without a gap."""
    config = {"categories": [{"code": "pothole", "name": "Pothole"}]}
    with transaction() as tx:
        tx.add(City(slug="london", name="London", timezone="Europe/London", config=config))
    barrier = threading.Barrier(8)

    def file_one() -> None:
        barrier.wait()
        with transaction() as tx:
            reports.file_report(tx, ReportDraft("london", "pothole", lon=-0.1, lat=51.5), now=utcnow())

    threads = [threading.Thread(target=file_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with transaction() as tx:
        numbers = tx.scalars(select(reports.Report.number).order_by(reports.Report.number)).all()
    assert list(range(1, 9)) == numbers
