"""How the platform is: what each part last said of itself, put together for the status page."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from shared.clock import utcnow
from shared.db import Transaction, transaction
from shared.settings import Settings
from web.neighbours import mail, neighbours
from web.told import Told, in_english, told

FRESHNESS = ("fresh", "late", "stale", "dead")
_SILENT_SECONDS = 30
#: A queue whose oldest job has waited this long is behind.
_LATE_QUEUE_SECONDS = 60.0
_CORE = frozenset({"postgres", "backend"})

_PROCESSES = text("""
SELECT role, count(*) AS number, min(started_at) AS since FROM processes
WHERE seen_at > clock_timestamp() - make_interval(secs => :silent) GROUP BY role
""")
#: Nothing is known of a feed whose first run has not ended: it is in no count.
_FEEDS = text("""
SELECT freshness, count(*) AS number FROM feeds
WHERE NOT paused AND (last_success_at IS NOT NULL OR failures_in_a_row > 0) GROUP BY freshness
""")
_QUEUES = text("""
SELECT q.name, s.paused, s.heartbeat_at, coalesce(w.workers, 0) AS workers, d.oldest
FROM unnest(CAST(:names AS text[])) AS q(name)
LEFT JOIN queues s ON s.name = q.name
LEFT JOIN (SELECT n.queue, count(*) AS workers FROM processes p
  CROSS JOIN LATERAL jsonb_array_elements_text(p.data->'queues') AS n(queue)
  WHERE p.role = 'worker' AND p.seen_at > clock_timestamp() - make_interval(secs => :silent)
  GROUP BY n.queue) w ON w.queue = q.name
LEFT JOIN (SELECT queue, extract(epoch FROM clock_timestamp() - min(run_at)) AS oldest FROM jobs
  WHERE state = 'queued' GROUP BY queue) d ON d.queue = q.name
""")
_EXPECTED = ("live", "relay", "beat")
_QUEUE_NAMES = ("critical", "email", "feeds", "uploads", "bulk")


def platform_status(settings: Settings) -> dict[str, Any]:
    """Return the status document; a database that cannot be reached is part of the answer."""
    backend = part("backend", "ok", [told("instance", instance=settings.instance_id)])
    around = [part(*found) for found in neighbours(settings)]
    feeds = dict.fromkeys(FRESHNESS, 0)
    try:
        with transaction() as tx:
            mails = part(*mail(tx, settings))
            parts = [part("postgres", "ok"), backend, *around, mails, *_database_parts(tx)]
            feeds |= {row.freshness: row.number for row in tx.execute(_FEEDS)}
    except SQLAlchemyError:
        parts = [part("postgres", "down", [told("unreachable")]), backend, *around, *_unknown()]
    return {
        "status": overall(parts),
        "version": settings.app_version,
        "at": utcnow(),
        "components": parts,
        "feeds": feeds,
    }


def part(name: str, state: str, said: Sequence[Told] = (), since: datetime | None = None) -> dict[str, Any]:
    """Describe one part."""
    return {"name": name, "state": state, "detail": in_english(said), "told": list(said), "since": since}


def overall(parts: list[dict[str, Any]]) -> str:
    """Return down when a core part is down, degraded when anything is not well, else ok."""
    if any(each["state"] == "down" and each["name"] in _CORE for each in parts):
        return "down"
    return "degraded" if any(each["state"] in {"down", "degraded"} for each in parts) else "ok"


def _database_parts(tx: Transaction) -> Iterator[dict[str, Any]]:
    seen = {row.role: row for row in tx.execute(_PROCESSES, {"silent": _SILENT_SECONDS})}
    for role in _EXPECTED:
        row = seen.get(role)
        said = told("running", count=row.number) if row else told("silent", seconds=_SILENT_SECONDS)
        yield part(role, "ok" if row else "down", [said], row.since if row else None)
    queues = tx.execute(_QUEUES, {"names": list(_QUEUE_NAMES), "silent": _SILENT_SECONDS}).all()
    for queue in queues:
        yield part(f"queue:{queue.name}", *_queue(queue), queue.heartbeat_at)


def _queue(row: Any) -> tuple[str, list[Told]]:
    if not row.workers:
        return "down", [told("no_worker")]
    if row.paused:
        return "degraded", [told("paused")]
    oldest = float(row.oldest or 0)
    workers = told("workers", count=row.workers)
    if oldest > _LATE_QUEUE_SECONDS:
        return "degraded", [workers, told("oldest", seconds=round(oldest))]
    return "ok", [workers]


def _unknown() -> list[dict[str, Any]]:
    names = ["email", *_EXPECTED, *(f"queue:{name}" for name in _QUEUE_NAMES)]
    return [part(name, "unknown", [told("not_known")]) for name in names]
