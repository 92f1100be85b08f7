"""[p] The rows of a list of alerts as messages: who they are, and which ones they replace."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload, Source
from tasks.feeds.reading.alert_chains import Message
from tasks.feeds.reading.documents import load_json
from tasks.feeds.reading.times import LocalTimes

_REPLACING: Final = frozenset(("update", "cancel"))


def rows(payload: Payload) -> list[Any]:
    """
    Return the features of a list.

    Raises: Malformed if the payload is none, with the service's own words if it failed.
    """
    document = load_json(payload)
    found = document.get("features") if isinstance(document, dict) else None
    if not isinstance(found, list):
        said = document.get("detail") if isinstance(document, dict) else None
        raise Malformed(f"{payload.name}: no list of features{f': {said!s:.200}' if said else ''}")
    return found


def said_of(row: Any) -> Mapping[str, Any]:  # Any: JSON of a publisher.
    """Return the properties of a row; what is no feature says nothing."""
    said = row.get("properties") if isinstance(row, dict) else None
    return said if isinstance(said, dict) else {}


def messages_of(payloads: Sequence[Payload], source: Source) -> list[Message]:
    """Return the messages of all lists that are no tests; raises Malformed as `rows` does."""
    times = LocalTimes(source.timezone)
    return [
        Message(
            identity_of(row),
            _lenient(said.get("sent"), times),
            _references(said, times),
            replaces=word_of(said, "messageType") in _REPLACING,
        )
        for payload in payloads
        for row in rows(payload)
        if (said := said_of(row)) and word_of(said, "status") in ("actual", "")
    ]


def _references(said: Mapping[str, Any], times: LocalTimes) -> dict[str, datetime | None]:
    references = said.get("references")
    return {
        str(one["identifier"]): _lenient(one.get("sent"), times)
        for one in (references if isinstance(references, list) else [])
        if isinstance(one, dict) and one.get("identifier")
    }


def identity_of(row: Any) -> str:  # Any: JSON of a publisher.
    """Return the message's identifier; one without any is known by what it says."""
    said = said_of(row)
    for value in (said.get("id"), row.get("id") if isinstance(row, dict) else None):
        if isinstance(value, str) and value.strip():
            return value.strip().rsplit("/alerts/", 1)[-1]
    parts = (said.get(name) for name in ("event", "sent", "effective", "headline", "areaDesc"))
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:32]


def word_of(said: Mapping[str, Any], name: str) -> str:
    """Return a property that is one word, in lower case; empty if there is none."""
    value = said.get(name)
    return value.strip().lower() if isinstance(value, str) else ""


def _lenient(value: Any, times: LocalTimes) -> datetime | None:  # Any: JSON of a publisher.
    try:
        return times.parse(value) if isinstance(value, str) else None
    except Rejection:
        return None
