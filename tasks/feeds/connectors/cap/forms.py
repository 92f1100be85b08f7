"""
[p] A payload as a tree of CAP elements: its XML, a zip of them, or the JSON in which some services write the same.

Source: https://nina.api.bund.dev (Germany's warnings), https://vmaapi.sr.se (Sweden's),
https://api.meteoalarm.org (the weather services of Europe)
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from lxml import etree

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.connectors.cap.packed import files, is_packed
from tasks.feeds.reading.documents import children, excerpt, load_json, load_xml

#: The names of CAP that are read of JSON; they are those of its XML.
_NAMES: Final = frozenset(
    (
        "identifier", "sender", "sent", "status", "msgType", "scope", "code", "references", "info", "language",
        "category", "event", "responseType", "urgency", "severity", "certainty", "eventCode", "effective", "onset",
        "expires", "senderName", "headline", "description", "instruction", "web", "area", "areaDesc", "polygon",
        "circle", "geocode", "valueName", "value",
    )
)  # fmt: skip
#: alert, info, area, geocode, value.
_DEEPEST: Final = 5
#: What no XML may hold.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
#: Germany's service writes lon,lat, and this where it knows no place.
_GERMAN: Final = "DVN:"
_NOWHERE: Final = re.compile(r"-1\.0,-1\.0\s*")
_PAIR: Final = re.compile(r"(?<![\d.-])(-?[\d.]+),(-?[\d.]+)", re.ASCII)


def root_of(payload: Payload) -> etree._Element:
    """
    Return the root of a payload.

    Raises: Malformed if it is neither XML nor JSON of CAP, nor a zip of XML.
    """
    content = payload.read()
    if is_packed(content):
        root = etree.Element("alerts")
        root.extend([load_xml(file) for file in files(content, payload)])
        return root
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return load_xml(payload)
    document = load_json(payload)
    messages = _messages(document)
    if messages is None:
        raise Malformed(f"{payload.name}: no CAP: {excerpt(document):.200}")
    root = etree.Element("alerts")
    for message in messages:
        alert = _add(root, "alert", message)
        if any((code.text or "").startswith(_GERMAN) for code in children(alert, "code")):
            _turn(alert)
    return root


def _messages(document: Any) -> Sequence[dict[str, Any]] | None:  # Any: JSON of a publisher.
    """
    Return the messages of a document, or nothing if they are none.

    There is one alone, a list, one in `alerts` or `warnings`, or each stands by its identifier.
    """
    if isinstance(document, dict):
        held = document.get("alerts", document.get("warnings"))
        if document and all(_is_named(name, one) for name, one in document.items()):
            held = list(document.values())
        document = [document] if "identifier" in document else held
    if not isinstance(document, list):
        return None
    # Meteoalarm puts each into an object of its own.
    messages = [one["alert"] if isinstance(one, dict) and "alert" in one else one for one in document]
    are_messages = all(isinstance(message, dict) and "identifier" in message for message in messages)
    return messages if are_messages else None


def _is_named(name: str, one: Any) -> bool:  # Any: as above.
    return isinstance(one, dict) and name == one.get("identifier")


def _add(parent: etree._Element, name: str, said: dict[str, Any], depth: int = 1) -> etree._Element:
    element = etree.SubElement(parent, name)
    for key, value in said.items():
        for one in value if isinstance(value, list) else [value]:
            if key not in _NAMES or one is None:
                continue
            if isinstance(one, dict):
                if depth < _DEEPEST:
                    _add(element, key, one, depth + 1)
            elif not isinstance(one, list):
                etree.SubElement(element, key).text = _CONTROL.sub("", str(one))
    return element


def _turn(alert: etree._Element) -> None:
    """Turn positions into the order of CAP, lat,lon."""
    for shape in alert.iter("polygon", "circle"):
        shape.text = _PAIR.sub(r"\2,\1", _NOWHERE.sub("", shape.text or ""))
