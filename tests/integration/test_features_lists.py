"""Lists of features read what they show, however many features a city has, and say when they did not look further."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from shared.clock import utcnow
from shared.db import engine, transaction
from shared.features import lists
from shared.features.lists import FeatureFilter, list_features
from shared.feeds.paging import Page
from shared.geo import Box
from tests.support.feed_runs import CITY, add_feed

SEARCHED = 500
LIMIT = 50
#: 8,000 requests, of which the oldest hundred are open, 1,999 alerts in one place and a request in another, and
#: 2,000 news, of which all but the oldest were withdrawn. A hundred of them share a moment.
_FILL = """
INSERT INTO features (id, city, feed_id, external_id, kind, title, description, status, address, point,
  fetched_at, updated_at, content_hash, run_id, withdrawn_at)
SELECT gen_random_uuid(), :city, :feed, 'r' || n,
  CASE WHEN n > 10000 THEN 'news' WHEN n % 5 = 0 AND n > 5 THEN 'alert' ELSE 'service_request' END,
  CASE WHEN n IN (40, 9990) THEN 'Xylophone' ELSE 'Pothole' END, CASE WHEN n % 7 = 0 THEN 'By the PIANO shop' END,
  CASE WHEN n <= 100 THEN 'Open' ELSE 'Closed' END, n || ' Elm Street',
  CASE WHEN n = 5 THEN point(7, 51) WHEN n % 5 = 0 THEN point(6, 50) ELSE point(n / 10000.0, 51) END,
  now(), timestamptz '2026-11-01' + make_interval(secs => n / 100), '', gen_random_uuid(),
  CASE WHEN n > 10001 THEN now() END
FROM generate_series(1, 12000) n
"""


@pytest.fixture
def many(db: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A city with more features than a page looks through."""
    monkeypatch.setattr(lists, "SEARCHED", SEARCHED)
    feed = add_feed("open311")
    with transaction() as tx:
        tx.execute(text(_FILL), {"city": CITY, "feed": feed})
    with db.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE features"))


def ask(cursor: str | None = None, limit: int = LIMIT, **chosen: Any) -> Page:
    """Return a page of the city's features."""
    with transaction() as tx:
        return list_features(tx, FeatureFilter(CITY, **chosen), limit, cursor, utcnow())


def pages(**chosen: Any) -> list[Page]:
    """Follow the cursor to the end."""
    found = [ask(**chosen)]
    while cursor := found[-1].next:
        found.append(ask(cursor, **chosen))
    return found


def ids(*found: Page) -> list[str]:
    """Return the publisher's ids of what pages hold."""
    return [item["external_id"] for page in found for item in page.items]


def rows_read(**chosen: Any) -> int:
    """Return how many rows of `features` Postgres reads for a page."""
    asked: list[tuple[str, Any]] = []

    def note(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        asked.append((statement, values))

    event.listen(engine(), "before_cursor_execute", note)
    try:
        ask(**chosen)
    finally:
        event.remove(engine(), "before_cursor_execute", note)
    with transaction() as tx:
        explain = "EXPLAIN (ANALYZE, FORMAT JSON) "
        plans = [tx.connection().exec_driver_sql(explain + one, values).scalar_one() for one, values in asked]
    return sum(_read(node) for plan in plans for node in _nodes(plan[0]["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def _read(node: dict[str, Any]) -> int:
    if node.get("Relation Name") != "features":
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


@pytest.mark.parametrize(
    ("chosen", "found", "most"),
    [
        ({}, LIMIT, LIMIT + 10),
        ({"kinds": ["service_request"]}, LIMIT, LIMIT + 10),
        ({"kinds": ["nonsense"]}, 0, 0),
        ({"kinds": ["service_request"], "status": "OPEN"}, LIMIT, 100),
        ({"status": "on hold"}, 0, 0),
        ({"kinds": ["service_request"], "status": "Closed"}, LIMIT, LIMIT + 10),
        ({"kinds": ["news"], "status": "closed", "q": "pothole"}, 1, 3),
        ({"kinds": ["news"]}, 1, 1),
        ({"q": "piano"}, LIMIT, 10 * LIMIT),
        ({"q": "nothing like this"}, 0, SEARCHED + 10),
        ({"q": "piano", "status": "open"}, 14, 110),
        ({"bbox": Box(6.9, 50.9, 7.1, 51.1)}, 1, 2),
        ({"bbox": Box(-1, 49, 8, 52)}, LIMIT, SEARCHED + LIMIT + 10),
        ({"bbox": Box(5, 49, 6.5, 50.5), "kinds": ["service_request"]}, 0, 2 * SEARCHED),
        ({"since": utcnow()}, 0, 0),
    ],
)
def test_a_page_reads_little(many: None, chosen: dict[str, Any], found: int, most: int) -> None:
    """Whether what is asked for is everywhere, among the oldest, or nowhere."""
    assert found == len(ask(**chosen).items)
    assert rows_read(**chosen) <= most


def test_words_are_found_however_old_and_each_page_looks_at_so_many(many: None) -> None:
    """A page that found little names a cursor; the last one has looked at the oldest."""
    found = pages(q="xylophone")

    assert ["r9990", "r40"] == ids(*found)
    assert 10_001 // SEARCHED == sum(page.searched == SEARCHED for page in found)
    assert (None, None) == (found[-1].next, found[-1].searched)


def test_pages_of_a_search_leave_nothing_out_and_repeat_nothing(many: None) -> None:
    """Full pages and short ones in turn, in the order of the list."""
    found = ids(*pages(q="PIANO", limit=30))

    assert {f"r{number}" for number in range(7, 10_001, 7)} == set(found)
    assert len(found) == len(set(found))


def test_kinds_are_merged_in_order(many: None) -> None:
    """A list of all kinds is sorted as one of a single kind is."""
    items = [item for page in pages(limit=500) for item in page.items]

    assert sorted((item["updated_at"] for item in items), reverse=True) == [i["updated_at"] for i in items]
    assert 10_001 == len({item["id"] for item in items})


def test_a_publishers_id_finds_its_feature_before_any_words(many: None) -> None:
    """However old it is; it is told once, and the list goes on behind it."""
    first = ask(q="r40")
    alone = ask(q="r40", limit=1)

    assert (["r40"], SEARCHED) == (ids(first), first.searched)
    assert ["r40"] == ids(*pages(q="r40"))
    assert (["r40"], True) == (ids(alone), alone.next is not None)
    assert [] == ids(ask(q="r40", kinds=["service_request"]))
    assert [] == ids(ask(q="r40", status="closed"))


def test_changes_of_a_status_tell_what_was_withdrawn_too(many: None) -> None:
    """Whoever keeps a copy of the closed ones takes those out."""
    with transaction() as tx:
        since = tx.execute(text("SELECT max(updated_at) FROM features")).scalar_one()

    found = ask(since=since, status="closed")

    assert (["r12000"], [True]) == (ids(found), [item["withdrawn"] for item in found.items])
