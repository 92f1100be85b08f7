"""What a read is asked with: what no list can answer is refused by name, and never answered by an empty list."""

import pytest
from sqlalchemy import Engine

from shared.accounts.rules import Role
from shared.db import transaction
from shared.jobs.enqueue import enqueue
from shared.messages import Noop
from tests.support.web import Browser, add_city, assert_problem

BY_CITY = ("features", "things", "vehicles", "pulse", "reports", "reports/categories", "feeds")


@pytest.fixture
def london(db: Engine) -> Browser:
    """An admin's browser, and a city with nothing in it."""
    add_city()
    return Browser(Role.ADMIN)


@pytest.mark.parametrize("noun", BY_CITY)
def test_every_read_says_alike_that_there_is_no_such_city(london: Browser, noun: str) -> None:
    """A list of nothing would tell that nothing happens there."""
    assert 200 == london.get(f"/api/v1/{noun}?city=london").status_code

    said = assert_problem(london.get(f"/api/v1/{noun}?city=nowhere"), 404, "city")

    assert "no city is called 'nowhere'" == said["detail"]


def test_a_feed_of_no_city_is_refused_like_a_read(london: Browser) -> None:
    """By the field's name, when it is saved and when it is tried."""
    feed = {"city": "nowhere", "kind": "news", "url": "https://news.example/rss", "options": {}}

    assert_problem(london.post("/api/v1/feeds", json={**feed, "interval_seconds": 60}), 404, "city")
    assert_problem(london.post("/api/v1/feeds/preview", json=feed), 404, "city")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("features?city=london&kind=hovercraft", "kind"),
        ("features?city=london&kind=alert,Alert", "kind"),
        ("vehicles?city=london&kind=hovercraft", "kind"),
        ("reports?status=hovercraft", "status"),
        ("jobs?state=hovercraft", "state"),
        ("jobs?state=running,hovercraft", "state"),
        ("jobs?queue=hovercraft", "queue"),
    ],
)
def test_a_word_that_no_item_can_have_is_refused(london: Browser, path: str, field: str) -> None:
    """And what can be asked for is told."""
    said = assert_problem(london.get(f"/api/v1/{path}"), 422, field)

    assert "one_of" == said["errors"][0]["rule"]
    assert said["errors"][0]["message"].startswith("choose of ")


def test_a_bulk_act_names_states_that_there_are(london: Browser) -> None:
    """Who means to retry what is `failed` would be told that there is none."""
    body = {"state": "failed", "reason": "the publisher is back"}

    assert_problem(london.post("/api/v1/jobs/retry", json=body), 422, "state")


def test_a_parameter_is_given_once(london: Browser) -> None:
    """Of two the second would be dropped without a word."""
    assert_problem(london.get("/api/v1/features?city=london&kind=alert&kind=news"), 422, "kind")
    assert 200 == london.get("/api/docs?from=here&from=there").status_code


def test_a_cursor_belongs_to_the_list_that_gave_it(london: Browser) -> None:
    """In another it would name a place that means nothing there."""
    with transaction() as tx:
        for _ in range(2):
            enqueue(tx, Noop())
    first = london.get("/api/v1/jobs?limit=1").json
    cursor = first["next"]

    second = london.get(f"/api/v1/jobs?limit=1&cursor={cursor}").json
    assert [1, 1] == [len(page["items"]) for page in (first, second)]
    assert first["items"] != second["items"]
    for other in ("features?city=london", "things?city=london", "reports?city=london"):
        assert_problem(london.get(f"/api/v1/{other}&cursor={cursor}"), 422, "cursor")


@pytest.mark.parametrize(
    "path", ["features?city=london", "things?city=london", "reports?city=london", "jobs?q=x"]
)
@pytest.mark.parametrize("cursor", ["", "x", "bm8", "%FF", "0" * 513])
def test_what_is_no_cursor_is_refused_by_every_list(london: Browser, path: str, cursor: str) -> None:
    """An empty one, too: it is no first page."""
    assert_problem(london.get(f"/api/v1/{path}&cursor={cursor}"), 422, "cursor")
