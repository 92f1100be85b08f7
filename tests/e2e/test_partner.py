"""Partners find what they may do, and what became of what they sent."""

from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform
from tests.e2e.test_accessible import SMALLEST


def test_a_partner_sends_a_photo_and_is_told_why_another_is_refused(
    checked: Visitor, platform: Platform, test_data: Path, tmp_path: Path
) -> None:
    """From the page alone; each file ends in the list, the clean one to be opened."""
    account = platform.accounts["partner"]
    page = checked.enter(account.email, account.password)
    expect(page.get_by_role("heading", name="Files you have sent")).to_be_visible()
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff no picture")
    good = test_data / "photos" / "exif-landscape_6.jpg"
    for path, state in ((good, "Ready"), (broken, "Refused")):
        page.get_by_label("Photo", exact=True).set_input_files(path)
        page.get_by_role("button", name="Send the file").click()
        newest = page.get_by_role("list", name="Files you have sent").get_by_role("listitem").first
        expect(newest).to_contain_text(path.name)
        expect(newest).to_contain_text(state)
    assert [] == checked.violations()
    page.set_viewport_size(SMALLEST)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    opened = page.get_by_role("link", name=f"Open {good.name}").first.get_attribute("href")
    assert opened is not None
    answer = checked.context.request.get(f"{platform.url}{opened}")
    assert "image/webp" == answer.headers["content-type"]
    assert [] == checked.errors
