"""Admins see the jobs and read a feed's archive again, dry first."""

import re

from playwright.sync_api import expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform


def test_an_admin_sees_the_jobs(visitor: Visitor, platform: Platform) -> None:
    """Jobs come with their state and lead to their timeline; the filter is in the address."""
    page = visitor.sign_in(platform, "admin", "/admin/jobs")
    page.get_by_role("button", name="Succeeded").click()
    expect(page).to_have_url(re.compile("state=succeeded"))
    page.locator("main table a[href*='/admin/jobs/']").first.click()

    expect(page).to_have_url(re.compile(r"/admin/jobs/[0-9a-f-]{36}"))
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    expect(page.get_by_role("heading", name="Attempts")).to_be_visible()


def test_an_admin_reprocesses_a_feed_dry_first(visitor: Visitor, platform: Platform) -> None:
    """A dry run shows the difference; only then can it be done for good."""
    feeds = platform.get("/feeds", city="london")["items"]
    feed = next(one for one in feeds if one["slug"] == "demo-works")
    page = visitor.sign_in(platform, "admin", f"/admin/sources/{feed['id']}")
    for_good = page.get_by_role("button", name="Reprocess for good")
    expect(for_good).to_be_disabled()

    page.get_by_label("Reason").fill("Checking the archive")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_test_id("difference").first).to_be_visible()
    expect(for_good).to_be_enabled()


def test_a_resident_may_not_see_the_jobs(visitor: Visitor, platform: Platform) -> None:
    """The page says so, and the server is the one that decides."""
    page = visitor.sign_in(platform, "resident", "/admin/jobs")
    expect(page.get_by_text("may not see")).to_be_visible()

    assert 401 == platform.http.get("/jobs", headers={"Authorization": ""}).status_code


def test_a_reload_keeps_who_is_signed_in(visitor: Visitor, platform: Platform) -> None:
    """The token lives in memory; the cookie brings a new one."""
    page = visitor.sign_in(platform, "admin", "/admin/sources")
    page.get_by_role("table").first.wait_for()
    page.reload()
    page.get_by_role("table").first.wait_for()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
