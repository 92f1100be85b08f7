"""
[p] CAP 1.1 and 1.2: public warnings, their updates and cancellations.

The feed's URL is a message, or an Atom or RSS index that links or holds messages. Options: see README.md.
Source: http://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html
"""

from collections.abc import Iterator, Sequence, Set
from typing import Any, Final, NamedTuple
from urllib.parse import urljoin

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.connector import (
    Described,
    Feature,
    Malformed,
    Payload,
    Plan,
    Record,
    Rejected,
    Request,
    Source,
)
from tasks.feeds.connectors.cap import info as infos
from tasks.feeds.connectors.cap.forms import root_of
from tasks.feeds.connectors.cap.message import Envelope, envelope, refuse
from tasks.feeds.reading.alert_chains import Chains, link, to_remember
from tasks.feeds.reading.documents import child_text, excerpt, local_name
from tasks.feeds.reading.times import LocalTimes

_MOST_MESSAGES: Final = 100
#: A message never changes: what was fetched once is read from the archive.
_KEPT_SECONDS: Final = 30 * 24 * 3600
#: Circles of all warnings of a run: each becomes dozens of points.
MOST_CIRCLES: Final = 10_000
_NOT_FOUND: Final = 404
#: What lists or wraps messages, also when there are none.
_INDEXES: Final = frozenset(("feed", "rss", "RDF", "alerts", "EDXLDistribution"))


class _Found(NamedTuple):
    """A message and where it stands."""

    payload: Payload
    message: Envelope


def plan(source: Source) -> Plan:
    """Fetch the feed and, when it is an index, the messages it links; the cursor remembers their chains."""
    first = yield Request("feed", source.url)
    payloads = [first]
    for number, url in enumerate(_linked(root_of(first), first.url or source.url, source), start=1):
        request = Request(f"message-{number}", url, optional=True, max_age_seconds=_KEPT_SECONDS)
        payloads.append((yield request))
    found = _messages(payloads, source)
    seen = [one.message.id for one in found]
    return {"roots": to_remember(_chains(found, source), source.cursor.get("roots"), seen)}


def _linked(root: etree._Element, base: str, source: Source) -> list[str]:
    """Return the links to messages of an index, those of other areas left out; none if it holds them itself."""
    if any(local_name(element) == "alert" for element in root.iter()):
        return []
    wanted = _wanted_areas(source)
    links: dict[str, None] = {}
    for entry in root.iter():
        if local_name(entry) in ("entry", "item"):
            area = child_text(entry, "areaDesc")
            if not (wanted and area and not _is_wanted({area}, wanted)) and (href := _href(entry)):
                links[urljoin(base, href)] = None
    return list(links)[: int(source.options.get("max_messages") or _MOST_MESSAGES)]


