"""Links in what publishers say."""

from typing import Any

import pytest

from tasks.feeds.reading.links import web_link


@pytest.mark.parametrize(
    ("value", "link"),
    [
        (" https://town.example/a ", "https://town.example/a"),
        ("HTTP://town.example", "HTTP://town.example"),
        ("javascript:alert(1)", None),
        ("/a", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_only_what_leads_to_the_web_is_a_link(value: Any, link: str | None) -> None:
    """Whatever else stands there is not shown as one."""
    assert link == web_link(value)
