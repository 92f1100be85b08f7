"""Make one uploaded photo fit to publish, or refuse it with a reason; then delete what was sent."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.cities.models import City
from shared.clock import utcnow
from shared.db import Transaction
from shared.errors import Rejection, Transient
from shared.messages import CleanUpload
from shared.reports.models import Report
from shared.reports.service import locked_report, note_photos
from shared.storage import storage
from shared.uploads import service
from tasks.base import Job, handles
from tasks.uploads.clean_photo import CleanPhoto
from tasks.uploads.isolated import clean_isolated
from tasks.uploads.origin import moment_of

log = logging.getLogger(__name__)

#: Opens a file that a stranger made; raises Rejection, or Transient when the opener itself broke.
Cleaner = Callable[[Path], CleanPhoto]
_UNFINISHED = frozenset({"received", "processing"})


@handles(CleanUpload, limit_seconds=90)
def clean(message: CleanUpload, job: Job, cleaner: Cleaner = clean_isolated) -> None:
    """
    Clean, store, settle, and only then delete the original: each step finds what the one before left.

    A crash before the settling starts over and writes the same files again; one after it only deletes.
    """
    upload_id = UUID(message.upload_id)
    with job.step(1, 4, "opened") as tx:
        upload = service.locked_upload(tx, upload_id)
        if upload is not None:
            service.mark_processing(upload)
    if upload is None:
        return
    if upload.path is not None and upload.state in _UNFINISHED:
        outcome = _examined(upload.path, job, cleaner)
        sizes = _stored(upload_id, outcome) if isinstance(outcome, CleanPhoto) else {}
        with job.step(3, 4, "cleaned" if sizes else "refused") as tx:
            _settle(tx, upload_id, outcome, sizes, utcnow())
    if upload.path is not None:
        storage().delete(upload.path)
    with job.finish() as tx:
        if (cleaned := service.locked_upload(tx, upload_id)) is not None:
            cleaned.path = None


def _examined(path: str, job: Job, cleaner: Cleaner) -> CleanPhoto | Rejection:
    """Clean the photo; an opener that breaks on every attempt refuses it, for a report must not wait on it."""
    try:
        with storage().as_local_file(path) as file:
            return cleaner(file)
    except Rejection as rejection:
        return rejection
    except FileNotFoundError:
        return Rejection("lost", "We lost the bytes of this photo: please send it again.")
    except Transient as error:
        if not job.is_last_attempt:
            raise
        log.warning(
            "photo refused after a helper died again", extra={"job_id": str(job.id), "error": str(error)}
        )
        return Rejection("too_hard", "We could not open this photo: please send it in another format.")


def _stored(upload_id: UUID, photo: CleanPhoto) -> dict[str, Any]:
    """Write the sizes under names made of the upload's id, so that a repetition replaces them."""
    sizes: dict[str, Any] = {"meta": {"dhash": photo.dhash}}
    for size in photo.sizes:
        path = f"photos/{upload_id.hex[-2:]}/{upload_id}/{size.name}.webp"
        stored = storage().put_bytes(path, size.data)
        sizes[size.name] = {
            "path": path,
            "width": size.width,
            "height": size.height,
            "bytes": stored.size_bytes,
        }
    return sizes


def _settle(
    tx: Transaction, upload_id: UUID, outcome: CleanPhoto | Rejection, sizes: dict[str, Any], now: datetime
) -> None:
    """Note the outcome in the upload, and in the stepper of its report."""
    upload = service.locked_upload(tx, upload_id)
    if upload is None or upload.state not in _UNFINISHED:
        return
    report = locked_report(tx, upload.report_id) if upload.report_id else None
    if isinstance(outcome, Rejection):
        service.mark_rejected(upload, outcome.detail, now)
    else:
        service.mark_ready(
            upload,
            media_type=outcome.media_type,
            width=outcome.width,
            height=outcome.height,
            sizes=sizes,
            taken_at=moment_of(outcome.taken_at, _zone_of(tx, report), now),
            taken_point=outcome.taken_point,
            now=now,
        )
    tx.flush()
    if report is not None:
        note_photos(tx, report, now)


def _zone_of(tx: Transaction, report: Report | None) -> tzinfo:
    """Return the zone a camera without one is taken to stand in: the report's city's."""
    city = tx.get(City, report.city) if report is not None else None
    return ZoneInfo(city.timezone) if city is not None else UTC
