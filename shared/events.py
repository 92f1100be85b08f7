"""[p] Events tell browsers what happened; each is published on topics such as `city:london`."""

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Event:
    """Stand above every event; the class name is the name on the wire."""

    @property
    def name(self) -> str:
        """Return the name browsers know this event by."""
        return type(self).__name__

    def data(self) -> dict[str, Any]:
        """Give the JSON body."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


@dataclass(frozen=True)
class FeaturesChanged(Event):
    """Features of a feed are new, changed or withdrawn; `items` holds at most 50 of them."""

    feed_id: str
    city: str
    kind: str
    changed: int
    items: list[dict[str, Any]] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class VehiclesMoved(Event):
    """Vehicles have new positions; `gone` are the ids of those that are no longer listed."""

    feed_id: str
    city: str
    items: list[dict[str, Any]]
    gone: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ObservationsAdded(Event):
    """Datastreams have new latest results."""

    feed_id: str
    city: str
    items: list[dict[str, Any]]


@dataclass(frozen=True)
class FeedRan(Event):
    """A feed run ended; `state` is succeeded, unchanged or failed."""

    feed_id: str
    city: str
    name_of_feed: str
    state: str
    freshness: str
    new: int
    changed: int
    rejected: int
    fetched_at: str | None

    def data(self) -> dict[str, Any]:
        """Give the JSON body, in which the feed's name is `name`: here that is the event's own."""
        body = super().data()
        return {"name": body.pop("name_of_feed"), **body}


@dataclass(frozen=True)
class FeedRemoved(Event):
    """A feed was deleted, and all it gave with it."""

    feed_id: str
    city: str


@dataclass(frozen=True)
class FreshnessChanged(Event):
    """A feed became fresh, late, stale or dead."""

    feed_id: str
    city: str
    freshness: str


@dataclass(frozen=True)
class ReportChanged(Event):
    """A report took a step or changed status; `report` is its public form."""

    report_id: str
    city: str
    report: dict[str, Any]


@dataclass(frozen=True)
class JobChanged(Event):
    """A job changed state or made progress."""

    job_id: str
    kind: str
    queue: str
    state: str
    progress: int
    attempt: int
    detail: str | None = None


@dataclass(frozen=True)
class DeliveryChanged(Event):
    """An email's delivery changed state."""

    delivery_id: str
    state: str
