"""Say to browsers what happened, as part of the transaction that made it happen."""

from collections.abc import Iterable

from sqlalchemy import insert

from shared.db import Transaction, notify
from shared.events import Event
from shared.stream.models import StreamEvent

CHANNEL = "citypulse_stream"


def publish(tx: Transaction, event: Event, *, to: str | Iterable[str]) -> None:
    """
    Publish `event` on one topic or several when, and only when, this transaction commits.

    A subscriber of several of the topics receives it once.
    """
    topics = [to] if isinstance(to, str) else list(dict.fromkeys(to))
    tx.execute(insert(StreamEvent).values(topics=topics, name=event.name, data=event.data()))
    notify(tx, CHANNEL)
