"""
[p] News: RSS, Atom and JSON Feed, with the places of GeoRSS and GML.

Options: `feature_kind` (`news`). What entries say is shown as plain text: no markup of theirs reaches a page.
Source: RFC 4287, https://www.rssboard.org/rss-specification, https://www.jsonfeed.org, https://www.ogc.org/standards/georss
"""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final
from urllib.parse import urljoin

import feedparser

from shared.errors import Rejection
from shared.feeds.kinds.news import NewsOptions
from tasks.feeds.connector import Feature, Malformed, Payload, Plan, Record, Rejected, Request, Source
from tasks.feeds.connectors.news import entities, gml
from tasks.feeds.connectors.news.events import described, happening
from tasks.feeds.connectors.news.places import place
from tasks.feeds.connectors.news.times import moment
from tasks.feeds.reading.day_order import local_times
from tasks.feeds.reading.documents import excerpt, html_page, load_json
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import cleaned
from tasks.feeds.reading.places import drawn
from tasks.feeds.reading.times import LocalTimes

_LONGEST: Final = 4000
#: What reads feeds is slow with tags, and takes the square of attributes.
_MOST_TAGS: Final = 1_000_000
_MOST_ATTRIBUTES: Final = 1_000
_ATTRIBUTE: Final = re.compile(rb"=\s*+[\"']")
#: Text that is no markup, and an ampersand that begins no entity: what reads feeds would end its word as one.
_AMPERSAND: Final = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|&(?!#?[A-Za-z0-9]+;)", re.DOTALL)
_SPACE: Final = re.compile(r"[ \t\r\f\v]*\n\s*|[ \t\r\f\v]+")


def plan(source: Source) -> Plan:
    """Fetch the feed; there is no cursor."""
    yield Request("feed", source.url)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one feature per entry, in the publisher's order.

    Raises: Malformed if a payload is no feed of any kind, or declares entities.
    """
    told = NewsOptions.read(source.options)
    for payload in payloads:
        entries = _entries(payload)
        times = local_times(source.timezone, told.day_first, entries)
        shared = _shared_links(entries)
        for number, entry in enumerate(entries):
            record = f"{payload.name}#{number}"
            try:
                yield _feature(entry, record, told.feature_kind, times, shared)
            except Rejection as why:
                yield Rejected(
                    record=record, reason=why.reason, detail=why.detail, excerpt=excerpt(dict(entry))
                )


def _shared_links(entries: Sequence[Mapping[str, Any]]) -> Set[str]:
    """Return the links that several entries have which tell no id: they name none of them."""
    counted = Counter(
        link for entry in entries if not entry.get("id") and (link := web_link(entry.get("link")))
    )
    return {link for link, count in counted.items() if count > 1}


def _entries(payload: Payload) -> Sequence[Mapping[str, Any]]:
    content = payload.read()
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json_entries(payload)
    if content.count(b"<") > _MOST_TAGS:
        raise Malformed(f"{payload.name}: a feed of more than {_MOST_TAGS:,} tags")
    if any(tag.count(b"=") > _MOST_ATTRIBUTES < len(_ATTRIBUTE.findall(tag)) for tag in content.split(b"<")):
        raise Malformed(f"{payload.name}: an element of more than {_MOST_ATTRIBUTES:,} attributes")
    content = gml.readable(entities.written_out(content, payload.name))
    gml.guard()
    if b"\0" not in content and content.count(b"&") <= _MOST_TAGS:
        content = _AMPERSAND.sub(_written_out, content)
    try:
        # A stream, and never a string: feedparser would take that for a URL or a path. Markup is ours to undo.
        feed = feedparser.parse(
            io.BytesIO(content),
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except Exception as error:
        # Broken markup makes the parsers below it raise anything, even AssertionError.
        raise Malformed(f"{payload.name}: no feed: {error!s:.200}") from None
    if not feed.get("version") and not feed.entries:
        instead = html_page(content) or feed.get("bozo_exception") or "nothing"
        raise Malformed(f"{payload.name}: neither RSS nor Atom: {instead!s:.200}")
    # Plain dicts: those of feedparser give a missing `updated` the value of `published`, with a warning.
    base = str(feed.feed.get("link") or payload.url)
    return [_with_whole_link(dict(entry), base) for entry in feed.entries]


def _written_out(found: re.Match[bytes]) -> bytes:
    return b"&amp;" if found[0] == b"&" else found[0]


def _with_whole_link(entry: dict[str, Any], base: str) -> dict[str, Any]:
    """Complete a relative link; an id that stands in for a link is none."""
    link = entry.get("link")
    if not isinstance(link, str) or not link.strip() or link == entry.get("id"):
        return entry
    try:
        return {**entry, "link": urljoin(base, link.strip())}
    except ValueError:
        return entry


def _json_entries(payload: Payload) -> Sequence[Mapping[str, Any]]:
    document = load_json(payload)
    items = document.get("items") if isinstance(document, dict) else None
    if not isinstance(items, list) or "jsonfeed.org" not in str(document.get("version")):
        raise Malformed(f"{payload.name}: no JSON Feed")
    base = str(document.get("home_page_url") or payload.url)
    return [
        _with_whole_link(_as_entry(item), base)
        if isinstance(item, dict)
        else {"unreadable": repr(item)[:200]}
        for item in items
    ]


def _as_entry(item: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": item.get("id"),
        "title": item.get("title"),
        "link": item.get("url") or item.get("external_url"),
        "summary": item.get("summary") or item.get("content_text") or item.get("content_html"),
        "published": item.get("date_published"),
        "updated": item.get("date_modified"),
        "tags": [{"term": tag} for tag in item["tags"]] if isinstance(item.get("tags"), list) else [],
    }


def _feature(
    entry: Mapping[str, Any], record: str, kind: str, times: LocalTimes, shared: Set[str]
) -> Feature:
    title, link = _plain(entry.get("title")), web_link(entry.get("link"))
    published = moment(entry, "published", times) or moment(entry, "created", times)
    updated = moment(entry, "updated", times) or published
    event = happening(entry, times)
    summary = next(
        filter(None, map(_plain, (entry.get("summary"), _content(entry), *described(entry)))), None
    )
    where, unplaced = drawn(lambda: place(entry))
    tags = [
        text
        for tag in entry.get("tags") or ()
        if isinstance(tag, Mapping) and (text := _plain(tag.get("term")))
    ]
    if not (title or summary or link or where or entry.get("id")):
        raise Rejection("no_identity", "the entry says nothing")
    return Feature(
        external_id=_identity(entry, title, link if link not in shared else None, summary),
        record=record,
        published_at=updated,
        kind=kind or (event.kind if event else "news"),
        title=title or (summary or link or "Untitled")[:120],
        description=summary,
        category=next(iter(tags), None),
        address=(event.place if event else None) or _plain(entry.get("georss_featurename")),
        url=link,
        geometry=where,
        starts_at=event.begins if event else published,
        ends_at=event.ends if event else None,
        properties=({"tags": tags} if len(tags) > 1 else {})
        | ({"all_day": True} if event and event.is_day else {})
        | unplaced,
        withdrawn=bool(event and event.is_off),
    )


def _identity(entry: Mapping[str, Any], title: str | None, link: str | None, summary: str | None) -> str:
    # One calendar gives each occurrence of a series the id of the series, and a link of its own.
    told = entry.get("id") if not (link and entry.get("mec_startdate")) else link
    if isinstance(told, str | int) and str(told).strip():
        return str(told).strip()
    if link:
        return link
    parts = (title, summary, entry.get("published"), entry.get("updated"), entry.get("where"))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def _content(entry: Mapping[str, Any]) -> Any:  # Any: of feedparser.
    blocks = entry.get("content")
    return (
        blocks[0].get("value")
        if isinstance(blocks, list) and blocks and isinstance(blocks[0], Mapping)
        else None
    )


def _plain(value: Any) -> str | None:  # Any: as above.
    """Return text without markup: no tag, no script, no entity is left."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = _SPACE.sub(lambda found: "\n" if "\n" in found.group() else " ", cleaned(value)).strip()
    return text[:_LONGEST] or None
