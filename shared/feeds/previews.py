"""A feed tried before it is saved: fetched and parsed once, shown, and kept for an hour beside the archive."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from shared.cities.queries import find_city
from shared.db import Transaction
from shared.errors import NotFound
from shared.feeds.service import check_feed
from shared.hidden import without_secrets
from shared.jobs.enqueue import Enqueued, enqueue
from shared.messages import PreviewFeed
from shared.storage import storage

KEPT: Final = timedelta(hours=1)
_FOLDER: Final = "previews"


def request_preview(
    tx: Transaction, *, city: str, kind: str, url: str, options: Mapping[str, Any]
) -> Enqueued:
    """
    Ask to fetch and parse what a feed would, once; nothing of it is stored as data.

    Raises: Invalid for values that break a rule; NotFound for an unknown city.
    """
    check_feed({"kind": kind, "url": url, "options": options})
    find_city(tx, city)
    return enqueue(tx, PreviewFeed(city=city, kind=kind, url=url, options=dict(options)), priority=2)


def keep_preview(job_id: UUID, found: Mapping[str, Any]) -> None:
    """Keep what a preview found, without secrets, until `KEPT` has passed."""
    storage().put_bytes(_path(job_id), without_secrets(orjson.dumps(found).decode()).encode())


def read_preview(job_id: UUID) -> dict[str, Any]:
    """
    Return what a preview found.

    Raises: NotFound while its job has not ended, and after an hour.
    """
    try:
        with storage().open(_path(job_id)) as file:
            found: dict[str, Any] = orjson.loads(file.read())
    except FileNotFoundError:
        raise NotFound(f"no preview {job_id}: it has not ended, or it is over an hour old") from None
    return found


def forget_previews(now: datetime) -> int:
    """Remove previews that are over an hour old; returns how many."""
    old = [path for path, written in storage().walk(_FOLDER) if written < now - KEPT]
    for path in old:
        storage().delete(path)
    return len(old)


def _path(job_id: UUID) -> str:
    return f"{_FOLDER}/{job_id}.json"
