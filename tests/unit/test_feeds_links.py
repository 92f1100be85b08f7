"""Links in what publishers say."""

from typing import Any

import pytest

from tasks.feeds.connector import Feature
from tasks.feeds.reading.links import web_link
from tests.support.feeds import parse, payload, source


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
        ({"url": "https://town.example/a", "description": "More"}, "https://town.example/a"),
        ({"url": "javascript:alert(1)"}, None),
        ({}, None),
    ],
)
def test_only_what_leads_to_the_web_is_a_link(value: Any, link: str | None) -> None:
    """Whatever else stands there is not shown as one."""
    assert link == web_link(value)


@pytest.mark.parametrize(
    "content",
    [
        b"case_id,opened,url\n1,2024-03-01,javascript:alert(1)\n2,2024-03-01,https://town.example/2\n",
        b'[{"case_id": 1, "url": "javascript:alert(1)"}, {"case_id": 2, "url": {"url": "https://town.example/2"}}]',
    ],
)
def test_a_link_of_a_table_leads_to_the_web(content: bytes) -> None:
    """As everywhere; Socrata has links as objects."""
    rows = parse(source("socrata"), payload(content))

    assert [None, "https://town.example/2"] == [row.url for row in rows if isinstance(row, Feature)]
