"""Every page of those who run the city can be read by everybody, in either theme and on a small screen."""

import io

from PIL import Image
from playwright.sync_api import Browser, ViewportSize, expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform
from tests.e2e.publisher import Publisher

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
SMALLEST: ViewportSize = {"width": 360, "height": 740}


def test_the_lists_and_a_job_of_those_who_run_it(checked: Visitor, platform: Platform) -> None:
    """No violation of WCAG 2.2 AA that a machine can find, on a desktop and at 360 px."""
    platform.sign_in("admin")
    job = checked.until(lambda: platform.get("/jobs", state="succeeded", limit=1)["items"])[0]
    page = checked.sign_in(platform, "admin", "/admin/sources")
    for path in ("/admin/sources", "/admin/jobs", f"/admin/jobs/{job['id']}", "/mailbox", "/no/such/page"):
        checked.open(path)
        page.get_by_role("heading", level=1).wait_for()
        expect(page.get_by_label("Loading")).to_have_count(0)
        assert [] == checked.violations(), path

        page.set_viewport_size(SMALLEST)
        assert [] == checked.violations(), path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        page.set_viewport_size(DESKTOP)


def test_a_feed_with_its_test_and_its_page(
    checked: Visitor, platform: Platform, publisher: Publisher
) -> None:
    """The form refused and answered, a feed's page, its reprocessing asked for, and what deleting would take."""
    page = checked.sign_in(platform, "admin", "/admin/sources/new")
    page.get_by_role("button", name="Add the feed").click()
    page.get_by_role("alert").wait_for()
    assert [] == checked.violations()
    page.get_by_label("Format").select_option("open311")
    page.get_by_label("Address").fill(publisher.url)
    page.get_by_role("button", name="Test fetch").click()
    page.get_by_role("region", name="What the publisher answered").wait_for()
    assert [] == checked.violations()

    feed = next(one for one in platform.get("/feeds", city="london")["items"] if one["slug"] == "demo-works")
    checked.open(f"/admin/sources/{feed['id']}")
    page.get_by_role("region", name="Runs").wait_for()
    page.get_by_label("Reason").fill("Checking the page")
    page.get_by_role("button", name="Dry run").click()
    page.get_by_test_id("difference").first.wait_for()
    assert [] == checked.violations()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").wait_for()
    assert [] == checked.violations()


def test_the_details_of_an_item(checked: Visitor) -> None:
    """An item opened over the list."""
    page = checked.open_live()
    checked.open_first_row()
    page.get_by_role("complementary").get_by_role("heading").first.wait_for()
    page.locator("html[data-map=ready]").wait_for()
    assert [] == checked.violations()


def test_a_report_and_its_progress(checked: Visitor, platform: Platform) -> None:
    """What a resident sees of a report: its way in, and then the report itself."""
    fields = {
        "city": "london",
        "category": category(platform),
        "description": "A loose slab.",
        "address": "Strand",
    }
    made = platform.http.post("/reports", files={name: (None, value) for name, value in fields.items()})
    made.raise_for_status()
    page = checked.open(f"/reports/{made.json()['id']}/progress?t={made.json()['token']}")
    page.locator("[data-step=received]").wait_for()
    assert [] == checked.violations()

    checked.open(f"/reports/{made.json()['id']}?t={made.json()['token']}")
    page.get_by_role("heading", level=1).wait_for()
    assert [] == checked.violations()


def test_the_form_of_a_report(checked: Visitor) -> None:
    """With its map, empty and refused."""
    page = checked.open("/report")
    page.locator("html[data-map=ready]").wait_for()
    assert [] == checked.violations()
    page.get_by_role("button", name="Send the report").click()
    page.get_by_role("alert").wait_for()
    page.set_viewport_size(SMALLEST)
    assert [] == checked.violations()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def category(platform: Platform) -> str:
    """Return a category that a report can have."""
    return str(platform.get("/reports/categories", city="london")["items"][0]["code"])


def test_nothing_is_cut_off_in_the_longest_words(browser: Browser, platform: Platform) -> None:
    """The bar of who runs the platform holds the most, and says it at the greatest length in French."""
    context = browser.new_context(locale="fr-FR", service_workers="block")
    visitor = Visitor(context, platform.url)
    page = visitor.sign_in(platform, "admin", "/status")
    page.locator("table").wait_for()
    for width in (320, 390, 768, 1024, 1100, 1280, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("new Promise(requestAnimationFrame)")
        assert 0 == page.evaluate("document.documentElement.scrollWidth - innerWidth"), width
    context.close()


def test_the_colours_of_the_system_hide_nothing(browser: Browser, platform: Platform) -> None:
    """Who has chosen their own sees the signs on the map's buttons, and which list is shown."""
    context = browser.new_context(forced_colors="active", color_scheme="dark", service_workers="block")
    page = Visitor(context, platform.url).open_live()
    zoom = page.get_by_role("button", name="Zoom in")
    drawn = Image.open(io.BytesIO(zoom.screenshot())).convert("L").crop((8, 8, 24, 24))
    lines = [
        tab.evaluate("tab => getComputedStyle(tab).borderBottomColor")
        for tab in page.get_by_role("group", name="Show").get_by_role("button").all()
    ]

    zoom.focus()
    outlined = zoom.evaluate("button => getComputedStyle(button).outlineStyle")

    assert (0, 255) == drawn.getextrema()
    assert "solid" == outlined
    assert [False, True, True] == [line == "rgb(0, 0, 0)" for line in lines]
    context.close()
