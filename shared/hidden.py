"""What must not be written down: the secrets at hand, taken out of whatever is logged or kept as an error."""

from collections.abc import Iterable
from contextvars import ContextVar
from functools import cache
from typing import Final
from urllib.parse import unquote, urlsplit

from shared.settings import get_settings

MASK: Final = "[hidden]"
#: Shorter words are no secrets worth the name, and would punch holes into every sentence.
_SHORTEST: Final = 8

_at_hand: ContextVar[tuple[str, ...]] = ContextVar("secrets_at_hand", default=())


def hide(values: Iterable[object]) -> None:
    """Name the secrets that the work now at hand knows; those of the work before are forgotten."""
    _at_hand.set(tuple(str(value) for value in values if value and len(str(value)) >= _SHORTEST))


def without_secrets(text: str) -> str:
    """Return a text without the secrets at hand and without those of the settings."""
    for secret in (*_at_hand.get(), *_of_settings()):
        if secret in text:
            text = text.replace(secret, MASK)
    return text


@cache
def _of_settings() -> tuple[str, ...]:
    settings = get_settings()
    kept = [
        settings.jwt_secret, settings.jwt_secret_previous, settings.metrics_token, settings.sendgrid_api_key,
        settings.google_client_secret, settings.args_key, *settings.feeds_secrets.values(),
    ]  # fmt: skip
    values = [each.get_secret_value() for each in kept if each is not None]
    values = [value for value in values if len(value) >= _SHORTEST]
    for address in (settings.database_url, settings.redis_url.get_secret_value()):
        if password := urlsplit(address).password:
            # By itself only where it is no word that other things are called by.
            values += [f":{password}@", *(each for each in (password, unquote(password)) if len(each) >= 16)]
    return tuple(dict.fromkeys(values))
