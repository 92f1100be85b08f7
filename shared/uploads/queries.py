"""Read uploads and published photos."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from shared.clock import rfc3339
from shared.db import Transaction
from shared.errors import NotFound
from shared.uploads.models import Upload

#: State of an upload -> state of a photo as a viewer sees it.
_SHOWN = {"received": "processing", "processing": "processing", "ready": "ready", "rejected": "rejected"}


def get_upload(tx: Transaction, upload_id: UUID) -> Upload:
    """
    Return an upload.

    Raises: NotFound.
    """
    upload = tx.get(Upload, upload_id)
    if upload is None:
        raise NotFound("This upload is not here.")
    return upload


def list_uploads(
    tx: Transaction, owner_id: UUID, limit: int, before: UUID | None = None
) -> tuple[list[Upload], UUID | None]:
    """Return what somebody sent, newest first, and the id after which the next page begins."""
    query = select(Upload).where(Upload.owner_id == owner_id)
    if before is not None:
        query = query.where(Upload.id < before)
    found = list(tx.scalars(query.order_by(Upload.id.desc()).limit(limit + 1)))
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def photo_path(tx: Transaction, upload_id: UUID, size: str) -> str:
    """
    Return where one published size of a photo lies in storage.

    Raises: NotFound, also for a photo that is not ready or was refused.
    """
    upload = tx.get(Upload, upload_id)
    found = upload.sizes.get(size) if upload is not None and upload.state == "ready" else None
    if not isinstance(found, dict) or "path" not in found:
        raise NotFound("This photo is not here.")
    return str(found["path"])


def photos_of(tx: Transaction, report_ids: Iterable[UUID]) -> dict[UUID, list[Upload]]:
    """Return the photos of reports, in the order they were sent."""
    found: dict[UUID, list[Upload]] = defaultdict(list)
    query = select(Upload).where(Upload.report_id.in_(list(report_ids)), Upload.purpose == "photo")
    for upload in tx.scalars(query.order_by(Upload.id)):
        if upload.report_id is not None:
            found[upload.report_id].append(upload)
    return found


def upload_json(upload: Upload, *, for_sender: bool = False) -> dict[str, Any]:
    """
    Give an upload's API shape.

    Where and when a photo was taken is for its sender only, and an id proves nobody to be the sender:
    a published photo shows it to everyone.
    """
    shown = {
        "id": str(upload.id),
        "filename": upload.filename,
        "size": upload.size_bytes,
        "media_type": upload.media_type,
        "state": upload.state,
        "error": upload.error,
        "job_id": str(upload.job_id) if upload.job_id else None,
        "created_at": rfc3339(upload.created_at),
    }
    if for_sender:
        shown["taken_at"] = rfc3339(upload.taken_at) if upload.taken_at else None
        shown["taken_point"] = list(upload.taken_point) if upload.taken_point else None
    return shown


def photo_json(upload: Upload) -> dict[str, Any]:
    """Give a photo's public shape."""
    is_ready = upload.state == "ready"
    return {
        "id": str(upload.id),
        "alt": upload.alt,
        "width": upload.width,
        "height": upload.height,
        "sizes": {
            name: {
                "url": f"/api/v1/photos/{upload.id}/{name}.webp",
                "width": size["width"],
                "height": size["height"],
            }
            for name, size in upload.sizes.items()
            if is_ready and isinstance(size, dict) and "path" in size
        },
        "state": _SHOWN[upload.state],
        "reason": upload.error,
    }
