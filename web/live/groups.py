"""
Who follows what, arranged for telling many.

Clients with the same topics stand in one group: an event is matched once a group and not once a client, and
what a burst holds for a group is joined once and sent to each with one call.
"""

from collections.abc import Iterable, Iterator, Sequence

from shared.stream.position import Stored
from web.live.subscriber import Subscriber
from web.live.wire import event_frame

_JOINED_BYTES = 256 * 1024
_SLICE_BYTES = 512 * 1024


class Group:
    """Clients that follow exactly the same topics."""

    __slots__ = ("members", "topics")

    def __init__(self, topics: frozenset[str]) -> None:
        self.topics = topics
        self.members: set[Subscriber] = set()


class Groups:
    """All groups, found by their topics."""

    def __init__(self) -> None:
        self._groups: dict[frozenset[str], Group] = {}
        self._by_topic: dict[str, set[Group]] = {}

    def add(self, client: Subscriber) -> None:
        """Let a client hear its topics from now on."""
        if not client.topics:
            return
        group = self._groups.get(client.topics)
        if group is None:
            group = self._groups[client.topics] = Group(client.topics)
            for topic in group.topics:
                self._by_topic.setdefault(topic, set()).add(group)
        group.members.add(client)

    def remove(self, client: Subscriber) -> None:
        """Let a client hear nothing more."""
        group = self._groups.get(client.topics)
        if group is None:
            return
        group.members.discard(client)
        if not group.members:
            del self._groups[client.topics]
            for topic in group.topics:
                self._by_topic[topic].discard(group)
                if not self._by_topic[topic]:
                    del self._by_topic[topic]

    def laggards(self, most_bytes: int) -> list[Subscriber]:
        """Return the clients that owe more than so much."""
        return [
            client
            for group in self._groups.values()
            for client in group.members
            if client.backlog_bytes > most_bytes
        ]

    def deliveries(self, epoch: int, events: Iterable[Stored]) -> list[tuple[bytes, tuple[Subscriber, ...]]]:
        """
        Return bytes and who gets them, in order for each client.

        The receivers are those of this moment: who joins while the bytes go out has them from elsewhere.
        """
        framed: dict[tuple[str, int], bytes] = {}
        pending: dict[Group, list[bytes]] = {}
        for event in events:
            for group in {group for topic in event.topics for group in self._by_topic.get(topic, ())}:
                topic = next(topic for topic in event.topics if topic in group.topics)
                key = (topic, event.position.id)
                if key not in framed:
                    framed[key] = event_frame(epoch, event, topic)
                pending.setdefault(group, []).append(framed[key])
        return [
            (data, members)
            for group, frames in pending.items()
            for members in (tuple(group.members),)
            for data in joined(frames)
        ]


def slices(events: Sequence[Stored]) -> Iterator[Sequence[Stored]]:
    """Yield events in slices that are not much for one client to take at once, in order."""
    begin = size = 0
    for place, event in enumerate(events):
        size += len(event.data)
        if size >= _SLICE_BYTES:
            yield events[begin : place + 1]
            begin, size = place + 1, 0
    if begin < len(events):
        yield events[begin:]


def frames_for(epoch: int, events: Iterable[Stored], topics: frozenset[str]) -> list[bytes]:
    """Return the events of some topics as joined frames, each event once."""
    chosen = (
        event_frame(epoch, event, topic)
        for event in events
        if (topic := next((each for each in event.topics if each in topics), None)) is not None
    )
    return list(joined(chosen))


def joined(frames: Iterable[bytes]) -> Iterator[bytes]:
    """Yield frames joined to pieces of a good size to send."""
    held: list[bytes] = []
    size = 0
    for each in frames:
        held.append(each)
        size += len(each)
        if size >= _JOINED_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
