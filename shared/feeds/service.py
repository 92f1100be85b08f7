"""What admins, seeds and the scheduler do with feeds."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from sqlalchemy import delete, select

from shared.cities.queries import find_city
from shared.clock import rfc3339
from shared.db import Transaction
from shared.errors import Conflict, FieldProblem, Invalid, NotFound, Outdated
from shared.feeds.due import due_feeds, enqueue_due, host_key, run_key
from shared.feeds.models import Feed, FeedResource
from shared.feeds.option_types import unreadable
from shared.feeds.options import options_of, unknown_kind
from shared.feeds.options import problems as option_problems
from shared.jobs.enqueue import Enqueued, enqueue
from shared.messages import ReprocessFeed, RunFeed

__all__ = [
    "FeedDraft",
    "check_feed",
    "create_feed",
    "due_feeds",
    "enqueue_due",
    "request_reprocess",
    "run_now",
    "update_feed",
]

SHORTEST_INTERVAL_SECONDS: Final = 5
LONGEST_INTERVAL_SECONDS: Final = 7 * 86_400
_ASKED_FOR_PRIORITY: Final = 2
#: The kind of the feeds that an option `static` may name.
TIMETABLE_KIND: Final = "gtfs_static"
#: A password before the host, or a parameter that is called as keys are: everybody is shown the URL.
_KEY: Final = re.compile(
    r"https?://([^/?#]*@|[^?#]*\?([^#]*&)?"
    r"(api[_-]?key|app[_-]?key|access_token|(\$|%24){0,2}app_token|subscription-key|client_secret|password)=)",
    re.IGNORECASE,
)
_WHERE_KEYS_GO: Final = (
    "everybody is shown the URL: put the key into FEEDS_SECRETS, and say by the options credential_query"
    " (or credential_header) and credential where it goes and what it is called"
)
#: What an admin may change, and so what a version of a feed is of.
_EDITABLE: Final = frozenset(
    ("name", "url", "interval_seconds", "options", "attribution", "license", "paused", "kind")
)
#: A change of these makes what was fetched until now tell nothing about what to fetch next.
_CONTENT: Final = frozenset(("kind", "url", "options"))


@dataclass(frozen=True, slots=True)
class FeedDraft:
    """A feed to add; the slug is made of the name when none is given."""

    city: str
    kind: str
    url: str
    interval_seconds: int
    name: str = ""
    slug: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    attribution: str = ""
    license: str = ""
    simulated: bool = False
    paused: bool = False


def create_feed(tx: Transaction, draft: FeedDraft, now: datetime) -> Feed:
    """
    Add a feed; it is due at once.

    Raises: Invalid for values that break a rule; NotFound for an unknown city; Conflict when the city has
    a feed of that slug.
    """
    names = ("kind", "url", "interval_seconds", "options")
    _refuse(_problems({name: getattr(draft, name) for name in names}, draft.kind))
    find_city(tx, draft.city)
    _refuse(_unknown_timetable(tx, draft.city, draft.kind, draft.options))
    name = draft.name.strip() or f"{draft.kind} {urlsplit(draft.url).hostname}"
    slug = draft.slug or slug_of(name)
    if tx.scalar(select(Feed.id).where(Feed.city == draft.city, Feed.slug == slug)) is not None:
        raise Conflict(f"{draft.city} has a feed {slug!r} already")
    feed = Feed(
        city=draft.city,
        slug=slug,
        name=name,
        kind=draft.kind,
        url=draft.url,
        interval_seconds=draft.interval_seconds,
        options=dict(draft.options),
        attribution=draft.attribution,
        license=draft.license,
        simulated=draft.simulated,
        paused=draft.paused,
        next_run_at=now,
    )
    tx.add(feed)
    return _stored(tx, feed)


def update_feed(
    tx: Transaction,
    feed_id: UUID,
    changes: Mapping[str, Any],
    now: datetime,
    versions: Set[str] | None = None,
) -> Feed:
    """
    Change a feed; with another kind, URL or options it starts from nothing it remembers.

    Raises: NotFound; Outdated if it is of none of the `versions` that the caller expects; Invalid for values that
    break a rule or fields that cannot be changed; Conflict if it is being removed.
    """
    feed = get_feed_row(tx, feed_id, lock=True)
    expect_kept(feed)
    expect(feed, versions)
    unknown = [
        FieldProblem(name, "unknown", "this field cannot be changed") for name in changes.keys() - _EDITABLE
    ]
    # Options are of a kind, and a kind takes options: a change of either is judged with the other.
    kind = changes.get("kind", feed.kind)
    both = {"options": feed.options} if "kind" in changes else {}
    judged = {**both, **changes}
    timetable = _unknown_timetable(tx, feed.city, kind, judged.get("options", {}))
    _refuse([*unknown, *_problems(judged, kind), *timetable])
    differs = {name for name, value in changes.items() if getattr(feed, name) != value}
    content = differs & _CONTENT
    if content == {"options"} and _read_by(feed.options) == _read_by(changes["options"]):
        content = set()
    for name in differs:
        setattr(feed, name, changes[name])
    if content:
        feed.cursor = {}
        feed.parser_version = None
        feed.newest_at = None
        feed.failures_in_a_row = 0
        feed.filled, feed.lost_fields, feed.drifted_since = {}, [], None
        tx.execute(delete(FeedResource).where(FeedResource.feed_id == feed_id))
    if differs:
        feed.open_until = None
        feed.next_run_at = now
    return _stored(tx, feed)


def _stored(tx: Transaction, feed: Feed) -> Feed:
    """Return a feed as whoever reads it next has it: JSON's numbers are not all kept as they were sent."""
    tx.flush()
    tx.refresh(feed)
    return feed


