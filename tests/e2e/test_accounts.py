"""Somebody opens an account, comes back into it, and looks after it."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor
from tests.e2e.people import PASSWORD, mailed_link, register
from tests.e2e.platform import Platform
from tests.support.openid import Provider

ANOTHER = "a teapot waits for the last ferry"


def test_somebody_signs_up_and_stays_signed_in(visitor: Visitor, platform: Platform, email: str) -> None:
    """From the form by the mailbox to the account, which outlives a reload in two tabs at once."""
    register(visitor, platform, email)
    page = visitor.enter(email, PASSWORD, "?next=/account")
    expect(page.get_by_text(f"{email}, since")).to_be_visible()

    other = visitor.context.new_page()
    other.goto(f"{platform.url}/account")
    expect(other.get_by_text(f"{email}, since")).to_be_visible()
    with page.expect_event("load"), other.expect_event("load"):
        for one in (page, other):
            one.evaluate("setTimeout(() => location.reload())")
    for one in (page, other):
        expect(one.get_by_text(f"{email}, since")).to_be_visible()

    page.get_by_role("button", name="Sign out", exact=True).first.click()
    for one in (page, other):
        expect(one.get_by_role("link", name="Sign in").first).to_be_visible()
    assert [] == visitor.foreign


def test_a_sign_in_before_the_address_is_proven_offers_the_link_again(
    visitor: Visitor, platform: Platform, email: str
) -> None:
    """The page says what is missing, and mails it once more."""
    answer = platform.http.post("/auth/register", json={"email": email, "password": PASSWORD})
    assert 202 == answer.status_code, answer.text
    page = visitor.enter(email, PASSWORD)
    expect(page.get_by_text("not confirmed yet")).to_be_visible()

    page.get_by_role("button", name="Send the link again").click()
    expect(page.get_by_text(f"a new link to {email}")).to_be_visible()


def test_a_forgotten_password_is_chosen_anew(visitor: Visitor, platform: Platform, email: str) -> None:
    """The link works once; the new password opens the account, and the old one no more."""
    page = register(visitor, platform, email)
    visitor.open("/reset")
    page.locator("#reset-email").fill(email)
    page.get_by_role("button", name="Mail me the link").click()
    expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_focused()
    link = mailed_link(visitor, platform, email, "reset")
    visitor.open("/status")
    visitor.open(link)

    page.locator("#choose-password").fill("short")
    page.get_by_role("button", name="Set the new password").click()
    expect(page.locator("#choose-password")).to_have_attribute("aria-invalid", "true")
    page.locator("#choose-password").fill(ANOTHER)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()

    visitor.enter(email, PASSWORD)
    expect(page.get_by_role("alert")).to_be_visible()
    visitor.enter(email, ANOTHER, "?next=/account")
    expect(page.get_by_text(f"{email}, since")).to_be_visible()
    visitor.open("/status")
    visitor.open(link)
    page.locator("#choose-password").fill(PASSWORD)
    page.get_by_role("button", name="Set the new password").click()
    expect(page.get_by_text("used up, too old")).to_be_visible()


def test_a_key_is_shown_once_and_taken_back(visitor: Visitor, platform: Platform) -> None:
    """What a key may do it does, until it is revoked."""
    name = f"Test {uuid4().hex[:6]}"
    page = visitor.sign_in(platform, "resident", "/account")
    page.get_by_role("button", name="New key").click()
    page.locator("#key-name").fill(name)
    page.get_by_role("button", name="New key").click()
    expect(page.get_by_role("alert")).to_contain_text("It may")  # no scope was chosen
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="New key").click()
    key = page.get_by_role("textbox", name="The key").input_value()
    page.get_by_role("button", name="I have kept it").click()
    row = page.locator("[data-key]", has_text=name)
    expect(row).to_be_visible()
    expect(page.get_by_text(key)).to_have_count(0)

    asked = httpx.Client(base_url=f"{platform.url}/api/v1", trust_env=False)
    with asked:
        asked.headers["Authorization"] = f"Bearer {key}"
        assert 200 == asked.get("/cities").status_code
        row.get_by_role("button", name=f"Revoke {name}").click()
        row.get_by_role("button", name="Revoke for good").click()
        expect(row).to_have_count(0)
        assert 401 == asked.get("/cities").status_code


def ask_for_a_key(page: Page, name: str) -> None:
    """Fill in the form for a key, and send it."""
    page.get_by_role("button", name="New key").click()
    page.locator("#key-name").fill(name)
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="New key").click()


def test_an_old_sign_in_is_asked_for_the_password_and_then_goes_on(
    visitor: Visitor, platform: Platform, email: str
) -> None:
    """Left, nothing is changed; answered, the key is there, and so is another tab's session."""
    register(visitor, platform, email)
    page = visitor.enter(email, PASSWORD, "?next=/account")
    other = visitor.context.new_page()
    other.goto(f"{platform.url}/account")
    expect(other.get_by_text(f"{email}, since")).to_be_visible()
    platform.let_sign_ins_grow_old(email)
    ask_for_a_key(page, "late")

    dialog = page.get_by_role("dialog", name="Is it you?")
    expect(dialog.locator("#again-password")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_contain_text("Nothing was changed")
    page.get_by_role("button", name="New key").click()
    dialog.locator("#again-password").fill("not the password")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog.locator("#again-password")).to_have_attribute("aria-invalid", "true")
    dialog.locator("#again-password").fill(PASSWORD)
    dialog.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("textbox", name="The key")).to_have_value(re.compile("^cpk_"))
    expect(page.locator("[data-session]")).to_have_count(1)
    other.reload()
    expect(other.get_by_text(f"{email}, since")).to_be_visible()
    assert [] == [error for error in visitor.errors if "403" not in error and "401" not in error]


