"""
Take in files and settle what became of them.

The bytes are stored before the row exists and deleted after the row forgot them: a crash in between
leaves a file nobody names, never a row without its file.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from shared.clock import new_id
from shared.db import Transaction
from shared.errors import FieldProblem, Invalid
from shared.jobs.enqueue import enqueue
from shared.messages import CleanUpload
from shared.storage import Readable, Storage, Stored, storage
from shared.uploads.models import Upload

MAX_PHOTO_BYTES = 20 * 1024 * 1024
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Received:
    """A file whose bytes are safe and which no row names yet; `media_type` is only the sender's word."""

    stored: Stored
    filename: str
    media_type: str


def receive(
    stream: Readable,
    filename: str = "",
    media_type: str = "",
    *,
    max_bytes: int = MAX_PHOTO_BYTES,
    into: Storage | None = None,
) -> Received:
    """
    Store what a sender streams to us, in constant memory.

    Raises: TooLarge, StorageFull, or Invalid when there are no bytes at all.
    """
    place = into or storage()
    stored = place.put_stream("incoming", stream, max_bytes=max_bytes)
    if not stored.size_bytes:
        place.delete(stored.path)
        raise Invalid("The file is empty.", FieldProblem("file", "size", "Send a file that holds something."))
    return Received(stored, safe_name(filename), media_type[:100])


@contextmanager
def discarded_on_failure(received: Sequence[Received], *, at: Storage | None = None) -> Iterator[None]:
    """Delete received files again when the block that gives them rows fails."""
    try:
        yield
    except BaseException:
        for file in received:
            (at or storage()).delete(file.stored.path)
        raise


def add_photo(
    tx: Transaction,
    received: Received,
    *,
    owner_id: UUID | None = None,
    report_id: UUID | None = None,
    alt: str = "",
) -> Upload:
    """Give a received photo its row and the job that makes it fit to publish."""
    upload = Upload(
        id=new_id(),
        owner_id=owner_id,
        report_id=report_id,
        purpose="photo",
        filename=received.filename,
        media_type=received.media_type,
        size_bytes=received.stored.size_bytes,
        sha256=received.stored.sha256,
        path=received.stored.path,
        state="received",
        alt=alt,
    )
    upload.job_id = enqueue(tx, CleanUpload(upload_id=str(upload.id))).id
    tx.add(upload)
    tx.flush()
    return upload


def locked_upload(tx: Transaction, upload_id: UUID) -> Upload | None:
    """Return an upload, locked until the transaction ends; none when it is gone."""
    return tx.execute(select(Upload).where(Upload.id == upload_id).with_for_update()).scalar_one_or_none()


def mark_processing(upload: Upload) -> None:
    """Note that work began."""
    if upload.state == "received":
        upload.state = "processing"


def mark_rejected(upload: Upload, sentence: str, now: datetime) -> None:
    """End an upload that cannot be used, with a sentence for its sender."""
    upload.state = "rejected"
    upload.error = sentence
    upload.finished_at = now


def mark_ready(
    upload: Upload,
    *,
    media_type: str,
    width: int,
    height: int,
    sizes: dict[str, Any],
    taken_at: datetime | None,
    taken_point: tuple[float, float] | None,
    now: datetime,
) -> None:
    """End an upload whose published forms are stored; `sizes` is what the model says."""
    upload.state = "ready"
    upload.media_type = media_type
    upload.width, upload.height = width, height
    upload.sizes = sizes
    upload.taken_at, upload.taken_point = taken_at, taken_point
    upload.error = None
    upload.finished_at = now


def safe_name(filename: str) -> str:
    """Return a file's name without folders, control characters and turns of direction, to show and no more."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(sign for sign in last if unicodedata.category(sign) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    kept = kept.strip(" .")
    if len(kept) > LONGEST_NAME:
        stem, dot, suffix = kept.rpartition(".")
        suffix = (dot + suffix)[:10] if stem else ""
        kept = kept[: LONGEST_NAME - len(suffix)] + suffix
    return kept or "file"
