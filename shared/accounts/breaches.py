"""
Whether a password is in the lists of stolen ones, asked without telling the password.

The protocol of Pwned Passwords: we send five characters of the SHA-1, get every suffix known under them,
and look for ours here (https://haveibeenpwned.com/API/v3#PwnedPasswords).
"""

import hashlib
import logging

import requests

TIMEOUT_SECONDS = (1.0, 2.0)
_PREFIX_LENGTH = 5
_MAXIMUM_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


def is_breached(password: str, url: str) -> bool:
    """
    Tell whether a password is known to be stolen; nobody is kept out because the list cannot be asked.

    Args: the base address of the API, below which `/range/<prefix>` is.
    """
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    prefix, suffix = digest[:_PREFIX_LENGTH], digest[_PREFIX_LENGTH:]
    try:
        text = _ask(f"{url.rstrip('/')}/range/{prefix}")
    except (requests.RequestException, ValueError) as error:
        log.warning("passwords: the list of breaches cannot be asked", extra={"error": type(error).__name__})
        return False
    return suffix in _known(text)


def _ask(url: str) -> str:
    # Padding hides from who watches the line how many suffixes there were, and so which prefix it was.
    headers = {"Add-Padding": "true", "User-Agent": "CityPulse"}
    with requests.get(
        url, headers=headers, timeout=TIMEOUT_SECONDS, stream=True, allow_redirects=False
    ) as answer:
        if answer.status_code != requests.codes.ok:
            raise ValueError(f"HTTP {answer.status_code}")
        return answer.raw.read(_MAXIMUM_BYTES, decode_content=True).decode("ascii", "replace")


def _known(text: str) -> set[str]:
    """Return the suffixes that were seen at least once; padding comes as lines of zero."""
    pairs = (line.strip().partition(":") for line in text.splitlines())
    return {suffix.upper() for suffix, _, count in pairs if count.isdigit() and int(count) > 0}