def _read_by(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that decide what is read of a feed."""
    return {name: value for name, value in options.items() if name not in ("hours", "keep_days")}


def get_feed_row(tx: Transaction, feed_id: UUID, *, lock: bool = False) -> Feed:
    """
    Return a feed.

    Raises: NotFound.
    """
    feed = tx.get(Feed, feed_id, with_for_update=lock or None)
    if feed is None:
        raise NotFound(f"no feed {feed_id}")
    return feed


def version_of(feed: Feed) -> str:
    """Return what is another text after each change by an admin, and the same after any run."""
    told = {name: getattr(feed, name) for name in _EDITABLE}
    return hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def expect(feed: Feed, versions: Set[str] | None) -> None:
    """Refuse to go on with a feed that is of none of some versions; without any, all will do. Raises: Outdated."""
    if versions is not None and version_of(feed) not in versions:
        raise Outdated("the feed was changed since you read it: read it again", version=version_of(feed))


def expect_kept(feed: Feed) -> None:
    """Refuse to go on with a feed that is being removed. Raises: Conflict."""
    if is_removed(feed):
        raise Conflict("the feed is being removed")


def is_removed(feed: Feed) -> bool:
    """Tell whether a feed is being removed."""
    return feed.slug == slug_of_removed(feed.id)


def slug_of_removed(feed_id: UUID) -> str:
    """Return the slug of a feed that is being removed: its own is free for another."""
    return f"deleted-{feed_id}"


def run_now(tx: Transaction, feed_id: UUID, reason: str) -> Enqueued:
    """
    Ask for a run at once, before scheduled ones; a run that waits already stands for it.

    Raises: NotFound; Conflict if it is being removed.
    """
    feed = get_feed_row(tx, feed_id)
    expect_kept(feed)
    return enqueue(
        tx,
        RunFeed(feed_id=str(feed.id), reason=reason.strip() or "asked for"),
        priority=_ASKED_FOR_PRIORITY,
        unique_key=run_key(feed.id),
        rate_key=host_key(feed.url),
    )


def request_reprocess(
    tx: Transaction, feed_id: UUID, since: datetime, until: datetime, *, dry_run: bool, reason: str
) -> Enqueued:
    """
    Ask to parse archived payloads of [since, until) again; `dry_run` only reports the difference.

    Raises: NotFound; Invalid for an empty range or without a reason; Conflict when one is under way, or the feed is
    being removed.
    """
    feed = get_feed_row(tx, feed_id)
    expect_kept(feed)
    problems = []
    if since >= until:
        problems.append(FieldProblem("to", "order", "must be later than `from`"))
    if not reason.strip():
        problems.append(FieldProblem("reason", "required", "say why, for the audit log"))
    _refuse(problems)
    message = ReprocessFeed(
        feed_id=str(feed.id), since=rfc3339(since), until=rfc3339(until), dry_run=dry_run, reason=reason
    )
    made = enqueue(tx, message, unique_key=f"feeds.reprocess/{feed.id}")
    if not made.created:
        raise Conflict(f"feed {feed.slug} is being reprocessed by job {made.id}")
    return made


def slug_of(name: str) -> str:
    """Return a name as a slug: lower case letters, digits and single hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "feed"


def check_feed(values: Mapping[str, Any]) -> None:
    """Refuse values that break a rule of feeds; raises Invalid."""
    _refuse(_problems(values, values.get("kind")))


def _problems(values: Mapping[str, Any], kind: Any) -> list[FieldProblem]:
    """Return what is wrong with values of a feed that is, or will be, of a kind."""
    url, interval = values.get("url"), values.get("interval_seconds")
    found = list(unknown_kind(kind)) if "kind" in values else []
    if "url" in values and not re.match(r"https?://[^/\s]+", str(url)):
        found.append(FieldProblem("url", "scheme", "begins with https:// or http:// and a host"))
    elif "url" in values and (why := unreadable(str(url))):
        found.append(FieldProblem("url", "address", why))
    elif "url" in values and _KEY.match(str(url)):
        found.append(FieldProblem("url", "secret", _WHERE_KEYS_GO))
    if "interval_seconds" in values and not (
        isinstance(interval, int) and SHORTEST_INTERVAL_SECONDS <= interval <= LONGEST_INTERVAL_SECONDS
    ):
        found.append(
            FieldProblem(
                "interval_seconds", "range", f"{SHORTEST_INTERVAL_SECONDS} to {LONGEST_INTERVAL_SECONDS}"
            )
        )
    if "options" in values:
        found += option_problems(str(kind), values["options"])
        found += _keys_shown(values["options"])
    return found


def _keys_shown(options: Mapping[str, Any]) -> Iterator[FieldProblem]:
    """Yield where options hold a key, not its name: everybody is shown them, as the URL."""
    urls, query = options.get("urls"), options.get("query")
    if isinstance(urls, list) and any(_KEY.match(str(url)) for url in urls):
        yield FieldProblem("options.urls", "secret", _WHERE_KEYS_GO)
    for name in query if isinstance(query, dict) else ():
        if _KEY.match(f"https://host/?{name}="):
            yield FieldProblem(f"options.query.{name}", "secret", _WHERE_KEYS_GO)


def _unknown_timetable(
    tx: Transaction, city: str, kind: str, options: Mapping[str, Any]
) -> list[FieldProblem]:
    """Return the problem of an option `static` that names no timetable of the city."""
    slug = options.get("static")
    if not slug or "static" not in options_of(kind).model_fields:
        return []
    held = select(Feed.id).where(Feed.city == city, Feed.slug == str(slug), Feed.kind == TIMETABLE_KIND)
    if tx.scalar(held) is not None:
        return []
    rule = f"the slug of a {TIMETABLE_KIND} feed of this city, which {slug!r:.60} is not"
    return [FieldProblem("options.static", "unknown", rule)]


def _refuse(problems: Sequence[FieldProblem]) -> None:
    if problems:
        raise Invalid("the feed cannot be saved like this", *problems)
