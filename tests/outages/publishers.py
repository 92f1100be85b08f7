"""The publishers' own server, and its memory of what it was asked and what it sent: the witness against us."""

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import orjson
from google.transit import gtfs_realtime_pb2

from deploy.local.simulator.city import SimulatedCity
from deploy.local.simulator.server import SimulatorServer
from tests.outages.forecast import Publisher

_PATH: Final = re.compile(r"/(\d+)(/.*)")
_GUID: Final = re.compile(rb"<guid[^>]*>([^<]+)</guid>")


@dataclass
class Hour:
    """Time as the feeds live it: the clock, and the minutes that were passed over."""

    minute: int = 0
    skipped_seconds: float = 0.0

    def now(self) -> float:
        """Return the moment in seconds."""
        return time.time() + self.skipped_seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """One request; `sha256` of the body when it went out whole with status 200."""

    number: int
    page: str
    at: float
    minute: int
    fault: str | None
    status: int
    sha256: str | None


@dataclass
class Witness:
    """What the publishers were asked, and of each body what it holds: the ids of its records."""

    asked: list[Asked] = field(default_factory=list)
    held: dict[str, frozenset[str]] = field(default_factory=dict)

    def of(self, number: int) -> list[Asked]:
        """Return what one publisher was asked, in order."""
        return [one for one in self.asked if one.number == number]


class Publishers(SimulatorServer):
    """Forty publishers at `/<number>/<page>`, each with its own faults."""

    def __init__(self, city: SimulatedCity, known: Sequence[Publisher], hour: Hour) -> None:
        super().__init__(city, 0)
        self.witness = Witness()
        self._known: Mapping[int, Publisher] = {publisher.number: publisher for publisher in known}
        self._hour = hour

    def find(self, path: str, query: dict[str, str]) -> tuple[str, str, str | None]:
        """Take the publisher off the path; its fault is that of the minute."""
        number, page = _split(path)
        return f"/{number}", page, self._known[number].fault_in(self._hour.minute)

    def note(self, path: str, mode: str | None, status: int, body: bytes | None) -> None:
        """Remember what was sent; threads only ever add."""
        number, page = _split(path)
        sha256 = hashlib.sha256(body).hexdigest() if body is not None and status == 200 else None
        if sha256 is not None and body is not None and mode in (None, "stale"):
            self.witness.held[sha256] = held(page, body)
        self.witness.asked.append(
            Asked(number, page, self._hour.now(), self._hour.minute, mode, int(status), sha256)
        )


def _split(path: str) -> tuple[int, str]:
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError(f"{path}: not the path of a publisher")
    return int(found.group(1)), found.group(2)


def held(page: str, body: bytes) -> frozenset[str]:
    """Return the ids of the records in a body, read by other means than the connectors'."""
    if page.endswith("vehicles.pb"):
        message = gtfs_realtime_pb2.FeedMessage.FromString(body)
        return frozenset(entity.vehicle.vehicle.id for entity in message.entity)
    if page == "/nws/alerts":
        return frozenset(row["properties"]["id"] for row in orjson.loads(body)["features"])
    if page == "/news/rss.xml":
        return frozenset(guid.decode() for guid in _GUID.findall(body))
    if page == "/gbfs/station_information.json":
        return frozenset(row["station_id"] for row in orjson.loads(body)["data"]["stations"])
    return frozenset()
