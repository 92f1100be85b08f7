"""What a first run finds: a city from its pack, with the feeds that this machine can reach."""

from datetime import datetime

from sqlalchemy import select

from shared.cities.pack import CityPack, PackFeed
from shared.db import Transaction
from shared.feeds.models import Feed
from shared.feeds.service import FeedDraft, create_feed, update_feed


def seed_feeds(tx: Transaction, pack: CityPack, simulator_url: str | None, now: datetime) -> int:
    """
    Add the pack's feeds, and bring those that are here up to it; returns how many of the pack are here.

    With a simulator its feeds run and the real ones wait, paused, for an admin; without one only the
    real ones are added. Whether a feed that is here already is paused stays an admin's choice.
    """
    here = {feed.slug: feed for feed in tx.scalars(select(Feed).where(Feed.city == pack.slug))}
    wanted = [feed for feed in pack.feeds if simulator_url or not feed.simulated]
    for feed in wanted:
        known = here.get(feed.slug)
        if known is None:
            create_feed(tx, _draft(pack, feed, simulator_url), now)
        else:
            update_feed(tx, known.id, _content(feed, simulator_url), now)
    return len(wanted)


def _draft(pack: CityPack, feed: PackFeed, simulator_url: str | None) -> FeedDraft:
    waits = not feed.enabled or (simulator_url is not None and not feed.simulated)
    content = _content(feed, simulator_url)
    return FeedDraft(
        city=pack.slug,
        slug=feed.slug,
        simulated=feed.simulated,
        paused=waits,
        **content,  # type: ignore[arg-type]  # mixed values
    )


def _content(feed: PackFeed, simulator_url: str | None) -> dict[str, object]:
    return {
        "kind": feed.kind,
        "name": feed.name,
        "url": feed.address(simulator_url),
        "interval_seconds": feed.interval_seconds,
        "options": feed.options,
        "attribution": feed.attribution,
        "license": feed.license,
    }
