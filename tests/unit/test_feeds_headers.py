"""When a publisher says to ask again."""

from datetime import UTC, datetime

import pytest

from tasks.feeds.fetching.headers import max_age_seconds

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DATE = "Sun, 01 Mar 2026 11:00:00 GMT"
EXPIRES = "Sun, 01 Mar 2026 11:05:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Expires": EXPIRES, "Date": DATE}, 300),
        ({"Expires": EXPIRES, "Date": DATE, "Age": "100"}, 200),
        ({"Expires": "Sun, 01 Mar 2026 12:02:00 GMT"}, 120),
        ({"Expires": "Sun, 01 Mar 2026 12:02:00 GMT", "Date": "yesterday"}, 120),
        ({"Expires": DATE, "Date": EXPIRES}, 0),
        ({"Expires": "0", "Date": DATE}, 0),
        ({"Expires": "Sun, 99 Foo", "Date": DATE}, 0),
        ({"Expires": EXPIRES, "Date": DATE, "Cache-Control": "public, max-age=60"}, 60),
        ({"Expires": EXPIRES, "Date": DATE, "Cache-Control": "no-cache"}, 0),
        ({"Expires": EXPIRES, "Date": DATE, "Cache-Control": "public"}, 300),
        ({}, None),
    ],
)
def test_an_answer_is_fresh_by_its_max_age_else_until_it_expires(
    headers: dict[str, str], seconds: int | None
) -> None:
    """By the clock that wrote it, less the time it has spent in caches."""
    assert seconds == max_age_seconds(headers, NOW)
