"""The city's page: live, whole without a map, readable by everybody, and asking nobody else."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Playwright, expect

from tests.e2e.conftest import CHROMIUM, FLAGS, Visitor
from tests.e2e.platform import Platform
from tests.e2e.publisher import Publisher


@pytest.fixture
def feed(platform: Platform, publisher: Publisher) -> Iterator[str]:
    """A feed that reads from our publisher when it is told to; gone afterwards."""
    platform.sign_in("admin")
    made = platform.post(
        "/feeds",
        {
            "city": "london",
            "kind": "open311",
            "url": publisher.url,
            "interval_seconds": 86_400,
            "name": f"Test publisher {uuid4().hex[:6]}",
        },
    )
    yield made["id"]
    platform.http.delete(f"/feeds/{made['id']}")


def run_feed(platform: Platform, feed: str, visitor: Visitor) -> str:
    """Run a feed and wait until a run that began afterwards has ended; return its state."""
    known = {run["id"] for run in platform.get(f"/feeds/{feed}/runs")["items"]}

    def ended() -> str | None:
        runs = platform.get(f"/feeds/{feed}/runs")["items"]
        if all(run["state"] != "running" for run in runs):
            # A run that had begun before stood for what we asked then: ask again, a waiting one stands for it.
            platform.post(f"/feeds/{feed}/run")
        return next(
            (run["state"] for run in runs if run["id"] not in known and run["state"] != "running"), None
        )

    platform.post(f"/feeds/{feed}/run")
    return visitor.until(ended) or ""


def test_a_feeds_change_reaches_the_list_without_a_reload(
    visitor: Visitor, platform: Platform, publisher: Publisher, feed: str
) -> None:
    """What a publisher says is on the reader's screen a moment later, and so is what changed of it."""
    page = visitor.open_live("/?kinds=service_request")
    page.evaluate("window.untouched = true")
    title = f"Sinkhole {uuid4().hex[:6]}"

    publisher.publish("e2e-1", title, datetime.now(UTC).isoformat())
    assert "failed" != run_feed(platform, feed, visitor)
    row = page.locator("[data-ref]", has_text=title)
    expect(row).to_be_visible()
    expect(row).to_contain_text("Fresh")

    publisher.publish("e2e-1", f"{title} filled", datetime.now(UTC).isoformat())
    run_feed(platform, feed, visitor)
    expect(page.locator("[data-ref]", has_text=f"{title} filled")).to_be_visible()
    assert page.evaluate("window.untouched") is True


def test_an_open_page_shows_all_that_one_run_brings(
    visitor: Visitor, platform: Platform, publisher: Publisher, feed: str
) -> None:
    """An event shows fifty items at most; the page reads the others by itself."""
    publisher.publish("e2e-2", f"Lone {uuid4().hex[:6]}", datetime.now(UTC).isoformat())
    assert "failed" != run_feed(platform, feed, visitor)
    page = visitor.open_live("/?kinds=service_request")
    crowd = f"Crowd {uuid4().hex[:6]}"

    for number in range(80):
        publisher.publish(f"e2e-crowd-{number}", crowd, datetime.now(UTC).isoformat())
    assert "failed" != run_feed(platform, feed, visitor)

    expect(page.locator("[data-ref]", has_text=crowd)).to_have_count(80)
    publisher.withdraw(*(f"e2e-crowd-{number}" for number in range(80)))


def test_what_is_chosen_is_in_the_address(visitor: Visitor) -> None:
    """A link shows what its sender saw, and Back closes it again."""
    page = visitor.open_live()
    reference = visitor.open_first_row()
    expect(page.get_by_role("complementary")).to_be_visible()
    expect(page).to_have_url(re.compile(rf"[?&]sel={re.escape(reference)}\b"))

    page.reload()
    expect(page.get_by_role("complementary").get_by_role("heading").first).to_be_visible()
    page.get_by_role("complementary").get_by_role("button").first.click()
    expect(page.get_by_role("complementary")).to_be_hidden()


