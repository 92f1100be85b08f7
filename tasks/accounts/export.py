"""Make the copy of everything we hold about a person: one ZIP, written to disk as it grows."""

import json
import shutil
import tempfile
import zipfile
from datetime import datetime
from typing import IO, Any
from uuid import UUID

from shared.accounts import export as service
from shared.accounts.models import User
from shared.clock import rfc3339, utcnow
from shared.db import transaction
from shared.messages import ExportAccount
from shared.storage import storage
from tasks.base import Job, handles

_MOST_BYTES = 4 * 1024**3
_README = """This is everything CityPulse holds about you, as of {now}.

Each .json file is a list of records, times in UTC. `photos` holds your photos as they are published.
Left out: hashes of passwords, tokens and keys, which tell nothing and open nothing, and the words of mails.
"""


@handles(ExportAccount, limit_seconds=900)
def export(message: ExportAccount, job: Job) -> None:
    """Write the ZIP, store it, then tell; a copy made by an attempt that broke off is swept up as an orphan."""
    export_id, now = UUID(message.export_id), utcnow()
    with transaction() as tx:
        asked = service.locked_export(tx, export_id)
        if asked is None or asked.state != "working":
            return
        parts, photos = service.gather(tx, tx.get_one(User, asked.user_id))
    with tempfile.TemporaryFile() as file:
        _write(file, parts, photos, job, now)
        file.seek(0)
        stored = storage().put_stream(service.FOLDER, file, max_bytes=_MOST_BYTES)
    with job.finish() as tx:
        asked = service.locked_export(tx, export_id)
        if asked is not None:
            user = tx.get_one(User, asked.user_id)
            service.mark_ready(tx, asked, user, stored.path, stored.size_bytes, now)


def _write(
    file: IO[bytes],
    parts: dict[str, list[dict[str, Any]]],
    photos: dict[UUID, str],
    job: Job,
    now: datetime,
) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _README.format(now=rfc3339(now)))
        for name, rows in parts.items():
            archive.writestr(f"{name}.json", json.dumps(rows, default=_plain, indent=2, ensure_ascii=False))
        for upload_id, path in photos.items():
            job.checkpoint()
            if storage().exists(path):
                with storage().open(path) as photo, archive.open(f"photos/{upload_id}.webp", "w") as member:
                    shutil.copyfileobj(photo, member)


def _plain(value: object) -> str:
    return rfc3339(value) if isinstance(value, datetime) else str(value)
