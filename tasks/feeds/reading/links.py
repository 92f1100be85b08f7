"""[p] Links in what publishers say."""

from typing import Any


def web_link(value: Any) -> str | None:  # Any: whatever a publisher put there.
    """Return a link of the web; others (`javascript:`) have no business on our pages."""
    text = value.strip() if isinstance(value, str) else ""
    return text if text.lower().startswith(("https://", "http://")) else None
