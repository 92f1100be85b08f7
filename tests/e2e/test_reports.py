"""A resident reports a problem: photo first, followed live, confirmed by mail."""

import re
from pathlib import Path
from uuid import uuid4

from playwright.sync_api import expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform

DONE = re.compile("done")


def test_a_report_with_a_photo_is_followed_live_and_confirmed_by_mail(
    visitor: Visitor, platform: Platform, test_data: Path
) -> None:
    """Every step ticks by the stream; the photo is shown cleaned; the mail names the report."""
    frames: list[str] = []
    visitor.page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda data: frames.append(str(data))),
    )
    page = visitor.open("/report")
    page.locator("#photo").set_input_files(test_data / "photos" / "exif-landscape_6.jpg")
    page.get_by_role("img", name="Photo 1").wait_for()
    page.locator("#address").fill("1 Strand behind the old ticket office of the underground station, London")
    page.locator("#category option").nth(1).wait_for(state="attached")
    page.locator("#category").select_option(index=1)
    page.locator("#description").fill("A deep hole beside the crossing.")
    address = f"resident-{uuid4().hex[:8]}@example.org"
    page.locator("#email").fill(address)
    page.get_by_role("button", name="Send the report").click()

    page.wait_for_url(re.compile(r"/reports/[^/]+/progress\?t="))
    for step in ("received", "photo", "published", "mail"):
        expect(page.locator(f"[data-step={step}]")).to_have_attribute("data-state", DONE)
    photo = page.locator("img[data-photo=ready]")
    expect(photo).to_be_visible()
    expect(photo).to_have_js_property("complete", True)
    expect(photo).not_to_have_js_property("naturalWidth", 0)
    assert visitor.until(lambda: any("ReportChanged" in frame for frame in frames))

    reference = re.search(r"[A-Z]{2,4}-\d{6}", page.locator("main").inner_text())
    assert reference is not None
    mails = platform.get("/mailbox", to=address)["items"]
    assert 1 == len(mails)
    assert reference.group() in mails[0]["subject"] + mails[0]["text"]

    page.goto(f"{platform.url}/mailbox/{mails[0]['id']}")
    expect(page.locator("iframe")).to_be_visible()
    page.set_viewport_size({"width": 320, "height": 640})
    page.get_by_role("link", name="Mails").press("Enter")
    expect(page.get_by_role("link", name=reference.group())).to_be_visible()
    assert 0 == page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert [] == visitor.foreign


def test_what_is_missing_is_said_where_it_is_missing(visitor: Visitor) -> None:
    """Sending an empty form moves the focus to a summary whose links lead to the fields."""
    page = visitor.open("/report")
    page.get_by_role("button", name="Send the report").click()
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()

    summary.get_by_role("link").nth(1).click()
    expect(page.locator("#category")).to_be_focused()
    expect(page.locator("#category")).to_have_attribute("aria-invalid", "true")


def test_a_draft_survives_a_reload(visitor: Visitor) -> None:
    """What was written is on the reader's own device until it is sent."""
    page = visitor.open("/report")
    page.locator("#address").fill("Under the bridge")
    page.get_by_text("kept on this device").wait_for()

    page.reload()
    expect(page.locator("#address")).to_have_value("Under the bridge")


def test_the_pin_is_moved_and_set_by_keyboard(visitor: Visitor) -> None:
    """The arrows move it by a step that follows the zoom, Enter sets it, Escape leaves it where it was."""
    page = visitor.open("/report")
    page.locator("html[data-map=ready]").wait_for()
    told = page.locator("[data-place]")
    page.get_by_role("application", name="Map to set the place").focus()
    page.keyboard.press("ArrowRight")
    expect(told).to_contain_text("not set yet")
    expect(told).to_have_attribute("data-place", "unset")
    page.keyboard.press("Enter")
    expect(told).to_have_attribute("data-place", "set")
    expect(told).to_contain_text(re.compile(r"Pinned at \w[^\d]*, 51\.\d{4}, -0\.\d{4}"))

    set_at = told.inner_text()
    page.keyboard.press("Shift+ArrowUp")
    expect(told).to_contain_text("not set yet")
    coarse = step(told.inner_text(), set_at)
    page.keyboard.press("Escape")
    expect(told).to_have_text(set_at)
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowUp")
    expect(told).to_contain_text("not set yet")
    fine = step(told.inner_text(), set_at)
    assert abs(fine / coarse - 0.5) < 0.1

    page.keyboard.press("Tab")
    expect(told).to_have_text(set_at)
    assert [] == visitor.errors


def step(moved: str, before: str) -> float:
    """Return by how many degrees of latitude a pin was moved."""
    return latitude(moved) - latitude(before)


def latitude(told: str) -> float:
    """Return the latitude out of what is told of a pin."""
    found = re.search(r"\d\d\.\d{4}", told)
    assert found is not None, told
    return float(found.group())
