"""[p] Links in what publishers say."""

from collections.abc import Mapping
from typing import Any


def web_link(value: Any) -> str | None:  # Any: whatever a publisher put there.
    """Return a link of the web, also a portal's `{url, description}`; others (`javascript:`) have no business on our pages."""
    if isinstance(value, Mapping):
        value = value.get("url")
    text = value.strip() if isinstance(value, str) else ""
    return text if text.lower().startswith(("https://", "http://")) else None
