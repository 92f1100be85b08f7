"""What somebody may ask of their own account: a copy of it, its end, and another address."""

import json
import re
import zipfile
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import Visitor
from tests.e2e.people import PASSWORD, mailed, mailed_link, register
from tests.e2e.platform import Platform


def test_a_copy_of_the_account_is_made_mailed_and_opened(
    visitor: Visitor, platform: Platform, email: str, tmp_path: Path
) -> None:
    """Asked for on the account page, told by mail, fetched by its link: a ZIP that holds what we hold."""
    register(visitor, platform, email)
    page = visitor.enter(email, PASSWORD, "?next=/account")
    page.get_by_role("button", name="Prepare the file").click()
    mail = mailed(visitor, platform, email, "data is ready")
    link = re.search(r"http\S+/account\b", mail["text"])
    assert link is not None

    visitor.open(link.group().removeprefix(platform.url))
    with page.expect_download() as asked:
        page.get_by_role("button", name="Download").click()
    path = tmp_path / asked.value.suggested_filename
    asked.value.save_as(path)
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert "README.txt" in archive.namelist()
        told = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".json")}
    assert email in told["account.json"]
    assert all(isinstance(json.loads(text), list) for text in told.values())
    assert PASSWORD not in "".join(told.values())


def test_an_erase_is_asked_for_and_taken_back(visitor: Visitor, platform: Platform, email: str) -> None:
    """The account says when it goes and mails it; until then one button keeps it."""
    register(visitor, platform, email)
    page = visitor.enter(email, PASSWORD, "?next=/account")
    page.get_by_role("button", name="Erase my account").click()
    page.locator("#erase-password").fill("not this one at all")
    page.get_by_role("button", name="Erase it in 14 days").click()
    expect(page.locator("#erase-password")).to_have_attribute("aria-invalid", "true")
    page.locator("#erase-password").fill(PASSWORD)
    page.get_by_role("button", name="Erase it in 14 days").click()
    expect(page.get_by_text("This account will be erased on")).to_be_visible()
    mailed(visitor, platform, email, "eras")

    page.reload()
    page.get_by_role("button", name="Keep the account").click()
    expect(page.get_by_role("button", name="Erase my account")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Erase my account")).to_be_visible()
    expect(page.get_by_text("This account will be erased on")).to_have_count(0)


def test_another_address_counts_once_its_mail_is_opened(
    visitor: Visitor, platform: Platform, email: str
) -> None:
    """The old address is warned; the new one signs in, and the old one no more."""
    other = f"new-{email}"
    register(visitor, platform, email)
    page = visitor.enter(email, PASSWORD, "?next=/account")
    page.locator("#address-email").fill(other)
    page.locator("#address-password").fill(PASSWORD)
    page.get_by_role("button", name="Change the address").click()
    expect(page.get_by_text(f"Open the link that we sent to {other}")).to_be_visible()
    mailed(visitor, platform, email, "address")
    expect(page.get_by_text(f"{email}, since", exact=False)).to_be_visible()

    link = mailed_link(visitor, platform, other, "email")
    visitor.open("/status")
    visitor.open(link)
    expect(page.get_by_text("This is your address from now on")).to_be_visible()
    visitor.context.clear_cookies()
    visitor.enter(email, PASSWORD)
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.enter(other, PASSWORD, "?next=/account")
    expect(page.get_by_text(f"{other}, since")).to_be_visible()
