"""[p] The rows of a list of alerts as messages: who they are, and which ones they replace."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload, Source
from tasks.feeds.connectors.nws_alerts.dialects import in_words_of_the_service
from tasks.feeds.reading.alert_chains import Message
from tasks.feeds.reading.column_names import letters
from tasks.feeds.reading.documents import load_json
from tasks.feeds.reading.times import LocalTimes

#: The words of CAP for what is not meant. Other offices have a status of their own: whether an alert is new, or reviewed.
NOT_ACTUAL: Final = frozenset(("exercise", "system", "test", "draft"))
PUBLIC: Final = frozenset(("public", ""))
#: Numbers that a map server makes up for each answer.
_OF_ONE_ANSWER: Final = ".fid-"
_REPLACING: Final = frozenset(("update", "cancel"))


def rows(payload: Payload) -> list[Any]:
    """
    Return the features of a list; of one alert alone, that; of the JSON-LD form, its graph as features.

    Raises: Malformed if the payload is none, with the service's own words if it failed.
    """
    found = features(load_json(payload))
    if isinstance(found, str):
        raise Malformed(f"{payload.name}: no list of features{found and f': {found:.200}'}")
    return found


def features(document: Any) -> list[Any] | str:  # Any: JSON of a publisher.
    """Return the features of a document; if it has none, what it says instead."""
    if not isinstance(document, dict):
        return ""
    if isinstance(document.get("features"), list):
        return list(map(in_words_of_the_service, document["features"]))
    if document.get("type") == "Feature":
        return [in_words_of_the_service(document)]
    if isinstance(document.get("@graph"), list):
        return [_feature(row) for row in document["@graph"]]
    if document.get("@type") == "wx:Alert":
        return [_feature(document)]
    return str(document.get("detail") or document.get("title") or "")


def _feature(row: Any) -> Any:  # Any: JSON of a publisher.
    """Return a row of the JSON-LD form as a feature: its properties stand bare, its shape is text."""
    if not isinstance(row, dict):
        return row
    shape = row.get("geometry")
    return {
        "id": row.get("@id"),
        "geometry": {"wkt": shape} if isinstance(shape, str) else shape,
        "properties": row,
    }


def said_of(row: Any) -> Mapping[str, Any]:  # Any: JSON of a publisher.
    """Return the properties of a row; what is no feature says nothing."""
    said = row.get("properties") if isinstance(row, dict) else None
    return said if isinstance(said, dict) else {}


def messages_of(payloads: Sequence[Payload], source: Source) -> list[Message]:
    """Return the messages of all lists that are meant for the public; raises Malformed as `rows` does."""
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
        if (said := said_of(row)) and _is_meant(said)
    ]


def _is_meant(said: Mapping[str, Any]) -> bool:
    """Tell whether a message is real and for the public: no other replaces any."""
    return word_of(said, "status") not in NOT_ACTUAL and word_of(said, "scope") in PUBLIC


def _references(said: Mapping[str, Any], times: LocalTimes) -> dict[str, datetime | None]:
    references = said.get("references")
    return {
        name: _lenient(one.get("sent"), times)
        for one in (references if isinstance(references, list) else [])
        if isinstance(one, dict) and (name := _short(one.get("identifier") or one.get("@id")))
    }


def _short(value: Any) -> str:  # Any: as above.
    """Return an identifier without the address it stands in; of a map server's own numbers, none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return "" if isinstance(value, str) and _OF_ONE_ANSWER in value else _last(value)


def _last(value: Any) -> str:  # Any: as above.
    return value.strip().rsplit("/alerts/", 1)[-1] if isinstance(value, str) else ""


def identity_of(row: Any) -> str:  # Any: JSON of a publisher.
    """Return the message's identifier; one without any is known by what it says."""
    said = said_of(row)
    for value in (said.get("id"), row.get("id") if isinstance(row, dict) else None):
        if identity := _short(value):
            return identity
    if said.get("eventtype") and said.get("eventid"):
        return f"{said['eventtype']}{said['eventid']}"
    named = {letters(name): value for name, value in said.items()}
    for name in ("guid", "uniqueid"):
        if identity := _short(named.get(name)):
            return identity
    if identity := _short(named.get("identifier")):
        # One warning is listed once for each of its areas.
        return f"{identity},{said['areaDesc']}" if said.get("areaDesc") else identity
    parts = [said.get(name) for name in ("event", "sent", "effective", "headline", "areaDesc")]
    if not any(parts):
        parts = [*said.items(), row.get("geometry")]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def word_of(said: Mapping[str, Any], name: str) -> str:
    """Return a property that is one word, in lower case; empty if there is none."""
    value = said.get(name)
    return value.strip().lower() if isinstance(value, str) else ""


def _lenient(value: Any, times: LocalTimes) -> datetime | None:  # Any: JSON of a publisher.
    try:
        return times.parse(value) if isinstance(value, str) else None
    except Rejection:
        return None
