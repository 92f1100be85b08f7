"""Staff handle what residents report, two at a time."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform
from tests.e2e.test_accessible import SMALLEST, category


@pytest.fixture
def report(visitor: Visitor, platform: Platform) -> dict[str, Any]:
    """A report that is public."""
    fields = {
        "city": "london",
        "category": category(platform),
        "description": "A loose slab.",
        "address": "Fleet Street",
    }
    made = platform.http.post("/reports", files={name: (None, value) for name, value in fields.items()})
    made.raise_for_status()
    path = f"/reports/{made.json()['id']}"
    visitor.until(lambda: platform.get(path)["status"] == "published")
    found: dict[str, Any] = platform.get(path)
    return found


@pytest.fixture
def other(browser: Browser, platform: Platform) -> Iterator[Visitor]:
    """Another visitor, with a browser of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, service_workers="block")
    yield Visitor(context, platform.url)
    context.close()


def test_a_report_is_handled_by_keyboard_and_nobody_else_moves_it_back(
    visitor: Visitor, other: Visitor, platform: Platform, report: dict[str, Any]
) -> None:
    """Staff land on the queue; an admin who was about to move the same report is told, and sees it go."""
    admin = other.sign_in(platform, "admin", "/staff")
    admin.goto(f"{platform.url}/staff?order=newest&sel={report['id']}")
    admin.get_by_label("Status", exact=True).select_option("in_progress")
    row = admin.locator(f"[data-ref='{report['id']}']")
    expect(row).to_be_visible()

    account = platform.accounts["staff"]
    page = visitor.enter(account.email, account.password)
    expect(page.get_by_role("heading", name="Reports to handle")).to_be_focused()
    page.get_by_label("Order").select_option("newest")
    mine = page.locator(f"[data-ref='{report['id']}']")
    mine.press("Enter")
    expect(page.get_by_role("heading", name=report["title"])).to_be_focused()
    page.get_by_label("Status", exact=True).press("R")
    page.get_by_label("Note").fill("Mended this morning.")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("Saved: it is in the history.")).to_be_visible()
    expect(page.get_by_text("Mended this morning.")).to_be_visible()
    expect(mine).to_have_count(0)

    expect(admin.get_by_role("alert")).to_contain_text("it is “Resolved” now")
    expect(row).to_have_count(0)
    assert "resolved" == platform.get(f"/reports/{report['id']}")["status"]

    page.get_by_role("link", name="Back to the list").press("Enter")
    expect(page.get_by_role("heading", name=report["title"])).to_have_count(0)
    assert [] == [*visitor.errors, *other.errors]


def test_the_queue_can_be_read_by_everybody(
    checked: Visitor, platform: Platform, report: dict[str, Any]
) -> None:
    """In either theme, with a report open and without, also on a small screen; its category has a name."""
    name = platform.get("/reports/categories", city="london")["items"][0]["name"]
    page = checked.sign_in(platform, "staff", "/staff")
    for path in ("/staff", f"/staff?order=newest&sel={report['id']}", f"/reports/{report['id']}"):
        checked.open(path)
        page.locator("[data-ref], dl").first.wait_for(state="attached")
        expect(page.get_by_label("Loading")).to_have_count(0)
        assert [] == checked.violations(), path
        page.set_viewport_size(SMALLEST)
        assert [] == checked.violations(), path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.set_viewport_size({"width": 1280, "height": 800})
    expect(page.locator("dd").first).to_have_text(name)


def test_what_is_chosen_is_seen_in_the_colours_of_the_system(browser: Browser, platform: Platform) -> None:
    """Where shadows and our colours are not drawn, a line marks the status that is listed."""
    context = browser.new_context(forced_colors="active", service_workers="block")
    page = Visitor(context, platform.url).sign_in(platform, "staff", "/staff")
    states = page.get_by_role("group", name="Reports by status").get_by_role("button")
    states.first.wait_for()
    lines = [one.evaluate("button => getComputedStyle(button).borderBottomWidth") for one in states.all()]

    assert ["4px", *["0px"] * 6] == lines
    context.close()