@pytest.fixture
def google(platform: Platform, provider: Provider) -> Provider:
    """The provider, where the platform is one that knows it."""
    if not httpx.get(f"{platform.url}/config.json", trust_env=False).json()["google"]:
        pytest.skip("the platform that runs was not told of a provider")
    return provider


def come_by_google(visitor: Visitor, subject: str) -> Page:
    """Take the way through Google and say yes there."""
    page = visitor.open("/login?next=/account")
    page.get_by_role("link", name="Sign in with Google").click()
    page.locator("input[name=sub]").fill(subject)
    page.get_by_role("button", name="Authorize").click()
    return page


def test_google_opens_an_account_and_is_its_only_way_in(
    visitor: Visitor, google: Provider, email: str
) -> None:
    """There and back: an account without a password, which keeps the one way into it."""
    google.knows(email, email=email, email_verified=True, name="Ada")
    page = come_by_google(visitor, email)
    expect(page.get_by_text(f"{email}, since")).to_be_visible()
    expect(page.get_by_role("button", name="Unlink")).to_be_disabled()

    page.reload()
    expect(page.get_by_text("your only way in")).to_be_visible()


def test_who_has_only_google_proves_who_they_are_there(
    visitor: Visitor, platform: Platform, google: Provider, email: str
) -> None:
    """There and back; what was asked for is asked for once more, and done. A proof that is none is told."""
    google.knows(email, email=email, email_verified=True)
    page = come_by_google(visitor, email)
    expect(page.get_by_text(f"{email}, since")).to_be_visible()
    platform.let_sign_ins_grow_old(email)

    def prove() -> None:
        ask_for_a_key(page, "late")
        page.get_by_role("dialog").get_by_role("button", name="Continue with Google").click()
        page.locator("input[name=sub]").fill(email)
        page.get_by_role("button", name="Authorize").click()

    google.knows(email, email=email, email_verified=True, auth_time=1)
    prove()
    expect(page.get_by_role("alert")).to_contain_text("Google did not ask for your password just now")
    google.knows(email, email=email, email_verified=True)
    prove()
    expect(page.get_by_text("Thank you, it is you")).to_be_visible()
    ask_for_a_key(page, "late")
    expect(page.get_by_role("textbox", name="The key")).to_have_value(re.compile("^cpk_"))


def test_what_google_cannot_do_is_said_in_words(
    visitor: Visitor, platform: Platform, google: Provider, email: str
) -> None:
    """An account that has the address is never taken over: its owner is told how to link it."""
    google.knows(email, email=platform.accounts["resident"].email, email_verified=True)
    page = come_by_google(visitor, email)
    expect(page.get_by_role("alert")).to_contain_text("then link Google on your account page")

    visitor.sign_in(platform, "resident", "/account")
    page.get_by_role("button", name="Link Google").click()
    page.locator("input[name=sub]").fill(email)
    page.get_by_role("button", name="Authorize").click()
    expect(page.get_by_text("Google is linked")).to_be_visible()
    page.get_by_role("button", name="Unlink").click()
    expect(page.get_by_role("button", name="Link Google")).to_be_visible()


def test_the_account_can_be_read_by_everybody(checked: Visitor, platform: Platform) -> None:
    """No violation of WCAG 2.2 AA that a machine can find, with the form for a key open and refused, and under a question."""
    page = checked.sign_in(platform, "resident", "/account")
    page.get_by_role("button", name="New key").click()
    page.get_by_role("checkbox").first.wait_for()
    page.get_by_role("button", name="New key").click()
    page.get_by_role("alert").wait_for()
    page.locator("[data-session]").first.wait_for()

    assert [] == checked.violations()
    platform.let_sign_ins_grow_old(platform.accounts["resident"].email)
    page.locator("#key-name").fill("late")
    page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name="New key").click()
    page.get_by_role("dialog", name="Is it you?").wait_for()
    assert [] == checked.violations()
