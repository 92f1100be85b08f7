"""[p] One CAP message: its envelope, its references and its languages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from shared.errors import Rejection
from tasks.feeds.reading.alert_chains import Message
from tasks.feeds.reading.documents import child_text, children
from tasks.feeds.reading.times import LocalTimes

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
        status=child_text(alert, "status") or "",
        kind=child_text(alert, "msgType") or "Alert",
        scope=child_text(alert, "scope") or "",
        references=_references(child_text(alert, "references") or "", times),
        infos=children(alert, "info"),
    )


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
    for triple in text.split():
        sender, _, rest = triple.partition(",")
        identifier, _, sent = rest.rpartition(",")
        if identifier:
            found[key(sender, identifier, sent, times)] = _lenient(sent, times)
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
    if message.scope not in ("Public", ""):
        raise Rejection("not_public", f"the message's scope is {message.scope}")
