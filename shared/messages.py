"""
[p] Messages ask for work. One message, one handler, one name.

The name given to `@message` is the Celery task name, the module under `tasks`, the name in Flower and
`jobs.kind`. Queue and retries live here and not on the handler, because the sender writes the row.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

from shared.errors import Permanent

MAX_ARGS_BYTES = 65_536


class Queue(StrEnum):
    """The queue classes; each has a group of worker processes of its own."""

    CRITICAL = "critical"
    EMAIL = "email"
    FEEDS = "feeds"
    UPLOADS = "uploads"
    BULK = "bulk"


class UnknownMessage(Permanent):
    """Say that no message bears this name in this release."""


@dataclass(frozen=True, slots=True)
class Route:
    """How a message travels: name, queue, attempts, whether its steps are told to browsers, and its fields."""

    name: str
    queue: Queue
    max_attempts: int
    priority: int
    batch: int
    quiet: bool
    fields: tuple[str, ...]
    #: Those whose values must be encrypted.
    secrets: frozenset[str]


class Message:
    """Stand above every message; fields are JSON values only (ids travel, never objects)."""

    route: ClassVar[Route]

    def to_args(self) -> dict[str, Any]:
        """Give the JSON arguments stored in `jobs.args`."""
        return {name: getattr(self, name) for name in self.route.fields}

    @classmethod
    def from_args(cls, args: dict[str, Any]) -> Self:
        """
        Build the message from stored arguments.

        Unknown arguments are dropped and missing ones take their defaults, so that a row written by
        the release before or after this one still runs.
        Raises: Permanent when a field without default is missing.
        """
        known = cls.route.fields
        try:
            return cls(**{name: value for name, value in args.items() if name in known})
        except TypeError as error:
            raise Permanent(f"message {cls.route.name}: {error}") from error


_registry: dict[str, type[Message]] = {}
M = TypeVar("M", bound=Message)


def secret(default: str = "") -> Any:
    """Mark a field whose value is encrypted in the row and never shown."""
    return field(default=default, repr=False, metadata={"secret": True})


@dataclass_transform(frozen_default=True, field_specifiers=(field, secret))
def message(
    name: str,
    queue: Queue,
    *,
    max_attempts: int = 8,
    priority: int = 5,
    batch: int = 1,
    quiet: bool = False,
) -> Callable[[type[M]], type[M]]:
    """
    Register a message under `name` (`noun.verb`).

    `priority` 0 is served first, 9 last. `batch` > 1 lets one claim take that many light jobs of this
    kind. `quiet` kinds tell browsers nothing about their steps.
    """

    def register(cls: type[M]) -> type[M]:
        made = dataclass(frozen=True, slots=False)(cls)
        found = fields(made)  # type: ignore[arg-type]  # it has just become a dataclass
        made.route = Route(
            name,
            queue,
            max_attempts,
            priority,
            batch,
            quiet,
            tuple(each.name for each in found),
            frozenset(each.name for each in found if each.metadata.get("secret")),
        )
        if name in _registry:
            raise ValueError(f"two messages are named {name}")
        _registry[name] = made
        return made

    return register


def message_named(name: str) -> type[Message]:
    """
    Return the message class of a kind.

    Raises: UnknownMessage when this release does not know it.
    """
    try:
        return _registry[name]
    except KeyError:
        raise UnknownMessage(f"no message is named {name!r} in this release") from None


def all_messages() -> dict[str, type[Message]]:
    """Return every registered message by name."""
    return dict(_registry)


@message("feeds.run", Queue.FEEDS, max_attempts=3, quiet=True)
class RunFeed(Message):
    """Fetch one feed now and store what changed."""

    feed_id: str
    reason: str = "schedule"


@message("feeds.reprocess", Queue.BULK, max_attempts=3)
class ReprocessFeed(Message):
    """Parse archived payloads of a feed again; `dry_run` only reports the difference."""

    feed_id: str
    since: str
    until: str
    dry_run: bool = True
    reason: str = ""


@message("feeds.delete", Queue.BULK, max_attempts=3)
class DeleteFeed(Message):
    """Remove a feed and all it gave."""

    feed_id: str


@message("feeds.preview", Queue.FEEDS, max_attempts=1)
class PreviewFeed(Message):
    """Fetch and parse what a feed would, once, to be shown before it is saved."""

    city: str
    kind: str
    url: str
    options: dict[str, Any] = field(default_factory=dict)


@message("feeds.judge", Queue.CRITICAL, max_attempts=1, quiet=True)
class JudgeFeeds(Message):
    """Judge every feed's freshness and tell browsers which changed."""


@message("feeds.tidy", Queue.BULK, max_attempts=3, quiet=True)
class TidyFeeds(Message):
    """Drop what the retention rules no longer keep: payloads, runs, observations."""


@message("uploads.clean", Queue.UPLOADS, max_attempts=8)
class CleanUpload(Message):
    """Check, clean and resize one uploaded photo."""

    upload_id: str


@message("reports.triage", Queue.CRITICAL, max_attempts=5)
class TriageReport(Message):
    """Place a report in its area, look for duplicates and publish it."""

    report_id: str


@message("reports.notify", Queue.CRITICAL, max_attempts=5, quiet=True)
class NotifyReporter(Message):
    """Prepare the mail that tells a reporter of a change of status."""

    report_id: str
    update_id: str


@message("email.deliver", Queue.EMAIL, max_attempts=8)
class DeliverEmail(Message):
    """Send one prepared email."""

    delivery_id: str


@message("accounts.export", Queue.BULK, max_attempts=5)
class ExportAccount(Message):
    """Make the copy of everything we hold about a person."""

    export_id: str


@message("accounts.erase", Queue.BULK, max_attempts=3, quiet=True)
class EraseAccounts(Message):
    """End the accounts whose days of grace are over."""


@message("jobs.heartbeat", Queue.CRITICAL, max_attempts=1, priority=0, quiet=True)
class Heartbeat(Message):
    """Prove that a queue is served from end to end."""

    queue: str


@message("jobs.prune", Queue.BULK, max_attempts=1, quiet=True)
class PruneJobs(Message):
    """Remove ended jobs and old events in small batches."""


@message("jobs.forget", Queue.BULK, max_attempts=3, quiet=True)
class ForgetOld(Message):
    """Remove what the table of retention no longer keeps, and files that no row names."""


@message("jobs.noop", Queue.BULK, max_attempts=3, batch=128, quiet=True)
class Noop(Message):
    """Do nothing, durably: what the benchmarks and the fault tests count."""

    number: int = 0
