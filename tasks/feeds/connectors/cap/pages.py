"""[p] The payloads of a feed as trees: its message or index, and the messages that an index links."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, NamedTuple
from urllib.parse import urljoin

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload, Source
from tasks.feeds.connectors.cap.forms import root_of
from tasks.feeds.connectors.cap.info import is_wanted
from tasks.feeds.reading.documents import child_text, local_name
from tasks.feeds.reading.times import LocalTimes, from_rfc2822

#: Where an entry tells when it was changed: CAP within Atom, Atom, RSS.
_CHANGED: Final = ("sent", "updated", "published", "pubDate")
#: What may be marked as a message: a link of Atom, an enclosure of RSS, content that stands elsewhere; and where it is.
#: Source: http://docs.oasis-open.org/emergency-adopt/cap-feeds/v1.0/cap-feeds-v1.0.html
_MARKED: Final = ("link", "enclosure", "content")
_ADDRESSES: Final = ("href", "url", "src")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_NOT_FOUND: Final = 404
#: What lists or wraps messages, also when there are none.
_INDEXES: Final = frozenset(("feed", "rss", "RDF", "alerts", "EDXLDistribution"))


class Page(NamedTuple):
    """A payload with its root; of a linked one that is no message, why."""

    payload: Payload
    root: etree._Element | None
    problem: str = ""


def opened(payloads: Sequence[Payload]) -> list[Page]:
    """
    Read payloads; a linked one that is no message costs nothing but itself.

    Raises: Malformed if the first is none, or all that are linked.
    """
    found = [
        _page(payload, is_linked=number > 0)
        for number, payload in enumerate(payloads)
        if payload.status != _NOT_FOUND
    ]
    others = found[1:]
    if others and all(page.problem for page in others):
        raise Malformed(others[0].problem)
    return found


def _page(payload: Payload, *, is_linked: bool) -> Page:
    try:
        root = root_of(payload)
        _check(payload, root)
    except Malformed as why:
        if is_linked:
            return Page(payload, None, str(why))
        raise
    return Page(payload, root)


def _check(payload: Payload, root: etree._Element) -> None:
    """Refuse what is neither a message nor an index, and messages within messages."""
    found = list(alerts(root))
    if not found and local_name(root) not in _INDEXES:
        raise Malformed(f"{payload.name}: neither CAP nor an index of it but <{local_name(root)}>")
    if any(next(alert.iterancestors("{*}alert"), None) is not None for alert in found):
        raise Malformed(f"{payload.name}: a message within a message")


def alerts(root: etree._Element) -> Iterator[etree._Element]:
    """Return the messages of a tree."""
    return (element for element in root.iter() if local_name(element) == "alert")


def linked(root: etree._Element, base: str, source: Source) -> list[str]:
    """
    Return the links to messages of an index, newest first, those of other areas left out; none if it holds them itself.

    Entries that do not tell when they were changed come last, in the order of the index.
    """
    if next(alerts(root), None) is not None:
        return []
    times = LocalTimes(source.timezone)
    links: dict[str, datetime] = {}
    for entry in root.iter():
        if local_name(entry) in ("entry", "item"):
            area = child_text(entry, "areaDesc")
            if (area is None or is_wanted({area}, source)) and (href := _href(entry)):
                links.setdefault(urljoin(base, href), _changed(entry, times))
    return sorted(links, key=lambda link: links[link], reverse=True)


def _changed(entry: etree._Element, times: LocalTimes) -> datetime:
    """Return when an entry was changed; before all times if it does not tell."""
    text = next((told for name in _CHANGED if (told := child_text(entry, name))), "")
    for read in (times.parse, from_rfc2822):
        with suppress(Rejection):
            return read(text) or _LONG_AGO
    return _LONG_AGO


def _href(entry: etree._Element) -> str | None:
    """Return the address of an entry's message: what is marked as CAP, else its link, which may be of a page for people."""
    marked = [
        next((address for name in _ADDRESSES if (address := child.get(name))), None)
        for child in entry
        if local_name(child) in _MARKED and "cap" in (child.get("type") or "")
    ]
    links = [child for child in entry if local_name(child) == "link"]
    plain = [
        child.get("href") or (child.text or "").strip()
        for child in links
        if child.get("rel") in (None, "alternate")
    ]
    return next((href for href in [*marked, *plain] if href), None)
