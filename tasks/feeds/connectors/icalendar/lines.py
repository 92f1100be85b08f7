"""
[p] Find the events of a calendar line by line, so that one broken line costs one property and not the calendar.

Real exports make the common parsers fail as a whole: stray lines, two TZID in one VTIMEZONE, doubled semicolons.
"""

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from tasks.feeds.reading.documents import decoded

_QUOTED: Final = "QUOTED-PRINTABLE"
_OBSERVANCES: Final = ("STANDARD", "DAYLIGHT")
_COMMA: Final = re.compile(r"(?<!\\),")
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
#: Ends of lines before a blank: some programs double them on their way.
_FOLD: Final = re.compile(rb"(?<![\r\n])[\r\n]++[ \t]")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_ESCAPED: Final = re.compile(r"\\([\\;,nN])")


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: its value and its parameters, names in capitals."""

    value: str
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the value with its escapes undone, and those of mail, in which the standard's forerunner wrote."""
        value = self.value
        if self.parameters.get("ENCODING", "").upper() == _QUOTED:
            value = decoded(quopri.decodestring(value.encode())).replace("\r\n", "\n")
        return _ESCAPED.sub(lambda found: "\n" if found.group(1) in "nN" else found.group(1), value).strip()


@dataclass(slots=True)
class Event:
    """The properties of one VEVENT; those that may repeat are all kept. A whole calendar may cancel what it holds."""

    properties: dict[str, list[Property]] = field(default_factory=dict)
    is_cancelled: bool = False

    def first(self, name: str) -> Property | None:
        """Return the first property of a name."""
        found = self.properties.get(name)
        return found[0] if found else None

    def text(self, name: str) -> str | None:
        """Return the text of the first property of a name; empty is nothing."""
        found = self.first(name)
        return (found.text or None) if found else None

    def first_of(self, name: str) -> str | None:
        """Return the first text of a list, whose own commas are escaped."""
        found = self.first(name)
        return Property(_COMMA.split(found.value)[0]).text or None if found else None


@dataclass(slots=True)
class Rules:
    """A zone that a calendar defines: its name, and the lines of each of its observances, by their kind."""

    name: str = ""
    observances: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)


@dataclass(slots=True)
class Calendar:
    """What a payload holds: whether it is a calendar at all, its zone, the zones it defines, and its events."""

    begins: bool = False
    ends: bool = False
    zone: str | None = None
    zones: list[Rules] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)


def read(content: bytes) -> Calendar:
    """
    Read a calendar; events alone are one too. What is not closed ends where the next event or the calendar does.

    Where the calendar itself is cut off, an event without a single property is none.
    """
    calendar, stack, event, cancels = Calendar(), [""], None, False
    for line in _unfolded(content):
        name, found = _split(line)
        if name == "BEGIN":
            stack.append(found.value.strip().upper())
            calendar.begins = calendar.begins or stack[-1] in ("VCALENDAR", "VEVENT")
            if stack[-1] == "VCALENDAR":
                cancels = False
            elif stack[-1] == "VEVENT":
                calendar.events += [event] if event is not None else []
                event = Event(is_cancelled=cancels)
            elif stack[-1] == "VTIMEZONE":
                calendar.zones.append(Rules())
            elif stack[-1] in _OBSERVANCES and calendar.zones:
                calendar.zones[-1].observances.append((stack[-1], []))
        elif name == "END":
            closed = found.value.strip().upper()
            if closed in ("VEVENT", "VCALENDAR") and event is not None:
                calendar.events.append(event)
                event = None
            calendar.ends = calendar.ends or closed == "VCALENDAR"
            if len(stack) > 1:
                stack.pop()
        elif stack[-1] == "VEVENT" and event is not None and name:
            event.properties.setdefault(name, []).append(found)
        elif stack[-1] == "VTIMEZONE" and name == "TZID" and calendar.zones:
            calendar.zones[-1].name = calendar.zones[-1].name or found.text
        elif stack[-1] in _OBSERVANCES and calendar.zones and calendar.zones[-1].observances:
            calendar.zones[-1].observances[-1][1].append((name, found.value))
        elif name == "METHOD":
            cancels = found.value.strip().upper() == "CANCEL"
        elif name == "X-WR-TIMEZONE" and calendar.zone is None:
            calendar.zone = found.value.strip()
    calendar.events += [event] if event is not None else []
    if not calendar.ends:
        calendar.events = [event for event in calendar.events if event.properties]
    return calendar


def _unfolded(content: bytes) -> Iterator[str]:
    """
    Yield the lines of a content whole: a fold may lie within a letter, of which each half alone is none.

    Source: RFC 5545, 3.1
    """
    if content[:2] in _UTF_16:
        content = decoded(content).encode()
    held: list[str] = []
    for line in _LINE_END.split(decoded(_FOLD.sub(b"", content))):
        # What is quoted as in mail goes on behind a line that ends so.
        if line.endswith("=") and (held or _QUOTED in line.partition(":")[0].upper()):
            held.append(line[:-1])
        elif whole := "".join([*held, line]):
            held.clear()
            yield whole
    if held:
        yield "".join(held)


def _split(line: str) -> tuple[str, Property]:
    """Take a line apart at the first colon outside quotes; a line without one has no name."""
    quoted, at = False, -1
    for place, character in enumerate(line):
        quoted = quoted != (character == '"')
        if character == ":" and not quoted:
            at = place
            break
    if at < 0:
        return "", Property("")
    name, *parameters = line[:at].split(";")
    pairs = (parameter.partition("=") for parameter in parameters if parameter)
    return name.strip().upper(), Property(
        line[at + 1 :], {key.strip().upper(): value.strip().strip('"') for key, _, value in pairs}
    )