@pytest.mark.parametrize("path", ["/", "/report", "/status", "/login", "/register", "/reset"])
def test_everybody_can_read_it(checked: Visitor, path: str) -> None:
    """No violation of WCAG 2.2 AA that a machine can find, in either theme."""
    page = checked.open_live() if path == "/" else checked.open(path)
    page.locator("main h1, main h2").first.wait_for(state="attached")
    if path in ("/", "/report"):
        page.locator("html[data-map=ready]").wait_for()

    assert [] == checked.violations()


def test_a_vehicle_leads_to_its_stops_and_a_stop_to_its_departures(
    checked: Visitor, platform: Platform
) -> None:
    """By keyboard alone, and readable by everybody."""

    def under_way() -> str | None:
        """Return a vehicle of the demo whose next stop is known."""
        vehicles = platform.get("/vehicles", city="london")["items"]
        for vehicle in (one for one in vehicles if one["trip_id"]):
            answer = platform.http.get(f"/vehicles/{vehicle['id']}/trip")
            if answer.status_code == 200 and answer.json()["calls"][-1]["thing_id"]:
                return str(vehicle["id"])
        return None

    vehicle = checked.until(under_way)
    page = checked.open_live(f"/?view=vehicles&sel=vehicle:{vehicle}")
    detail = page.get_by_role("complementary")
    expect(detail.get_by_role("heading", name="Next stops")).to_be_visible()
    stop = detail.get_by_role("listitem").get_by_role("button").last
    expect(stop).to_be_visible()
    assert [] == checked.violations()

    name = stop.inner_text()
    stop.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"[?&]sel=thing:"))
    expect(detail.get_by_role("heading", level=2)).to_have_text(name)
    expect(detail.get_by_role("heading", name="Departures")).to_be_visible()
    expect(detail).to_contain_text("London demo departures")
    assert [] == checked.violations()

    page.keyboard.press("Escape")
    expect(detail).to_be_hidden()


def test_closing_an_item_goes_back_to_its_row(visitor: Visitor) -> None:
    """Who walks the list by keyboard goes on where they were."""
    page = visitor.open_live("/?kinds=event")
    row = page.locator(f'[data-ref="{page.locator("[data-ref]").first.get_attribute("data-ref")}"]')
    detail = page.get_by_role("complementary", name="Details")

    row.press("Enter")
    expect(detail).to_be_visible()
    page.keyboard.press("Escape")

    expect(detail).to_be_hidden()
    expect(row).to_be_focused()


def test_it_asks_nobody_else(visitor: Visitor) -> None:
    """Under its own policy the page works, complains about nothing and reaches no other origin."""
    page = visitor.open_live()
    page.locator("html[data-map=ready]").wait_for()
    visitor.open_first_row()
    expect(page.get_by_role("complementary")).to_be_visible()

    assert [] == visitor.foreign
    assert [] == visitor.errors


def test_the_list_says_everything_without_a_map(playwright: Playwright, platform: Platform) -> None:
    """A machine without WebGL has no map; the list is there all the same, and says why."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, "--disable-3d-apis"])
    visitor = Visitor(browser.new_context(service_workers="block"), platform.url)
    page = visitor.open_live()
    page.locator("html[data-map=failed]").wait_for()

    expect(page.get_by_text("WebGL")).to_be_visible()
    visitor.open_first_row()
    expect(page.get_by_role("complementary")).to_be_visible()
    browser.close()


def test_the_shell_opens_offline(browser: Browser, platform: Platform, tmp_path: Path) -> None:
    """Without a network the page still opens, and says that it is not live."""
    context = browser.new_context()
    visitor = Visitor(context, platform.url)
    page = visitor.open_live()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.locator("[data-live=live]").wait_for()

    context.set_offline(True)
    page.reload()
    expect(page.locator("[data-live]")).to_be_visible()
    expect(page.locator("[data-live=live]")).to_have_count(0)
    context.close()
