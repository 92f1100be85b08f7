"""A platform, a publisher it reads from, and a browser that nobody else uses."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from deploy.local import testing
from tests.e2e import platform as platforms
from tests.e2e.platform import Platform
from tests.e2e.publisher import Publisher
from tests.support.openid import Provider, running_provider

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
#: Software rendering on a shared machine: a bound that only a hang reaches.
PATIENCE_MS = 90_000
LOOK_MS = 250
expect.set_options(timeout=PATIENCE_MS)
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = testing.ROOT / "web" / "frontend" / "node_modules" / "axe-core" / "axe.min.js"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, give it time to start a platform, and skip it where there is no browser."""
    missing = pytest.mark.skip(reason="no chromium here: install it, or set CHROMIUM to its program")
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            item.add_marker(pytest.mark.timeout(platforms.START_SECONDS + 240))
            if CHROMIUM is None:
                item.add_marker(missing)


@pytest.fixture(scope="session")
def publisher() -> Iterator[Publisher]:
    """A publisher from which the platform may read."""
    with Publisher(int(os.environ.get("CITYPULSE_E2E_PUBLISHER_PORT") or 0)).serving() as one:
        yield one


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """Somebody to sign in with: an OpenID provider that stands for Google."""
    with running_provider() as url:
        yield Provider(url)


@pytest.fixture(scope="session")
def platform(publisher: Publisher, provider: Provider) -> Iterator[Platform]:
    """The platform that CITYPULSE_E2E_URL names, or one that lives as long as this session."""
    known = platforms.running()
    if known:
        with known.http:
            yield known
        return
    settings = {
        "FEEDS_ALLOWED_PRIVATE_HOSTS": f"127.0.0.1:{publisher.port}",
        "GOOGLE_CLIENT_ID": "citypulse",
        "GOOGLE_CLIENT_SECRET": "the secret of the client",
        "GOOGLE_DISCOVERY_URL": provider.discovery_url,
    }
    with testing.run_folder() as folder, platforms.own(folder / "state", settings) as own:
        yield own


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser for all tests; each has its own context."""
    one = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield one
    one.close()


_Seen = TypeVar("_Seen")


class Visitor:
    """Somebody with a browser of their own, who notes what their page asks for and complains about."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        context.set_default_timeout(PATIENCE_MS)
        self.context, self.url = context, url
        self.page: Page = context.new_page()
        self.foreign: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)

    def _note(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.url).netloc:
            self.foreign.append(address)

    def open(self, path: str) -> Page:
        """Open a page of the platform."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def open_live(self, path: str = "/") -> Page:
        """Open the city's page and wait until its stream stands and its list is read."""
        page = self.open(path)
        page.locator("[data-live=live]").wait_for()
        page.locator("[data-list=read]").wait_for()
        return page

    def open_first_row(self) -> str:
        """
        Open the item that is first in the list, and return its reference.

        The list is live: by the time of the click the row may be another's, so it is sought by its own name; and
        one that moves while the button is down takes no click, and is clicked again.
        """
        reference = self.page.locator("[data-ref]").first.get_attribute("data-ref")
        row = self.page.locator(f'[data-ref="{reference}"]')

        def opens() -> bool:
            row.click()
            return bool(self.page.evaluate("location.search.includes('sel=')"))

        self.until(opens)
        return str(reference)

    def until(self, true: Callable[[], _Seen]) -> _Seen:
        """Look again and again, without blocking the page, until what is seen is true; return it."""
        for _ in range(PATIENCE_MS // LOOK_MS):
            if seen := true():
                return seen
            self.page.wait_for_timeout(LOOK_MS)  # lets the page breathe between two looks
        raise AssertionError("it did not come to be")

    def enter(self, email: str, password: str, query: str = "") -> Page:
        """Fill in the form that signs in, and send it."""
        page = self.open(f"/login{query}")
        page.locator("#login-email").fill(email)
        page.locator("#login-password").fill(password)
        page.locator("main form button[type=submit]").click()
        return page

    def violations(self) -> list[tuple[str, list[str]]]:
        """Return what a machine finds against WCAG 2.2 AA on this page; its context must bypass the policy."""
        self.page.add_script_tag(path=AXE)
        found = self.page.evaluate(
            "levels => axe.run(document, {runOnly: levels, iframes: false}).then(r => r.violations)", LEVELS
        )
        return [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found]

    def sign_in(self, platform: Platform, role: str, then: str) -> Page:
        """Sign in through the form and arrive at `then`."""
        account = platform.accounts[role]
        page = self.enter(account.email, account.password, f"?next={then}")
        # The path alone: the address of the form names it too.
        page.wait_for_url(lambda address: urlsplit(address).path == then)
        return page


@pytest.fixture(params=["light", "dark"])
def checked(request: pytest.FixtureRequest, browser: Browser, platform: Platform) -> Iterator[Visitor]:
    """A visitor in either theme whose pages the checker of accessibility can be put into."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: run `pnpm install` in web/frontend")
    context = browser.new_context(
        viewport={"width": 1280, "height": 800},
        color_scheme=request.param,
        reduced_motion="reduce",
        bypass_csp=True,  # for the checker alone, which is put into the page
        service_workers="block",
    )
    yield Visitor(context, platform.url)
    context.close()


@pytest.fixture
def email() -> str:
    """An address that nobody has yet."""
    return f"resident-{uuid4().hex[:10]}@example.org"


@pytest.fixture
def visitor(browser: Browser, platform: Platform) -> Iterator[Visitor]:
    """A visitor on a desktop."""
    with_context = browser.new_context(viewport={"width": 1280, "height": 800}, service_workers="block")
    yield Visitor(with_context, platform.url)
    with_context.close()
