"""Open accounts in tests as people do: by the API, and by what comes by mail."""

import re
from typing import Any

from shared.db import transaction
from shared.email import queries
from tasks.email import deliver as _deliver  # noqa: F401 - registers the handler that `drain` runs
from tests.support.jobs import drain
from tests.support.web import Browser

ADDRESS = "ada@example.org"
STRONG = "seventeen green umbrellas"
_TOKEN = re.compile(r"#token=([\w-]+)")


def mails(to: str = ADDRESS) -> list[dict[str, Any]]:
    """Send what is owed, and return what is in a mailbox, newest first."""
    drain({"email.deliver"})
    with transaction() as tx:
        return queries.mailbox(tx, to=to)


def subjects(to: str = ADDRESS) -> list[str]:
    """Return the subjects in a mailbox, oldest first."""
    return [mail["subject"] for mail in reversed(mails(to))]


def token_of(mail: dict[str, Any]) -> str:
    """Return the token of a mail's link."""
    found = _TOKEN.search(mail["text"])
    assert found, mail["text"]
    return found[1]


def mailed_token(to: str = ADDRESS) -> str:
    """Return the token of the newest mail in a mailbox."""
    return token_of(mails(to)[0])


def register(email: str = ADDRESS, password: str = STRONG, **more: Any) -> Any:
    """Register and return the answer."""
    return Browser().post("/api/v1/auth/register", json={"email": email, "password": password, **more})


def resident(email: str = ADDRESS, password: str = STRONG) -> Browser:
    """Return the browser of somebody who registered, confirmed and signed in."""
    assert 202 == register(email, password).status_code
    browser = Browser()
    assert 204 == browser.post("/api/v1/auth/verify-email", json={"token": mailed_token(email)}).status_code
    assert 200 == browser.sign_in(email, password).status_code
    return browser
