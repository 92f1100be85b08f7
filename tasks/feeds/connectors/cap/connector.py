"""
[p] CAP 1.1 and 1.2: public warnings, their updates and cancellations.

The feed's URL is a message, or an Atom or RSS index that links or holds messages. Options: see README.md.
Source: http://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html
"""

from collections.abc import Iterator, Sequence, Set
from typing import Any, Final, NamedTuple

from lxml import etree

from shared.errors import Rejection
from shared.feeds.kinds.cap import CapOptions
from tasks.feeds.connector import (
    NOT_READ,
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
from tasks.feeds.connectors.cap.pages import Page, alerts, linked, opened
from tasks.feeds.reading.alert_chains import Chains, link, to_remember
from tasks.feeds.reading.documents import excerpt
from tasks.feeds.reading.times import LocalTimes

#: A message never changes: what was fetched once is read from the archive.
_KEPT_SECONDS: Final = 30 * 24 * 3600
#: The National Weather Service of the United States links addresses that answer with GeoJSON unless asked for CAP.
_OF_MESSAGES: Final = {"Accept": "application/cap+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.8"}
#: Circles of all warnings of a run: each becomes dozens of points.
MOST_CIRCLES: Final = 10_000


class _Found(NamedTuple):
    """A message and where it stands."""

    payload: Payload
    message: Envelope


def plan(source: Source) -> Plan:
    """Fetch the feed and, when it is an index, the messages it links; the cursor remembers their chains."""
    first = yield Request("feed", source.url)
    payloads = [first]
    links = linked(root_of(first), first.url or source.url, source)
    most = CapOptions.read(source.options).max_messages
    for number, url in enumerate(links[:most], start=1):
        request = Request(
            f"message-{number}", url, headers=_OF_MESSAGES, optional=True, max_age_seconds=_KEPT_SECONDS
        )
        payloads.append((yield request))
    found = _messages(opened(payloads), source)
    seen = [one.message.id for one in found if one.message.is_meant]
    return {"roots": to_remember(_chains(found, source), source.cursor.get("roots"), seen)}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per info block; of an info in several languages one becomes the feature.

    Raises: Malformed if the feed is neither XML nor JSON, or neither CAP nor an index of it, or links nothing else.
    """
    pages = opened(payloads)
    found = _messages(pages, source)
    chains = _chains(found, source)
    times = LocalTimes(source.timezone)
    with_messages = {one.payload.name for one in found}
    # An index is none of the records that it lists, and a quiet sky has none.
    for page in pages[1:]:
        if page.payload.name not in with_messages:
            yield _without_messages(page)
    numbers: dict[str, int] = {}
    shown, current = _shown(found, source), _current(found, chains, source)
    for one in found:
        if one.message.infos:
            yield from _records(one, chains, current, times, source, numbers)
        elif _cancels(one.message, chains, shown):
            yield _cancelled(one, chains, _address(one, numbers))
    yield from _not_read(pages[0], len(payloads) - 1, source)


def _without_messages(page: Page) -> Record:
    record = f"{page.payload.name}#0"
    if page.problem:
        return Rejected(record=record, reason="no_message", detail=page.problem)
    return Described(record=record)


def _not_read(index: Page, read: int, source: Source) -> Iterator[Rejected]:
    """Yield the messages that an index links beyond those that were read, each of which may be one we know."""
    links = linked(index.root, index.payload.url or source.url, source) if index.root is not None else []
    for number, url in enumerate(links[read:], start=read + 1):
        yield Rejected(
            record=f"message-{number}#0",
            reason=NOT_READ,
            detail=f"the index links {len(links):,} messages, of which the newest {read:,} are read",
            excerpt=url,
        )


def _messages(pages: Sequence[Page], source: Source) -> list[_Found]:
    times = LocalTimes(source.timezone)
    found = [
        _Found(page.payload, envelope(element, times))
        for page in pages
        if page.root is not None
        for element in alerts(page.root)
    ]
    circles = sum(1 for one in found for info in one.message.infos for _ in info.iter("{*}circle"))
    if circles > MOST_CIRCLES:
        raise Malformed(f"{pages[0].payload.name}: {circles:,} circles; {MOST_CIRCLES:,} are the most")
    return found


def _chains(found: Sequence[_Found], source: Source) -> Chains:
    return link([one.message.link for one in found if one.message.is_meant], source.cursor.get("roots"))


def _address(one: _Found, numbers: dict[str, int]) -> str:
    """Return the next address in a payload: each info has one, and each message without a word."""
    number = numbers[one.payload.name] = numbers.get(one.payload.name, -1) + 1
    return f"{one.payload.name}#{number}"


def _records(
    one: _Found,
    chains: Chains,
    current: Set[str],
    times: LocalTimes,
    source: Source,
    numbers: dict[str, int],
) -> Iterator[Record]:
    parts = _parts(one.message, chains, source)
    for info in one.message.infos:
        record = _address(one, numbers)
        external_id = parts.get(info)
        if external_id is None:
            yield Described(record=record, properties={"language": infos.language(info)})
            continue
        try:
            _refuse(one.message, info, source)
            is_replaced = one.message.id in chains.superseded
            if is_replaced and external_id in current:
                raise Rejection("superseded", "a later message of this feed replaces it")
            feature = infos.feature(info, one.message, external_id, record, times)
            # What replaces it has fewer parts, or cancels all of them.
            feature.withdrawn = feature.withdrawn or is_replaced
            yield feature
        except Rejection as why:
            yield Rejected(
                record=record,
                reason=why.reason,
                detail=why.detail,
                external_id=external_id,
                excerpt=excerpt(info),
            )


def _parts(message: Envelope, chains: Chains, source: Source) -> dict[etree._Element, str]:
    """Return the infos of a message that become features, with their ids."""
    root = chains.root(message.id)
    main = _main_infos(message.infos, CapOptions.read(source.options).language or None)
    return {info: f"{root}#{place}" if place else root for place, info in enumerate(main)}


def _current(found: Sequence[_Found], chains: Chains, source: Source) -> Set[str]:
    """Return the ids of features of which no later message of the feed replaces the message."""
    newest = [one.message for one in found if one.message.id not in chains.superseded]
    return {part for message in newest for part in _parts(message, chains, source).values()} | {
        chains.root(message.id) for message in newest
    }


def _shown(found: Sequence[_Found], source: Source) -> Set[str]:
    """Return the messages of which there is an alert, now or before."""
    return {one.message.id for one in found if one.message.infos} | {
        *(source.cursor.get("roots") or {}).values()
    }


def _cancels(message: Envelope, chains: Chains, shown: Set[str]) -> bool:
    """Tell whether a message without a word in any language cancels an alert that we have shown."""
    is_cancel = message.kind == "Cancel" and message.is_meant
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
    # Who says the same twice means one warning.
    said: dict[bytes, etree._Element] = {}
    for info in by_language.get(chosen, []):
        said.setdefault(etree.tostring(info, with_tail=False), info)
    return list(said.values())


def _refuse(message: Envelope, info: etree._Element, source: Source) -> None:
    refuse(message)
    if not infos.is_wanted(infos.area_names(info), source):
        raise Rejection("elsewhere", "none of its areas is one of the feed's")
