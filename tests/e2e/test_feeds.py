"""An admin tries a feed, saves it, changes it and takes it away; a broken one says what is wrong with it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform
from tests.e2e.publisher import Publisher

#: South of every pole: a place that no record can have.
NOWHERE = 999.0
OPENS_AFTER = 5


@pytest.fixture
def name(platform: Platform) -> Iterator[str]:
    """A name that no feed has yet; the feed that has it afterwards is taken away."""
    one = f"Tried publisher {uuid4().hex[:6]}"
    yield one
    platform.sign_in("admin")
    for feed in platform.get("/feeds", city="london")["items"]:
        if feed["name"].startswith(one):
            platform.http.delete(f"/feeds/{feed['id']}").raise_for_status()


@pytest.fixture
def title(publisher: Publisher) -> Iterator[str]:
    """What is published: one good request of this title, and one that is nowhere."""
    one, now = f"Sinkhole {uuid4().hex[:6]}", datetime.now(UTC).isoformat()
    publisher.publish("tried", one, now)
    publisher.publish("nowhere", "Lost", now, lat=NOWHERE)
    yield one
    publisher.withdraw("tried", "nowhere")


def add(platform: Platform, name: str, url: str, **more: Any) -> str:
    """Add a feed that runs when it is told to; return its id."""
    platform.sign_in("admin")
    feed = {"city": "london", "kind": "open311", "url": url, "name": name, "interval_seconds": 86_400}
    return str(platform.post("/feeds", {**feed, **more})["id"])


def choose(page: Page, url: str) -> None:
    """Say in the form what is read, and where."""
    page.get_by_label("Format").select_option("open311")
    page.get_by_label("Address").fill(url)


def test_a_feed_is_tried_then_saved_and_its_items_reach_the_list(
    visitor: Visitor, platform: Platform, publisher: Publisher, name: str, title: str
) -> None:
    """The test shows the answer, the records and what is set aside, and stores nothing; saving does."""
    page = visitor.sign_in(platform, "admin", "/admin/sources")
    page.get_by_role("link", name="Add a feed").click()
    page.get_by_role("button", name="Test fetch").click()
    expect(page.get_by_role("alert")).to_contain_text("Address: This is needed.")
    choose(page, publisher.url)
    page.get_by_role("button", name="Test fetch").click()

    answer = page.get_by_role("region", name="What the publisher answered")
    expect(answer).to_contain_text("HTTP 200")
    expect(answer).to_contain_text("Fresh")
    expect(page.get_by_role("region", name="First records")).to_contain_text(title)
    expect(page.get_by_role("region", name="Set aside, by reason")).to_contain_text("bad_position")
    platform.sign_in("admin")
    assert name not in [feed["name"] for feed in platform.get("/feeds", city="london")["items"]]

    page.get_by_label("Name").fill(name)
    expect(page.get_by_text("changed after this test")).to_be_visible()
    page.get_by_label("Every (seconds)").fill("86400")
    page.get_by_role("button", name="Add the feed").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    runs = page.get_by_role("region", name="Runs")
    expect(runs.get_by_role("row", name=re.compile("Succeeded"))).to_be_visible()

    visitor.open_live(f"/?q={title.replace(' ', '+')}")
    row = page.locator("[data-ref]", has_text=title)
    expect(row).to_be_visible()
    expect(row).to_contain_text("Fresh")
    assert [] == visitor.foreign


def test_what_a_publisher_refuses_is_shown_before_anything_is_saved(
    visitor: Visitor, platform: Platform, publisher: Publisher
) -> None:
    """The code and the sentence that a run would be recorded with; and what is wrong in the form, at its field."""
    page = visitor.sign_in(platform, "admin", "/admin/sources/new")
    choose(page, publisher.broken_url)
    page.get_by_label("Options").fill("{page_size")
    page.get_by_role("button", name="Test fetch").click()
    expect(page.get_by_label("Options")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Options")).to_have_accessible_description(re.compile("Write a JSON object"))

    page.get_by_label("Options").fill("")
    page.get_by_role("button", name="Test fetch").click()
    answer = page.get_by_role("region", name="What the publisher answered")
    expect(answer).to_contain_text("HTTP 503")
    expect(page.get_by_role("status")).to_contain_text("503")


def test_a_feed_is_changed_paused_and_taken_away(
    visitor: Visitor, platform: Platform, publisher: Publisher, name: str
) -> None:
    """What was typed is kept, a pause is seen in the list, and a deletion says first what goes, and then how far it is."""
    feed = add(platform, name, publisher.url)
    page = visitor.sign_in(platform, "admin", f"/admin/sources/{feed}")
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Name")).to_have_value(name)
    page.get_by_label("Name").fill(f"{name} renamed")
    page.get_by_role("button", name="Save the changes").click()
    expect(page.get_by_role("heading", name=f"{name} renamed", level=1)).to_be_visible()

    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()
    page.get_by_role("link", name="Sources").first.click()
    listed = page.get_by_role("row", name=re.compile(f"{name} renamed"))
    expect(listed).to_contain_text("Paused")

    listed.get_by_role("link").click()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog", name=f"Delete {name} renamed?")
    expect(dialog).to_contain_text("cannot be undone")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page).to_have_url(re.compile("/admin/jobs/"))
    expect(page.get_by_role("main")).to_contain_text("Succeeded")
    page.get_by_role("link", name="Sources").first.click()
    expect(page.get_by_role("heading", name="Sources")).to_be_visible()
    expect(page.get_by_role("link", name=f"{name} renamed")).to_have_count(0)


def test_a_broken_feed_says_how_often_it_failed_and_that_it_is_left_alone(
    visitor: Visitor, platform: Platform, publisher: Publisher, name: str
) -> None:
    """After five failures its publisher is left alone, which an admin sees in the list and on its page."""
    feed = add(platform, name, publisher.broken_url, interval_seconds=5)

    def failed() -> bool:
        told = platform.get(f"/feeds/{feed}")
        if told["failures_in_a_row"] < OPENS_AFTER:
            platform.post(f"/feeds/{feed}/run")
        return bool(told["failures_in_a_row"] >= OPENS_AFTER)

    visitor.until(failed)
    page = visitor.sign_in(platform, "admin", "/admin/sources")
    page.get_by_role("searchbox", name="Search").fill(name)
    row = page.get_by_role("row", name=re.compile(name))
    expect(row).to_contain_text("Left alone")
    expect(row).to_contain_text("Silent")

    row.get_by_role("link").click()
    expect(page.get_by_text("times in a row")).to_be_visible()
    expect(page.get_by_text("is left alone until")).to_be_visible()
    expect(page.get_by_text("HTTP 503").first).to_be_visible()
