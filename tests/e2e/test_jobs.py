"""An admin pauses a queue, cancels a job and runs it again, each time saying why."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform

QUEUE = "feeds"


@pytest.fixture
def paused_later(platform: Platform) -> Iterator[None]:
    """Whatever a test does to the queue, it runs again afterwards."""
    yield
    platform.sign_in("admin")
    platform.post(f"/queues/{QUEUE}/resume", {"reason": "the test is over"})


def say_why(page: Page, button: str, reason: str) -> None:
    """Answer the question that has come up, and send it."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=button).click()
    expect(dialog).to_have_count(0)


def test_a_queue_is_paused_a_job_cancelled_and_run_again_each_with_a_reason(
    visitor: Visitor, platform: Platform, paused_later: None
) -> None:
    """Nothing of a paused queue starts; what was said is on the job's timeline; the job that is run again ends well."""
    why = f"Looking into it {uuid4().hex[:6]}"
    page = visitor.sign_in(platform, "admin", "/admin/jobs")
    queues = page.get_by_role("region", name="Queues")
    row = queues.get_by_role("row", name=QUEUE)
    row.get_by_role("button", name="Pause").click()
    say_why(page, "Pause", why)
    expect(row).to_contain_text("paused")

    platform.sign_in("admin")
    feed = next(one for one in platform.get("/feeds", city="london")["items"] if one["slug"] == "demo-works")
    job = platform.post(f"/feeds/{feed['id']}/run")["job_id"]
    visitor.open(f"/admin/jobs/{job}")
    expect(page.get_by_text("Queued").first).to_be_visible()
    page.get_by_role("button", name="Cancel job").click()
    say_why(page, "Cancel job", why)
    expect(page.get_by_text("Cancelled").first).to_be_visible()
    expect(page.get_by_text(f"reason={why}")).to_be_visible()

    page.get_by_role("button", name="Retry").click()
    say_why(page, "Retry", f"{why} again")
    page.wait_for_url(lambda address: "/admin/jobs/" in address and job not in address)
    again = page.url.rsplit("/", 1)[1]
    expect(page.get_by_role("link", name=job)).to_be_visible()

    page.get_by_role("link", name="Jobs").first.click()
    row.get_by_role("button", name="Resume").click()
    say_why(page, "Resume", why)
    expect(row.get_by_role("button", name="Pause")).to_be_visible()
    visitor.open(f"/admin/jobs/{again}")
    expect(page.get_by_text("Succeeded").first).to_be_visible()
