"""Whether a URL must be asked again, and what its answer leaves for the next run."""

from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from shared.feeds.models import FeedResource
from shared.feeds.rules import LONGEST_TTL_SECONDS, Pace, fresh_until, grace_seconds
from tasks.feeds.connector import Request
from tasks.feeds.fetching.headers import http_date
from tasks.feeds.fetching.http import Fetched

#: A cache's `max-age` is obeyed up to this long: unlike a feed's own ttl it says little about content.
_LONGEST_MAX_AGE_SECONDS: Final = 300
#: A payload this close to the end of its ttl counts as expired, or a run that is due just then would skip.
_SLACK_SHARE: Final = 0.1
_SLACK_SECONDS: Final = 5.0


def full_url(request: Request) -> str:
    """Return the URL a request asks for, its parameters included: the key of what it said."""
    if not request.params:
        return request.url
    return request.url + ("&" if "?" in request.url else "?") + urlencode(request.params)


def is_young(known: FeedResource, request: Request, now: datetime) -> bool:
    """Tell whether what a URL said last is within the publisher's ttl, so that it need not be asked."""
    if known.fetched_at is None:
        return False
    ends = [known.fresh_until] if known.fresh_until is not None else []
    if request.max_age_seconds:
        ends.append(known.fetched_at + timedelta(seconds=request.max_age_seconds))
    if not ends:
        return False
    life = (max(ends) - known.fetched_at).total_seconds()
    return now < max(ends) - timedelta(seconds=min(life * _SLACK_SHARE, _SLACK_SECONDS))


def resource(
    url: str,
    sha256: str,
    fetched_at: datetime,
    max_age_seconds: int | None,
    *,
    etag: str | None,
    last_modified: str | None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Return what a URL said, as its row in `feed_resources`."""
    honoured = min(max_age_seconds or 0, _LONGEST_MAX_AGE_SECONDS)
    return {
        "url": url,
        "etag": etag,
        "last_modified": last_modified,
        "sha256": sha256,
        "fetched_at": fetched_at,
        "fresh_until": until or fresh_until(fetched_at, honoured),
    }


def went_back(known: FeedResource, fetched: Fetched, pace: Pace) -> bool:
    """
    Tell whether a cache served something older than what is stored: the newest wins.

    When nothing newer has come for as long as caches are believed, and for the grace of a feed, the publisher took
    it back.
    """
    before, now = http_date(known.last_modified), http_date(fetched.last_modified)
    if before is None or now is None or known.fetched_at is None:
        return False
    patience = timedelta(seconds=max(LONGEST_TTL_SECONDS, grace_seconds(pace)))
    is_older = now < before and fetched.sha256 != known.sha256
    return is_older and fetched.fetched_at - known.fetched_at < patience
