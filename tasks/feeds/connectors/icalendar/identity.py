"""[p] Which event each VEVENT of a calendar is: by its UID, by the occurrence it replaces, else by what it says."""

import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from tasks.feeds.connectors.icalendar.lines import Event
from tasks.feeds.connectors.icalendar.series import is_series


@dataclass(frozen=True, slots=True)
class Known:
    """
    An event with what names it; `key` is its UID and the occurrence it replaces.

    By `version` the newest of several events of one key is found: SEQUENCE, then when it was changed. What they say
    settles the rest, so that any order of the calendar ends the same.
    """

    event: Event
    key: str
    uid: str
    record: str
    version: tuple[int, str, str]


def identified(events: Sequence[Event], name: str) -> list[Known]:
    """Return the events of a calendar, in its order, with what names them; `name` is the payload's."""
    known = [_identified(event, f"{name}#{number}") for number, event in enumerate(events)]
    apart = _apart(known)
    return [replace(one, key=f"{one.uid}/{_begins(one)}") if one.key in apart else one for one in known]


def _identified(event: Event, record: str) -> Known:
    uid = event.text("UID")
    if uid is None:
        told = [event.text(name) for name in ("DTSTART", "SUMMARY", "DTEND", "LOCATION")]
        uid = hashlib.sha256(repr(told).encode()).hexdigest()[:32]
    replaced = event.first("RECURRENCE-ID")
    key = f"{uid}/{replaced.value.strip()}" if replaced else uid
    return Known(event, key, uid, record, _version(event))


def _apart(known: Sequence[Known]) -> Set[str]:
    """
    Return the UIDs whose events are no versions of each other, but occurrences of a series that nobody tells.

    Programs that write out a series give them all its UID: as old as each other, they begin at other times.
    """
    by_uid: dict[str, list[Known]] = {}
    for one in known:
        if one.key == one.uid:
            by_uid.setdefault(one.uid, []).append(one)
    return {
        uid
        for uid, of_one in by_uid.items()
        if len({_begins(one) for one in of_one}) > 1
        and len({one.version[:2] for one in of_one}) == 1
        and not any(is_series(one.event) for one in of_one)
    }


def _begins(one: Known) -> str:
    begins = one.event.first("DTSTART")
    return begins.value.strip() if begins else ""


def _version(event: Event) -> tuple[int, str, str]:
    told = event.text("SEQUENCE") or "0"
    changed = event.text("LAST-MODIFIED") or event.text("DTSTAMP") or ""
    said = repr(sorted((name, [one.value for one in found]) for name, found in event.properties.items()))
    return int(told[:9]) if told[:9].isascii() and told[:9].isdigit() else 0, changed, said