def _href(entry: etree._Element) -> str | None:
    links = [child for child in entry if local_name(child) == "link"]
    marked = [child.get("href") for child in links if "cap" in (child.get("type") or "")]
    plain = [
        child.get("href") or (child.text or "").strip()
        for child in links
        if child.get("rel") in (None, "alternate")
    ]
    return next((href for href in [*marked, *plain] if href), None)


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per info block; of an info in several languages one becomes the feature.

    Raises: Malformed if a payload is neither XML nor JSON, or neither CAP nor an index of it.
    """
    found = _messages(payloads, source)
    chains = _chains(found, source)
    times = LocalTimes(source.timezone)
    with_messages = {one.payload.name for one in found}
    for payload in payloads:
        if payload.status != _NOT_FOUND and payload.name not in with_messages:
            yield from _index(payload)
    numbers: dict[str, int] = {}
    shown = _shown(found, source)
    for one in found:
        if one.message.infos:
            yield from _records(one, chains, times, source, numbers)
        elif _cancels(one.message, chains, shown):
            yield _cancelled(one, chains, _address(one, numbers))


def _index(payload: Payload) -> Iterator[Record]:
    root = root_of(payload)
    if local_name(root) not in _INDEXES:
        raise Malformed(f"{payload.name}: neither CAP nor an index of it but <{local_name(root)}>")
    yield Described(record=f"{payload.name}#0")


def _messages(payloads: Sequence[Payload], source: Source) -> list[_Found]:
    times = LocalTimes(source.timezone)
    found = [
        _Found(payload, envelope(element, times))
        for payload in payloads
        if payload.status != _NOT_FOUND
        for element in _alerts(payload)
    ]
    circles = sum(1 for one in found for info in one.message.infos for _ in info.iter("{*}circle"))
    if circles > MOST_CIRCLES:
        raise Malformed(f"{payloads[0].name}: {circles:,} circles; {MOST_CIRCLES:,} are the most")
    return found


def _alerts(payload: Payload) -> Iterator[etree._Element]:
    for element in root_of(payload).iter():
        if local_name(element) == "alert":
            if next(element.iterancestors("{*}alert"), None) is not None:
                raise Malformed(f"{payload.name}: a message within a message")
            yield element


def _chains(found: Sequence[_Found], source: Source) -> Chains:
    return link([one.message.link for one in found], source.cursor.get("roots"))


def _address(one: _Found, numbers: dict[str, int]) -> str:
    """Return the next address in a payload: each info has one, and each message without a word."""
    number = numbers[one.payload.name] = numbers.get(one.payload.name, -1) + 1
    return f"{one.payload.name}#{number}"


def _records(
    one: _Found, chains: Chains, times: LocalTimes, source: Source, numbers: dict[str, int]
) -> Iterator[Record]:
    main = _main_infos(one.message.infos, source.options.get("language"))
    places = {id(info): place for place, info in enumerate(main)}
    for info in one.message.infos:
        record = _address(one, numbers)
        place = places.get(id(info))
        root = chains.root(one.message.id)
        external_id = f"{root}#{place}" if place else root
        if place is None:
            yield Described(record=record, properties={"language": infos.language(info)})
            continue
        try:
            _refuse(one.message, info, chains, source)
            yield infos.feature(info, one.message, external_id, record, times)
        except Rejection as why:
            yield Rejected(
                record=record,
                reason=why.reason,
                detail=why.detail,
                external_id=external_id,
                excerpt=excerpt(info),
            )


def _shown(found: Sequence[_Found], source: Source) -> Set[str]:
    """Return the messages of which there is an alert, now or before."""
    return {one.message.id for one in found if one.message.infos} | {
        *(source.cursor.get("roots") or {}).values()
    }


def _cancels(message: Envelope, chains: Chains, shown: Set[str]) -> bool:
    """Tell whether a message without a word in any language cancels an alert that we have shown."""
    is_cancel = message.kind == "Cancel" and message.status == "Actual"
    return is_cancel and chains.root(message.id) in shown


def _cancelled(one: _Found, chains: Chains, record: str) -> Feature:
    return Feature(
        external_id=chains.root(one.message.id),
        record=record,
        published_at=one.message.sent,
        kind="alert",
        title="Cancelled",
        properties={"message": one.message.id, "message_type": "cancel"},
        withdrawn=True,
    )


def _main_infos(blocks: Sequence[etree._Element], wanted: Any) -> list[etree._Element]:
    """Return the infos of the wanted language, else of the first: the others are translations of them."""
    by_language: dict[str, list[etree._Element]] = {}
    for info in blocks:
        by_language.setdefault(infos.language(info), []).append(info)
    begins = str(wanted or "").lower()
    chosen = next(
        (tag for tag in by_language if begins and tag.startswith(begins)), next(iter(by_language), "")
    )
    return by_language.get(chosen, [])


def _refuse(message: Envelope, info: etree._Element, chains: Chains, source: Source) -> None:
    refuse(message)
    if message.id in chains.superseded:
        raise Rejection("superseded", "a later message of this feed replaces it")
    wanted = _wanted_areas(source)
    if wanted and not _is_wanted(infos.area_names(info), wanted):
        raise Rejection("elsewhere", "none of its areas is one of the feed's")


def _wanted_areas(source: Source) -> list[str]:
    area = source.options.get("area") or ()
    return [str(name).lower() for name in ([area] if isinstance(area, str) else area)]


def _is_wanted(names: set[str], wanted: Sequence[str]) -> bool:
    return any(part in name.lower() for name in names for part in wanted)
