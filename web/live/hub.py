"""
The middle of the live server: what the stream says goes out, who comes in is given its place.

One greenlet reads the stream and one looks after the clients; between two events of the loop a client is
either behind the place that was read last, and catching up, or exactly at it, and told at once.
"""

import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from time import monotonic
from uuid import UUID

import gevent
from gevent.event import Event

from shared.accounts.rules import Role
from shared.settings import Settings
from shared.stream.position import START, Cursor, Stored, StreamEnds
from web.live.groups import Groups, slices
from web.live.subscriber import MAXIMUM_BACKLOG_BYTES, Subscriber
from web.live.wire import GOING_AWAY, PINGS, POLICY, RESTARTING, TRY_LATER, reset_frame

log = logging.getLogger(__name__)

PING_SECONDS = 20.0
#: A client that answers neither ping for this long is not there any more.
SILENCE_SECONDS = 65.0
HELLO_SECONDS = 10.0
#: Events kept in memory: who was away for a moment is served without asking the database.
RECENT_EVENTS = 4096
RECENT_BYTES = 16 << 20
#: After so many sends in a row the others get their turn.
_TURN = 256
_FLUSH_SECONDS = 2.0


class Hub:
    """Everybody who is connected to this process, and how far the stream was read for them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.groups = Groups()
        self.clients: set[Subscriber] = set()
        self.epoch = 0
        self.position = START
        self.ready = Event()
        self.is_stopping = False
        self._per_address: Counter[str] = Counter()
        self._recent: deque[Stored] = deque()
        self._recent_bytes = 0
        self._recent_from = START
        self._pinged_at = monotonic()
        #: What to do with a client that takes less than there is; set by the receptionist.
        self.fell_behind: Callable[[Subscriber, Cursor], None] = lambda client, _cursor: client.drop()

    def admit(self, client: Subscriber) -> bool:
        """Take a client in, or close it with the reason why not."""
        limits = self._settings
        if self.is_stopping:
            client.close(RESTARTING, "this server is restarting")
        elif len(self.clients) >= limits.live_max_sockets:
            client.close(TRY_LATER, "this server is full: try again in a minute")
        elif self._per_address[client.address] >= limits.live_max_sockets_per_address:
            client.close(POLICY, "too many connections from your address")
        else:
            self.clients.add(client)
            self._per_address[client.address] += 1
            return True
        return False

    def forget(self, client: Subscriber) -> None:
        """Let go of a client that is closing or gone."""
        self.groups.remove(client)
        if client in self.clients:
            self.clients.discard(client)
            self._per_address[client.address] -= 1
            if not self._per_address[client.address]:
                del self._per_address[client.address]

    def has_room_for(self, user_id: UUID) -> bool:
        """Tell whether a person may have one more socket here."""
        held = sum(1 for client in self.clients if client.user_id == user_id)
        return held < self._settings.live_max_sockets_per_user

    def begin(self, ends: StreamEnds) -> None:
        """Start where the stream ends now; after another epoch everybody must read afresh."""
        is_first = not self.ready.is_set()
        if not is_first and self.epoch == ends.epoch and self.position >= ends.pruned:
            return
        self.epoch, self.position = ends.epoch, ends.newest
        self._recent.clear()
        self._recent_bytes, self._recent_from = 0, ends.newest
        self.ready.set()
        if not is_first:
            for client in tuple(self.clients):
                client.push(reset_frame(self.epoch, self.position))

    def deliver(self, events: Sequence[Stored]) -> None:
        """Tell everybody what happened; a client that cannot take it now keeps nobody waiting."""
        for some in slices(events):
            self._deliver(some)

    def _deliver(self, events: Sequence[Stored]) -> None:
        for client in self.groups.laggards(MAXIMUM_BACKLOG_BYTES):
            # It has everything up to here and reads on from here by itself, as fast as it can take it.
            self.groups.remove(client)
            self.fell_behind(client, Cursor(self.epoch, self.position))
        deliveries = self.groups.deliveries(self.epoch, events)
        # From here on the place is the new one: who joins below, between two turns, has these events already.
        self.position = events[-1].position
        self._remember(events)
        sends = 0
        for data, members in deliveries:
            for client in members:
                client.push(data)
                sends += 1
                if sends % _TURN == 0:
                    gevent.sleep(0)

    def recent_after(self, cursor: Cursor) -> list[Stored] | None:
        """Return every event after a cursor, or none when memory does not reach that far back or forward."""
        place = cursor.position
        if cursor.epoch != self.epoch or not self._recent_from <= place <= self.position:
            return None
        return [event for event in self._recent if event.position > place]

    def held_sessions(self) -> dict[UUID, Role]:
        """Return the sessions of those who are connected."""
        return {c.session_id: c.role for c in self.clients if c.session_id is not None and c.role is not None}

    def end_sessions(self, ended: set[UUID]) -> None:
        """Put out those whose session has ended."""
        for client in tuple(self.clients):
            if client.session_id in ended:
                client.close(POLICY, "this session has ended")

    def tend(self, lingering: set[Subscriber]) -> None:
        """Look after everybody once: pings, who never said hello, who fell silent, who reads nothing."""
        now = monotonic()
        if must_ping := now - self._pinged_at >= PING_SECONDS:
            self._pinged_at = now
        for client in (*self.clients, *lingering):
            if client.is_overdue(now):
                client.drop()
            elif client.closing_at is None:
                self._tend_one(client, now, must_ping=must_ping)

    def _tend_one(self, client: Subscriber, now: float, *, must_ping: bool) -> None:
        if not client.greeted and now - client.opened_at > HELLO_SECONDS:
            client.close(POLICY, "say hello first")
        elif now - client.heard_at > SILENCE_SECONDS:
            client.close(GOING_AWAY, "nothing was heard from you")
        elif must_ping:
            client.push(PINGS)

    def stop(self) -> None:
        """Send everybody elsewhere, and wait a moment until they know."""
        self.is_stopping = True
        leaving = tuple(self.clients)
        for client in leaving:
            client.close(RESTARTING, "this server is restarting: connect again")
        deadline = monotonic() + _FLUSH_SECONDS
        while monotonic() < deadline and any(
            client.backlog_bytes and not client.is_gone for client in leaving
        ):
            gevent.sleep(0.05)
        for client in leaving:
            client.drop()
        log.info("live: stopped", extra={"clients": len(leaving)})

    def _remember(self, events: Sequence[Stored]) -> None:
        self._recent.extend(events)
        self._recent_bytes += sum(len(event.data) for event in events)
        while len(self._recent) > RECENT_EVENTS or self._recent_bytes > RECENT_BYTES:
            oldest = self._recent.popleft()
            self._recent_bytes -= len(oldest.data)
            self._recent_from = oldest.position
