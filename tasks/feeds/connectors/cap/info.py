"""[p] What a CAP message says in one language, as a feature."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Final

from lxml import etree

from shared.errors import Rejection
from shared.feeds.kinds.cap import CapOptions
from tasks.feeds.connector import Feature, Source
from tasks.feeds.connectors.cap.message import Envelope
from tasks.feeds.connectors.cap.shapes import geometry
from tasks.feeds.reading.documents import child_text, children
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import plain
from tasks.feeds.reading.places import drawn
from tasks.feeds.reading.times import LocalTimes

_PARTS: Final = {
    "urgency": "urgency",
    "certainty": "certainty",
    "response": "responseType",
    "sender": "senderName",
}


def feature(
    info: etree._Element, message: Envelope, external_id: str, record: str, times: LocalTimes
) -> Feature:
    """
    Read one info block; what of its areas or times cannot be read is unknown, and it says why.

    The properties `shape_problem` and `time_problem` do: a warning is not lost to a shape, or to its end.
    """
    areas = children(info, "area")
    shape, problem = drawn(lambda: geometry(areas))
    unread: list[str] = []
    starts = _time(info, "onset", times, unread) or _time(info, "effective", times, unread) or message.sent
    description = "\n\n".join(
        plain(text) for name in ("description", "instruction") if (text := child_text(info, name)) is not None
    )
    return Feature(
        external_id=external_id,
        record=record,
        published_at=message.sent,
        kind="alert",
        title=plain(_line(info, "headline") or _line(info, "event") or "Warning"),
        description=description or None,
        severity=(child_text(info, "severity") or "unknown").lower(),
        category=_line(info, "event"),
        address="; ".join(text for area in areas if (text := _line(area, "areaDesc"))) or None,
        url=web_link(child_text(info, "web")),
        geometry=shape,
        starts_at=starts,
        ends_at=_time(info, "expires", times, unread),
        properties=_properties(info, areas, message)
        | problem
        | ({"time_problem": unread[0]} if unread else {}),
        withdrawn=message.kind == "Cancel" or _is_over(info, message),
    )


def _is_over(info: etree._Element, message: Envelope) -> bool:
    """Tell whether an update gives the all-clear, as the offices of Canada and Norway end their warnings."""
    responses = {(response.text or "").strip() for response in children(info, "responseType")}
    return message.kind == "Update" and "AllClear" in responses


def language(info: etree._Element) -> str:
    """Return the language of an info block; the standard's default is American English."""
    return (child_text(info, "language") or "en-US").lower()


def area_names(info: etree._Element) -> set[str]:
    """Return the descriptions of an info's areas."""
    return {text for area in children(info, "area") if (text := _line(area, "areaDesc"))}


def _line(element: etree._Element, name: str) -> str | None:
    """Return the text of a child in one line: offices indent their XML within names of places too."""
    return " ".join((child_text(element, name) or "").split()) or None


def is_wanted(names: Set[str], source: Source) -> bool:
    """Tell whether one of some areas is one of the feed's, which are all where it names none."""
    wanted = [part.lower() for part in CapOptions.read(source.options).area]
    return not wanted or any(part in name.lower() for name in names for part in wanted)


def _time(info: etree._Element, name: str, times: LocalTimes, unread: list[str]) -> datetime | None:
    """Read a time; one that cannot be read is unknown, and `unread` tells of it."""
    text = child_text(info, name)
    try:
        return times.parse(text) if text else None
    except Rejection as why:
        unread.append(f"{name}: {why.detail}")
        return None


def _properties(info: etree._Element, areas: Sequence[etree._Element], message: Envelope) -> dict[str, Any]:
    found: dict[str, Any] = {name: text for name, tag in _PARTS.items() if (text := _line(info, tag))}
    found["message"] = message.id
    found["message_type"] = message.kind.lower()
    found["language"] = language(info)
    if codes := _pairs(areas, "geocode"):
        found["geocodes"] = codes
    if events := _pairs([info], "eventCode"):
        found["event_codes"] = events
    return found


def _pairs(elements: Sequence[etree._Element], name: str) -> Mapping[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for element in elements:
        for pair in children(element, name):
            label, value = child_text(pair, "valueName"), child_text(pair, "value")
            if label and value:
                found.setdefault(label, {})[value] = None
    return {label: list(values) for label, values in found.items()}
