"""How the parts are that have no process of ours: Redis, the page's server, the edge, the files, the mail."""

import contextlib
import http.client
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import redis
from sqlalchemy import text

from shared.clock import rfc3339
from shared.db import Transaction
from shared.email.service import PROVIDER_RATE_KEY
from shared.jobs import breakers
from shared.jobs.breakers import State
from shared.settings import Settings
from web.told import Told, told

#: Somebody waits for the status: a neighbour that takes longer than this is not well.
_PATIENCE_SECONDS = 1.0
#: Below this share of free space the files are in danger.
_LEAST_FREE = 0.05
_MAIL = text("""
SELECT count(*) FILTER (WHERE state IN ('pending', 'sending')) AS waiting,
  count(*) FILTER (WHERE state IN ('pending', 'sending')
    AND created_at < clock_timestamp() - interval '10 minutes') AS late,
  count(*) FILTER (WHERE state IN ('failed', 'held') AND created_at > clock_timestamp() - interval '1 hour') AS lost
FROM deliveries WHERE created_at > clock_timestamp() - interval '1 day'
""")

#: Name and state of a part, and what is told of it.
Found = tuple[str, str, list[Told]]


def neighbours(settings: Settings) -> Iterator[Found]:
    """Yield what is asked outside the database; each answers, or is given up, within a second."""
    yield _redis(settings)
    yield _frontend(settings)
    if settings.nginx_status_url is not None:
        yield "nginx", *_asked(settings.nginx_status_url)
    yield _storage(settings.storage_dir)


def mail(tx: Transaction, settings: Settings) -> Found:
    """Return how mail goes: what waits, and what of the last hour was not sent."""
    if settings.sendgrid_api_key is None:
        return "email", "ok", [told("mailbox")]
    breaker = breakers.state_of(tx, PROVIDER_RATE_KEY)
    row = tx.execute(_MAIL).one()
    said = [told("waiting", count=row.waiting), *([told("not_sent", count=row.lost)] if row.lost else [])]
    if breaker.state != "closed":
        return "email", "degraded", [_left_alone(breaker), *said]
    return "email", "degraded" if row.late or row.lost else "ok", said


def _left_alone(breaker: State) -> Told:
    """Say since when the provider fails and when it is tried again; its own words are not for everybody."""
    since = rfc3339(breaker.since) if breaker.since else "lately"
    if breaker.state == "open" and breaker.until is not None:
        return told("left_alone", since=since, until=rfc3339(breaker.until))
    return told("tried", since=since)


def _redis(settings: Settings) -> Found:
    url, seconds = settings.redis_url.get_secret_value(), _PATIENCE_SECONDS
    try:
        with contextlib.closing(
            redis.Redis.from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds)
        ) as client:
            client.ping()
    except redis.RedisError as error:
        # Its words may hold the address; what kind it is says enough to everybody.
        return "redis", "down", [told("error", error=type(error).__name__)]
    return "redis", "ok", []


def _frontend(settings: Settings) -> Found:
    if settings.frontend_url is not None:
        return "frontend", *_asked(settings.frontend_url)
    if settings.frontend_dist is None:
        return "frontend", "unknown", [told("elsewhere")]
    is_there = (settings.frontend_dist / "index.html").is_file()
    return ("frontend", "ok", []) if is_there else ("frontend", "down", [told("not_built")])


def _asked(url: str) -> tuple[str, list[Told]]:
    """Return the state of a server, and what it said when that was not 200."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return "down", [told("error", error=type(error).__name__)]
    finally:
        connection.close()
    return ("ok", []) if status == 200 else ("degraded", [told("http", status=status)])


def _storage(folder: Path) -> Found:
    there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    usage = shutil.disk_usage(there)
    if not os.access(there, os.W_OK):
        return "storage", "down", [told("read_only")]
    state = "degraded" if usage.free < usage.total * _LEAST_FREE else "ok"
    return "storage", state, [told("free", gigabytes=round(usage.free / 1e9, 1))]
