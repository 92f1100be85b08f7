"""By keyboard alone: the focus is where people are, and in sight."""

from playwright.sync_api import Browser, expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform

#: How far the focus reaches beyond what lies between the bar and the button of a small screen, in pixels.
_HIDDEN = """() => {
  const at = document.activeElement.getBoundingClientRect();
  const bar = document.querySelector('header').getBoundingClientRect();
  const report = document.querySelector('a.fixed[href="/report"]').getBoundingClientRect();
  return Math.max(0, bar.bottom - at.top, at.bottom - report.top);
}"""


def test_coming_and_going_leaves_the_focus_where_somebody_is(visitor: Visitor, platform: Platform) -> None:
    """On the heading of each page, and at the way in for who has signed out."""
    page = visitor.open("/login")
    account = platform.accounts["admin"]
    page.locator("#login-email").fill(account.email)
    page.locator("#login-password").fill(account.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_focused()

    page.get_by_role("link", name="Status").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect(page).to_have_url(f"{platform.url}/status")

    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page.get_by_role("link", name="Sign in")).to_be_focused()


def test_nothing_of_a_small_screen_lies_over_the_focus(browser: Browser, platform: Platform) -> None:
    """Neither the bar at its top nor the button at its bottom, on the way down the list or up again."""
    context = browser.new_context(viewport={"width": 390, "height": 800}, service_workers="block")
    visitor = Visitor(context, platform.url)
    page = visitor.open_live("/?kinds=event")
    page.get_by_role("searchbox").focus()
    for key in ["Tab"] * 20 + ["Shift+Tab"] * 20:
        page.keyboard.press(key)
        assert 0 == page.evaluate(_HIDDEN), page.evaluate("document.activeElement.innerText")
    context.close()
