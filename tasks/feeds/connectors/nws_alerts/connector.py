"""
[p] Weather alerts as GeoJSON: the API of the US National Weather Service, and Environment Canada's.

Options: `language` (`en`) of bilingual alerts.
Source: https://www.weather.gov/documentation/services-web-api, https://api.weather.gov/openapi.json
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin

from shared.errors import Rejection
from shared.feeds.kinds.nws_alerts import NwsAlertsOptions
from tasks.feeds.connector import Feature, Payload, Plan, Record, Rejected, Request, Source, not_read
from tasks.feeds.connectors.nws_alerts import zones
from tasks.feeds.connectors.nws_alerts.messages import (
    NOT_ACTUAL,
    PUBLIC,
    identity_of,
    messages_of,
    rows,
    said_of,
    word_of,
)
from tasks.feeds.reading.alert_chains import Chains, link, to_remember
from tasks.feeds.reading.day_order import local_times
from tasks.feeds.reading.documents import excerpt, load_json
from tasks.feeds.reading.links import web_link
from tasks.feeds.reading.markup import plain
from tasks.feeds.reading.place_cells import geometry
from tasks.feeds.reading.places import checked, drawn
from tasks.feeds.reading.times import LocalTimes, from_posix

_MOST_PAGES: Final = 10
_SHOWN: Final = frozenset(("alert", "update", "cancel"))
_KEPT: Final = {
    "urgency": ("urgency",),
    "certainty": ("certainty", "confidence_@"),
    "response": ("response",),
    "sender": ("senderName",),
    "status": ("status_@", "status"),
}


def plan(source: Source) -> Plan:
    """Fetch the list of active alerts, page by page; the cursor remembers the chains of updates."""
    url, payloads = source.url, []
    for number in range(1, _MOST_PAGES + 1):
        headers = {"Accept": "application/geo+json"}
        payloads.append((yield Request(f"alerts-{number}", url, headers=headers)))
        following = _next_page(load_json(payloads[-1]))
        if not following:
            break
        url = urljoin(url, following)
    messages = messages_of(payloads, source)
    chains = link(messages, source.cursor.get("roots"))
    return {"roots": to_remember(chains, source.cursor.get("roots"), (message.id for message in messages))}


def _next_page(document: Any) -> str | None:  # Any: JSON of a publisher.
    paging = document.get("pagination") if isinstance(document, dict) else None
    following = paging.get("next") if isinstance(paging, dict) else None
    return following if isinstance(following, str) else None


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one record per feature, in the publisher's order; one more if pages were left.

    Raises: Malformed if a payload is no list of features, with the service's own words if it failed.
    """
    chains = link(messages_of(payloads, source), source.cursor.get("roots"))
    told = NwsAlertsOptions.read(source.options)
    language = told.language[:2].lower()
    shapes = zones.Shapes(source.zones)
    for payload in payloads:
        listed = rows(payload)
        times = local_times(source.timezone, told.day_first, map(said_of, listed))
        reading = _Reading(source.url, language, times, chains, shapes)
        for number, row in enumerate(listed):
            record = f"{payload.name}#{number}"
            try:
                yield _feature(row, record, reading)
            except Rejection as why:
                identity = chains.root(identity_of(row)) if said_of(row) else None
                yield Rejected(
                    record=record,
                    reason=why.reason,
                    detail=why.detail,
                    external_id=identity,
                    excerpt=excerpt(row),
                )
    if len(payloads) == _MOST_PAGES and _next_page(load_json(payloads[-1])):
        yield not_read(f"alerts-{_MOST_PAGES + 1}", _MOST_PAGES)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What every row of a list is read with."""

    url: str
    language: str
    times: LocalTimes
    chains: Chains
    shapes: zones.Shapes


def _feature(row: Any, record: str, reading: _Reading) -> Feature:
    said, times, chains = said_of(row), reading.times, reading.chains
    if not said:
        raise Rejection("not_an_object", "the feature has no properties")
    identity = identity_of(row)
    _refuse(said, identity, chains)
    first = _First(said, reading.language)
    shape, properties = _place(row, said, reading)
    # `expires` is when the message does; `ends` is when the weather does.
    ends = first.time(times, "ends", "event_end_datetime") or first.time(
        times, "expires", "expiration_datetime"
    )
    description = "\n\n".join(
        text
        for name in ("description", "alert_text_@", "instruction")
        if (text := first.text(name)) is not None
    )
    return Feature(
        external_id=chains.root(identity),
        record=record,
        published_at=first.time(times, "sent", "publication_datetime"),
        kind="alert",
        title=plain(first.text("headline", "alert_name_@", "event") or "Weather alert"),
        description=plain(description) or None,
        severity=(first.text("severity", "impact_en") or "unknown").lower(),
        category=first.text("event", "alert_short_name_@"),
        address=first.text("areaDesc", "feature_name_@"),
        url=web_link(first.text("web", "@id")),
        geometry=shape,
        starts_at=first.time(times, "onset", "validity_datetime") or first.time(times, "effective", "sent"),
        ends_at=ends,
        properties=_properties(said, identity, first) | properties,
        withdrawn=word_of(said, "messageType") == "cancel" or first.text("status_en") == "ended",
    )


def _place(
    row: Mapping[str, Any], said: Mapping[str, Any], reading: _Reading
) -> tuple[Mapping[str, Any] | None, dict[str, Any]]:
    """
    Return the shape of an alert, its own or that of its zones, and the names of zones it has it from.

    An alert whose own shape cannot be drawn warns without one, and says why.
    """
    own = row.get("geometry")
    if isinstance(own, dict):
        return drawn(lambda: geometry(own["wkt"]) if "wkt" in own else checked(own))
    urls = zones.addresses(said, reading.url)
    names = reading.shapes.names(urls)
    return reading.shapes.of(urls), {"zone_names": names} if names else {}


def _refuse(said: Mapping[str, Any], identity: str, chains: Chains) -> None:
    status, kind = word_of(said, "status"), word_of(said, "messageType")
    if status in NOT_ACTUAL:
        raise Rejection("not_actual", f"the alert's status is {status}")
    if kind and kind not in _SHOWN:
        raise Rejection("not_shown", f"the alert's type is {kind}")
    if word_of(said, "scope") not in PUBLIC:
        raise Rejection("not_public", f"the alert's scope is {word_of(said, 'scope')}")
    if identity in chains.superseded or said.get("replacedBy"):
        raise Rejection("superseded", "a later alert replaces it")


def _properties(said: Mapping[str, Any], identity: str, first: "_First") -> dict[str, Any]:
    found: dict[str, Any] = {"message": identity}
    for name, keys in _KEPT.items():
        if (text := first.text(*keys)) and text.lower() != "actual":
            found[name] = text
    geocode, affected = said.get("geocode"), said.get("affectedZones")
    if isinstance(geocode, dict):
        found["geocodes"] = {
            name: codes for name, codes in geocode.items() if isinstance(codes, list) and codes
        }
    if isinstance(affected, list):
        found["zones"] = [str(zone).rsplit("/", 1)[-1] for zone in affected]
    return found


class _First:
    """Reads the first of several properties that is there; `@` stands for the language."""

    def __init__(self, said: Mapping[str, Any], language: str) -> None:
        self.said_of = said
        self._language = language

    def text(self, *names: str) -> str | None:
        """Return the first text."""
        for name in names:
            # Names that begin with `@` are those of JSON-LD.
            key = name if name.startswith("@") else name.replace("@", self._language)
            value = self.said_of.get(key)
            if isinstance(value, str) and value.strip():
                return value.strip()
        return None

    def time(self, times: LocalTimes, *names: str) -> datetime | None:
        """Return the first time, read; it is a Rejection if that cannot be read."""
        for name in names:
            number = self.said_of.get(name)
            if isinstance(number, int | float):
                return from_posix(number)
        text = self.text(*names)
        return times.parse(text) if text else None
