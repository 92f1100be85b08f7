"""Try a feed before it is saved."""

from collections import Counter
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from shared.cities.models import City
from shared.clock import new_id, utcnow
from shared.db import transaction
from shared.errors import Permanent, Transient
from shared.feeds.archive import Archive
from shared.feeds.models import Feed
from shared.feeds.previews import keep_preview
from shared.feeds.rules import Ages, Freshness, Pace, entity_freshness
from shared.feeds.runs import Opened
from shared.messages import PreviewFeed
from shared.settings import get_settings
from tasks.base import Job, handles
from tasks.feeds.connector import Described, Manifest, Record, Rejected
from tasks.feeds.fetching.http import Fetcher
from tasks.feeds.fetching.visit import Gets, Visit
from tasks.feeds.fetching.visitor import Visitor
from tasks.feeds.load import context_for, source_for
from tasks.feeds.quality import check
from tasks.feeds.registry import Connector, connector
from tasks.feeds.timetables import timetabled
from tasks.feeds.zones import zoned

#: Records that are read, and of them those that are shown; problems likewise.
_READ: Final = 2_000
_SHOWN: Final = 20
#: Where a feed that describes itself (GBFS system_information) tells whose it is; the first word counts.
_TERMS: Final = {
    "attribution": ("attribution_organization_name", "operator", "name"),
    "license": ("license_id", "license_url"),
}


@handles(PreviewFeed, limit_seconds=120)
def preview(
    message: PreviewFeed, job: Job, get: Gets | None = None, find: Callable[[str], Connector] = connector
) -> None:
    """
    Fetch and parse as a run would, under the same rules for hosts and sizes; only the preview is kept.

    What fails is the answer: the job ends well and the preview says why.
    """
    with transaction() as tx:
        timezone = tx.get_one(City, message.city).timezone
    found: dict[str, Any] = {"records": [], "problems": [], "read": {}, "rejected": {}, "terms": {}}
    with TemporaryDirectory(prefix="citypulse-preview-") as folder:
        fetcher = get or Fetcher.from_settings(get_settings())
        with Visitor(_opened(message, timezone, job), fetcher, Archive(Path(folder))) as visitor:
            try:
                _look(visitor, timetabled(zoned(find(message.kind))), found)
            except (Transient, Permanent) as error:
                found["error"] = str(error)
    keep_preview(job.id, found | _answers(visitor) | {"job_id": str(job.id), "at": utcnow().isoformat()})


def _opened(message: PreviewFeed, timezone: str, job: Job) -> Opened:
    """Return a run of a feed that there is not."""
    feed = Feed(
        id=new_id(),
        city=message.city,
        slug="preview",
        name="preview",
        kind=message.kind,
        url=message.url,
        options=message.options,
        cursor={},
    )
    return Opened(job.id, feed, timezone, {}, {}, utcnow())


def _look(visitor: Visitor, found: Connector, into: dict[str, Any]) -> None:
    source = source_for(visitor.opened)
    visitor.run(found, source)
    payloads = visitor.visit.payloads
    read: Counter[str] = Counter()
    rejected: Counter[str] = Counter()
    newest: datetime | None = None
    now = utcnow()
    context = context_for(source, now)
    for sent in islice(found.parse(payloads, source), _READ):
        record = check(sent, context) or sent
        read[type(record).__name__] += 1
        if isinstance(record, Rejected):
            rejected[record.reason] += 1
        into["terms"] |= _terms(record)
        newest = max(filter(None, (newest, _told_at(record))), default=None)
        part = into["problems"] if isinstance(record, Rejected) else into["records"]
        if len(part) < _SHOWN:
            part.append(shown(record))
    into["read"], into["rejected"] = dict(read), dict(rejected)
    into["newest_at"] = newest
    into["freshness"] = _judged(found.manifest, newest, now)


def _answers(visitor: Visitor) -> dict[str, Any]:
    """Return what the publisher answered, also when that ended the preview."""
    visit = visitor.visit
    return {
        "fetched": [
            {"name": one.name, "status": one.status, "bytes": one.size_bytes, "media_type": one.media_type}
            for one in visit.payloads
        ],
        "http_status": visit.http_status,
        "ttfb_ms": visit.ttfb_ms,
        "ttl_seconds": _ttl_seconds(visit),
    }


def _ttl_seconds(visit: Visit) -> int | None:
    """Return how long the publisher asks to wait before the next fetch: by its format's ttl, or by its headers."""
    waits = [
        int((one["fresh_until"] - one["fetched_at"]).total_seconds())
        for one in visit.resources
        if one["fresh_until"]
    ]
    return visit.traffic.ttl_seconds or min(waits, default=None)


def _told_at(record: Record) -> datetime | None:
    """Return when a record was observed, by its own word."""
    return getattr(record, "phenomenon_time", None) or getattr(record, "observed_at", None)


def _judged(manifest: Manifest, newest: datetime | None, now: datetime) -> Freshness:
    """Judge the newest record as a feed of this connector is judged; one without times was fetched just now."""
    ages = Ages(manifest.late_seconds, manifest.stale_seconds, manifest.dead_seconds)
    return entity_freshness(newest, Pace(manifest.min_interval_seconds, ages), now)


def _terms(record: Record) -> dict[str, str]:
    """Return what a record that describes its feed says of attribution and licence."""
    told = record.properties if isinstance(record, Described) else {}
    return {
        term: value
        for term, names in _TERMS.items()
        for name in reversed(names)
        if isinstance(value := told.get(name), str) and value
    }


def shown(record: Record) -> dict[str, Any]:
    """Write a record as JSON, its type first, what it leaves out left out."""
    return {"type": type(record).__name__, **_members(record)}


def _members(value: Any) -> dict[str, Any]:  # Any: a record or a result.
    held = ((field.name, getattr(value, field.name)) for field in fields(value))
    return {name: _plain(inner) for name, inner in held if inner not in (None, "", {}, (), False)}


def _plain(value: Any) -> Any:  # Any: what a record holds.
    if is_dataclass(value):
        return _members(value)
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
