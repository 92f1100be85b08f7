"""[p] What is told of a part of the platform: a code and its values, for pages to say in any language, and in English."""

from collections.abc import Sequence
from typing import Final, TypedDict

#: Everything that can be told, in English.
ENGLISH: Final = {
    "instance": "instance {instance}",
    "running": "{count} running",
    "silent": "none seen for {seconds} s",
    "no_worker": "no worker serves it",
    "paused": "paused by an admin",
    "workers": "{count} serving it",
    "oldest": "the oldest job has waited {seconds} s",
    "unreachable": "cannot be reached",
    "not_known": "the database, which knows, cannot be reached",
    "mailbox": "kept in the mailbox: no provider is set",
    "waiting": "{count} waiting",
    "not_sent": "{count} not sent in the last hour",
    "left_alone": "the provider fails since {since} and is left alone until {until}",
    "tried": "the provider fails since {since} and is being tried with one mail",
    "not_built": "the page is not built",
    "elsewhere": "served elsewhere",
    "http": "HTTP {status}",
    "error": "{error}",
    "free": "{gigabytes} GB free",
    "read_only": "cannot be written",
}


class Told(TypedDict):
    """One thing told of a part."""

    code: str
    values: dict[str, str | int | float]


def told(code: str, **values: str | int | float) -> Told:
    """Tell one thing; `since` and `until` are times (RFC 3339)."""
    return {"code": code, "values": values}


def in_english(said: Sequence[Told]) -> str | None:
    """Write what is told of a part as one line; nothing told is none."""
    return "; ".join(ENGLISH[each["code"]].format(**each["values"]) for each in said) or None
