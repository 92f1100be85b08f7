"""
[p] Which messages speak of the same alert: an Update names the messages it replaces, so that they form a chain.

A chain is known by its first message, as far back as anybody remembers; so an update changes the one card there is.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

#: How many messages a feed's cursor remembers the chain of.
_REMEMBERED: Final = 2000
_EARLIER: Final = datetime.min.replace(tzinfo=UTC)
_UNKNOWN: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its id, when it was sent, and the ids (with their times) that it refers to."""

    id: str
    sent: datetime | None = None
    references: Mapping[str, datetime | None] = field(default_factory=dict)
    #: An Alert, or the acknowledgement of several, that refers to others replaces none of them, and joins none.
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Chains:
    """The chain of each message, and the messages that a later one has replaced."""

    roots: Mapping[str, str]
    superseded: frozenset[str]

    def root(self, message_id: str) -> str:
        """Return the name of a message's chain."""
        return self.roots.get(message_id, message_id)


def link(messages: Sequence[Message], remembered: Mapping[str, Any] | None = None) -> Chains:
    """
    Join messages and what they refer to; `remembered` is what `to_remember` gave after an earlier run.

    Returns the same for the same messages in any order.
    """
    before = {key: value for key, value in (remembered or {}).items() if isinstance(value, str)}
    roots = frozenset(before.values())
    groups: dict[str, str] = {}
    sent: dict[str, datetime] = {}
    for message in messages:
        # What is replaced came before, even when nobody says when.
        replaced = message.references if message.replaces else {}
        referred = ((name, moment or _EARLIER) for name, moment in replaced.items())
        for name, moment in ((message.id, message.sent or _UNKNOWN), *referred):
            sent[name] = min(moment, sent.get(name, _UNKNOWN))
            _join(groups, message.id, name)
            if name in before:
                _join(groups, name, before[name])
    first: dict[str, str] = {}
    for name in groups:
        group = _top(groups, name)
        first[group] = min(first.get(group, name), name, key=lambda one: _age(one, roots, sent))
    return Chains(
        roots={name: first[_top(groups, name)] for name in groups},
        superseded=frozenset(name for message in messages if message.replaces for name in message.references),
    )


def _age(name: str, roots: Set[str], sent: Mapping[str, datetime]) -> tuple[bool, datetime, str]:
    """Sort chains' names of earlier runs first, then by time; the name settles the rest."""
    return name not in roots, sent.get(name, _UNKNOWN), name


def _top(groups: dict[str, str], name: str) -> str:
    groups.setdefault(name, name)
    while groups[name] != name:
        groups[name] = groups[groups[name]]
        name = groups[name]
    return name


def _join(groups: dict[str, str], one: str, other: str) -> None:
    top, under = sorted((_top(groups, one), _top(groups, other)))
    groups[under] = top


def to_remember(chains: Chains, remembered: Mapping[str, Any] | None, seen: Iterable[str]) -> dict[str, str]:
    """Return what the next run must know: the chains of the messages seen now, and of the last ones before."""
    kept = {key: value for key, value in (remembered or {}).items() if isinstance(value, str)}
    for name in seen:
        kept.pop(name, None)
        kept[name] = chains.root(name)
    return dict(list(kept.items())[-_REMEMBERED:])
