"""Somebody who opens an account, and what is mailed to them."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.platform import Platform

PASSWORD = "seven lanterns under the viaduct"


def mailed(visitor: Visitor, platform: Platform, email: str, subject: str) -> dict[str, Any]:
    """Return the mail to somebody whose subject holds some words, once it is there."""
    platform.sign_in("admin")

    def found() -> dict[str, Any]:
        mails: list[dict[str, Any]] = platform.get("/mailbox", to=email)["items"]
        return next((mail for mail in mails if subject in mail["subject"]), {})

    return visitor.until(found)


def mailed_link(visitor: Visitor, platform: Platform, email: str, page: str) -> str:
    """Return the link to one of our pages out of the mail that brings it."""
    platform.sign_in("admin")

    def found() -> str:
        for mail in platform.get("/mailbox", to=email)["items"]:
            if link := re.search(rf"http\S+/{page}#token=[\w.-]+", mail["text"]):
                return link.group()
        return ""

    return visitor.until(found).removeprefix(platform.url)


def register(visitor: Visitor, platform: Platform, email: str) -> Page:
    """Open an account and prove its address."""
    page = visitor.open("/register")
    page.locator("#register-email").fill(email)
    page.locator("#register-password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_focused()
    visitor.open("/status")  # A link within the page that is open would only change its fragment.
    visitor.open(mailed_link(visitor, platform, email, "verify"))
    expect(page.get_by_text("Your address is confirmed")).to_be_visible()
    expect(page).to_have_url(f"{platform.url}/verify")
    return page
