"""A field that most records had and none has any more is missed: the publisher renamed it."""

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from shared.clock import rfc3339
from shared.db import transaction
from shared.feeds.queries import list_feeds
from shared.feeds.service import update_feed
from tasks.feeds.storing.filled import LEAST
from tests.integration.test_feeds_store import NOON, request
from tests.support.feed_runs import Given, Site, add_feed, add_given, feed_row, run_feed, run_given

CSV = "https://data.example/311.csv"
Change = Callable[[int], dict[str, Any]]


RUNS = count(1)


def lost(feed: UUID, change: Change = lambda number: {}, size: int = LEAST) -> list[str]:
    """
    Run a feed of so many requests with a title each, a status and a place, changed as told; each is new in each run.

    Returns: the fields that are told as lost; if there are any, since when is told too.
    """
    made = {"geometry": {"type": "Point", "coordinates": [-0.1, 51.5]}, "description": f"run {next(RUNS)}"}
    run_given(feed, Given([request(number, **made | change(number)) for number in range(size)]))
    row = feed_row(feed)
    assert bool(row.lost_fields) == (row.drifted_since is not None)
    return row.lost_fields


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("title", lambda n: {"title": f"r{n}"}),
        ("title", lambda n: {"title": "Service request"}),
        ("status", lambda n: {"status": None}),
        ("place", lambda n: {"geometry": None}),
    ],
)
def test_a_field_that_was_lost_is_told_until_it_is_back(db: Engine, field: str, change: Change) -> None:
    """The run itself is a success: each record can be used."""
    feed = add_given()
    assert [] == lost(feed)

    assert [field] == lost(feed, change)
    since = feed_row(feed).drifted_since
    assert [field] == lost(feed, change)
    assert since == feed_row(feed).drifted_since

    assert [] == lost(feed)


def test_few_records_tell_nothing(db: Engine) -> None:
    """Nor do they take back what was told."""
    feed = add_given()
    lost(feed)

    assert [] == lost(feed, lambda n: {"status": None}, LEAST - 1)
    assert ["status"] == lost(feed, lambda n: {"status": None})
    assert ["status"] == lost(feed, size=LEAST - 1)


def test_a_field_that_few_had_is_not_missed(db: Engine) -> None:
    """Nor one that a record still has."""
    feed = add_given()
    lost(feed, lambda n: {"status": "open" if n < LEAST // 3 else None})

    assert [] == lost(feed, lambda n: {"status": None, "category": "x" if n else None})
    assert [] == lost(feed, lambda n: {"category": None if n else "x"})


def test_a_field_that_stays_away_is_believed_after_a_week(db: Engine) -> None:
    """And an admin who changes how the feed is read begins anew."""
    feed = add_given()
    lost(feed)
    lost(feed, lambda n: {"status": None})
    with transaction() as tx:
        tx.execute(text("UPDATE feeds SET drifted_since = drifted_since - interval '7 days'"))

    assert [] == lost(feed, lambda n: {"status": None})
    lost(feed)
    assert ["status"] == lost(feed, lambda n: {"status": None})
    with transaction() as tx:
        update_feed(tx, feed, {"options": {"bbox": [-1, 50, 1, 52]}}, NOON)
    assert [] == lost(feed, lambda n: {"status": None})


def test_a_column_that_was_renamed_is_told_by_the_api(db: Engine) -> None:
    """A table that is read column by column is looked at like any other."""
    rows = "".join(f"{n},Broken light {n},Open,51.5,-0.1,{n % 7} Long Street\n" for n in range(400))
    header = "unique_key,descriptor,status,latitude,longitude,incident_address\n"
    site = Site({CSV: (header + rows).encode()})
    feed = add_feed("socrata", url=CSV)
    run_feed(feed, site)

    renamed = header.replace("incident_address", "where_about")
    site.pages[CSV] = (renamed + rows.replace("Long", "Short")).encode()
    ran = run_feed(feed, site)

    with transaction() as tx:
        [told] = list_feeds(tx, None, NOON)
    assert ("succeeded", ["address"]) == (ran.state, told["lost_fields"])
    drifted = feed_row(feed).drifted_since
    assert drifted is not None
    assert rfc3339(drifted) == told["drifted_since"]
