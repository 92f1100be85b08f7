"""
Zones that records name and do not draw: fetched once each, kept in the database, given to the parser.

A connector of such records has a module `zones` beside it with `named` and `read` (see `Zoning`). A zone that cannot
be had leaves its records without a shape; it never fails a run, and no run asks for many.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from shared.clock import utcnow
from shared.db import transaction
from shared.errors import CityPulseError
from shared.feeds.zones import Zone, keep_zone, known_zones, put_off
from tasks.feeds.connector import Outline, Payload, Plan, Record, Source
from tasks.feeds.encoding.blocks import Block
from tasks.feeds.fetching.errors import FetchFailed
from tasks.feeds.fetching.http import Ask, Fetched
from tasks.feeds.fetching.visit import Gets
from tasks.feeds.registry import Connector, Zoning

#: Zones asked for by one run, and seconds after which it asks for no more; the next run goes on.
MOST_A_RUN: Final = 60
_SECONDS_A_RUN: Final = 30.0


class Zoned:
    """A connector whose parser is given the outlines of the zones that its payloads name."""

    def __init__(self, found: Connector, zoning: Zoning) -> None:
        self.manifest = found.manifest
        self.zoning = zoning
        self._found = found

    def plan(self, source: Source) -> Plan:
        """Say what to fetch."""
        return self._found.plan(source)

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Turn what was fetched into records."""
        return self._found.parse(payloads, self._drawn(payloads, source))

    def blocks(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record | Block]:
        """Turn what was fetched into records, in blocks where the connector can."""
        return self._found.blocks(payloads, self._drawn(payloads, source))

    def _drawn(self, payloads: Sequence[Payload], source: Source) -> Source:
        urls = self.zoning.named(payloads, source)
        with transaction() as tx:
            known = known_zones(tx, urls)
            zones = {url: Outline(zone.name, zone.geometry) for url, zone in known.items()}
        return replace(source, zones=zones)


def zoned(found: Connector) -> Connector:
    """Return a connector whose parser knows the zones that are kept, if its records name any."""
    zoning: Zoning | None = getattr(found, "zoning", None)
    return found if zoning is None else Zoned(found, zoning)


def fetch_zones(
    found: Connector,
    payloads: Sequence[Payload],
    source: Source,
    get: Gets,
    checkpoint: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> bool:
    """
    Ask for the zones that the payloads name and that are due, unknown ones first.

    A publisher in trouble is asked no more by this run, nor for an hour. Returns whether a zone is drawn otherwise
    than before, so that the same payloads give other records.
    Raises: Malformed if the payloads are not of the format; what `checkpoint` raises.
    """
    if not isinstance(found, Zoned):
        return False
    urls = found.zoning.named(payloads, source)
    with transaction() as tx:
        known = known_zones(tx, urls)
    now, ends = utcnow(), clock() + _SECONDS_A_RUN
    due = sorted(
        (url for url in urls if url not in known or known[url].due_at <= now),
        key=lambda url: (url in known and known[url].geometry is not None, url),
    )
    asking = _Asking(found.zoning, get)
    for at, url in enumerate(due[:MOST_A_RUN]):
        checkpoint()
        if clock() >= ends:
            break
        if not asking.ask(url, known.get(url)):
            asking.spare(due[at + 1 :], known)
            break
    return asking.has_news


class _Asking:
    """Asks for one zone after the other; `has_news` tells whether one is drawn otherwise than before."""

    def __init__(self, zoning: Zoning, get: Gets) -> None:
        self.has_news = False
        self._zoning = zoning
        self._get = get
        self._error = ""

    def ask(self, url: str, known: Zone | None) -> bool:
        """Fetch a zone and keep it; returns false when its publisher is in trouble."""
        try:
            drawn = self._fetch(url, known)
        except CityPulseError as error:
            self._error = str(error)
            with transaction() as tx:
                put_off(tx, url, known, self._error, utcnow())
            return not isinstance(error, FetchFailed)
        before = (known.name, known.geometry) if known else ("", None)
        self.has_news |= bool(drawn) and before != (drawn["name"], drawn["geometry"])
        with transaction() as tx:
            keep_zone(tx, url, drawn, utcnow())
        return True

    def spare(self, urls: Sequence[str], known: dict[str, Zone]) -> None:
        """Put off the zones that a publisher in trouble was not asked for."""
        with transaction() as tx:
            for url in sorted(urls):
                put_off(tx, url, known.get(url), self._error, utcnow())

    def _fetch(self, url: str, known: Zone | None) -> dict[str, Any]:
        """Return what is to be kept of a zone; nothing when it is the same as before."""
        is_drawn = known is not None and known.geometry is not None
        ask = Ask(
            url=url,
            headers={"Accept": "application/geo+json"},
            etag=known.etag if known and is_drawn else None,
            last_modified=known.last_modified if known and is_drawn else None,
        )
        with TemporaryDirectory(prefix="citypulse-zone-") as folder:
            fetched = self._get.get("zones", ask, Path(folder))
            if fetched.not_modified:
                return {}
            outline = self._zoning.read(_content(fetched))
        return {
            "name": outline.name,
            "geometry": outline.geometry,
            "etag": fetched.etag,
            "last_modified": fetched.last_modified,
        }


def _content(fetched: Fetched) -> bytes:
    if fetched.path is None:
        raise FetchFailed(f"zones: HTTP {fetched.status} without a body", status=fetched.status)
    return fetched.path.read_bytes()
