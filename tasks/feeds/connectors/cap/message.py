"""[p] One CAP message: its envelope, its references and its languages."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.reading.alert_chains import Message
from tasks.feeds.reading.documents import child_text, children
from tasks.feeds.reading.times import LocalTimes

#: What a triple ends with: senders in the wild have spaces, which the standard keeps for the gap between triples.
_TIME: Final = re.compile(r",\s*(\d{4}-\d\d-\d\dT[^\s,]+)", re.ASCII)
_PUBLIC: Final = frozenset(("Public", ""))
SHOWN: Final = frozenset(("Alert", "Update", "Cancel"))


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands above the infos; `id` is sender, identifier and sent, which together are the identity."""

    id: str
    sent: datetime | None
    status: str
    kind: str
    scope: str
    references: dict[str, datetime | None]
    infos: list[etree._Element]

    @property
    def is_meant(self) -> bool:
        """Tell whether it is real and for the public: what is an exercise, or for others, replaces nothing."""
        return self.status == "Actual" and self.scope in _PUBLIC

    @property
    def link(self) -> Message:
        """Return the message as a link of its chain."""
        return Message(self.id, self.sent, self.references, replaces=self.kind in ("Update", "Cancel"))


def envelope(alert: etree._Element, times: LocalTimes) -> Envelope:
    """Read a message's envelope; what it lacks is empty, for `refuse` to judge."""
    sender, identifier = child_text(alert, "sender") or "", child_text(alert, "identifier") or ""
    sent = child_text(alert, "sent") or ""
    return Envelope(
        id=key(sender, identifier, sent, times),
        sent=_lenient(sent, times),
        status=_word(alert, "status"),
        kind=_word(alert, "msgType") or "Alert",
        scope=_word(alert, "scope"),
        references=_references(child_text(alert, "references") or "", times),
        infos=children(alert, "info"),
    )


def _word(alert: etree._Element, name: str) -> str:
    """Return a word of the standard's lists; a warning is none the less real for being written `actual`."""
    return (child_text(alert, name) or "").capitalize()


def key(sender: str, identifier: str, sent: str, times: LocalTimes) -> str:
    """Write a message's identity, its time in UTC so that offsets do not matter."""
    moment = _lenient(sent, times)
    return f"{sender},{identifier},{moment.isoformat().replace('+00:00', 'Z') if moment else sent}"


def _lenient(text: str, times: LocalTimes) -> datetime | None:
    try:
        return times.parse(text)
    except Rejection:
        return None


def _references(text: str, times: LocalTimes) -> dict[str, datetime | None]:
    found: dict[str, datetime | None] = {}
    ended = 0
    for ending in _TIME.finditer(text):
        sender, comma, identifier = text[ended : ending.start()].partition(",")
        ended, sent = ending.end(), ending.group(1)
        if comma and identifier:
            found[key(sender.strip(), identifier.strip(), sent, times)] = _lenient(sent, times)
    return found


def refuse(message: Envelope) -> None:
    """
    Refuse what is not for the public.

    Raises: Rejection.
    """
    if not message.id.strip(","):
        raise Rejection("no_identity", "the message has neither sender nor identifier")
    if message.sent is None:
        raise Rejection("bad_time", "the message does not tell when it was sent")
    if message.status != "Actual":
        raise Rejection("not_actual", f"the message's status is {message.status or 'empty'}")
    if message.kind not in SHOWN:
        raise Rejection("not_shown", f"the message's type is {message.kind}")
    if message.scope not in _PUBLIC:
        raise Rejection("not_public", f"the message's scope is {message.scope}")
