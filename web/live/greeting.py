"""What a client says, and what comes of it: hello, topics, and the way back to where it was."""

import logging
from collections.abc import Sequence
from time import monotonic
from uuid import UUID

import gevent
from flask import Flask
from flask_jwt_extended import decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from gevent.lock import BoundedSemaphore
from jwt.exceptions import PyJWTError
from sqlalchemy.exc import SQLAlchemyError

from shared.accounts.service import Caller, caller_of
from shared.clock import utcnow
from shared.db import transaction
from shared.stream.position import Cursor, Position, Stored, can_resume, parse_cursor
from shared.stream.read import read_topics, stream_ends
from web.live.groups import frames_for, slices
from web.live.hub import Hub
from web.live.subscriber import MAXIMUM_BACKLOG_BYTES, Subscriber
from web.live.topics import refusal
from web.live.wire import (
    MAXIMUM_TOPICS,
    POLICY,
    PONG,
    TRY_LATER,
    BadMessage,
    ClientMessage,
    error_frame,
    read_message,
    reset_frame,
    welcome_frame,
)

log = logging.getLogger(__name__)

_PAGE = 100
#: How many clients may read the database at once; the others wait their turn.
_READERS = 6
_READY_SECONDS = 5.0
_DRAINED_BYTES = MAXIMUM_BACKLOG_BYTES // 4


class Receptionist:
    """Hears every client's messages; what needs the database is done in a greenlet of its own."""

    def __init__(self, hub: Hub, app: Flask) -> None:
        self._hub, self._app = hub, app
        self._turns = BoundedSemaphore(_READERS)
        hub.fell_behind = self._let_catch_up

    def hear(self, client: Subscriber, text: str) -> None:
        """Do what a client's message asks for."""
        try:
            message = read_message(text)
        except BadMessage as error:
            client.push(error_frame(str(error)))
            return
        if message.type == "ping":
            client.push(PONG)
        elif message.type == "hello":
            self._hello(client, message)
        elif message.type != "pong" and not client.greeted:
            client.close(POLICY, "say hello first")
        elif message.type == "subscribe":
            self._follow(client, client.topics | self._allowed(client, message.topics))
        elif message.type == "unsubscribe":
            self._follow(client, client.topics - set(message.topics))

    def _hello(self, client: Subscriber, message: ClientMessage) -> None:
        if client.greeted:
            client.push(error_frame("you said hello already"))
            return
        client.greeted = client.is_joining = True
        gevent.spawn(self._greet, client, message)

    def _greet(self, client: Subscriber, message: ClientMessage) -> None:
        if not self._hub.ready.wait(_READY_SECONDS):
            client.close(TRY_LATER, "the stream cannot be read now: try again in a moment")
            return
        try:
            if message.token is not None and not self._introduce(client, message.token):
                return
            client.topics = self._allowed(client, message.topics) | client.topics
            self._place(client, message.after)
        except SQLAlchemyError as error:
            log.warning(
                "live: a client could not be greeted", extra={"error": str(error).splitlines()[0][:200]}
            )
            client.close(TRY_LATER, "the stream cannot be read now: try again in a moment")

    def _introduce(self, client: Subscriber, token: str) -> bool:
        """Find out who a client is; with a bad token it stays nobody and may still follow what is public."""
        who = self._caller(token)
        if who is None:
            client.push(error_frame("this token is not valid: you are not signed in here"))
            return True
        if not self._hub.has_room_for(who.user_id):
            client.close(POLICY, "too many connections of yours")
            return False
        client.user_id, client.role, client.session_id = who.user_id, who.role, who.session_id
        return True

    def _caller(self, token: str) -> Caller | None:
        try:
            with self._app.app_context():
                claims = decode_token(token)
            if claims["type"] != "access" or claims["exp"] <= utcnow().timestamp():
                return None
            session_id, user_id = UUID(claims["sid"]), UUID(claims["sub"])
        except (JWTExtendedException, PyJWTError, KeyError, ValueError, TypeError):
            return None
        with self._turns, transaction() as tx:
            return caller_of(tx, session_id, user_id, utcnow())

    def _place(self, client: Subscriber, after: str | None) -> None:
        """Put a client at its place in the stream: where it was, or where the stream is now."""
        hub = self._hub
        if after is None:
            client.push(welcome_frame(hub.epoch, hub.position))
            self._join(client)
            return
        cursor = parse_cursor(after)
        if cursor is not None and (hub.recent_after(cursor) is not None or self._is_kept(cursor)):
            client.push(welcome_frame(cursor.epoch, cursor.position))
            if self._catch_up(client, cursor):
                return
        else:
            client.push(welcome_frame(hub.epoch, hub.position))
        client.push(reset_frame(hub.epoch, hub.position))
        self._join(client)

    def _is_kept(self, cursor: Cursor) -> bool:
        with self._turns, transaction() as tx:
            return can_resume(cursor, stream_ends(tx))

    def _let_catch_up(self, client: Subscriber, cursor: Cursor) -> None:
        """Take a client that has more to read than it takes out of the crowd, and let it read at its own pace."""
        client.is_joining = True
        gevent.spawn(self._resume, client, cursor)

    def _resume(self, client: Subscriber, cursor: Cursor) -> None:
        try:
            if self._catch_up(client, cursor):
                return
            client.push(reset_frame(self._hub.epoch, self._hub.position))
            self._join(client)
        except SQLAlchemyError:
            client.close(TRY_LATER, "the stream cannot be read now: try again in a moment")

    def _catch_up(self, client: Subscriber, cursor: Cursor) -> bool:
        """
        Tell a client what it missed and let it join exactly there; false when that is no longer possible.

        From the moment its place is found to be the hub's until it has joined nothing else can run.
        """
        hub = self._hub
        while not client.is_gone and client.closing_at is None:
            if cursor.epoch != hub.epoch or not self._reached(cursor.position):
                return False
            if cursor.position == hub.position:
                self._join(client)
                return True
            known = hub.recent_after(cursor)
            if known is not None:
                some: Sequence[Stored] = next(slices(known))
                place = some[-1].position
                self._tell(client, some)
            else:
                found = self._tell_page(client, cursor.position, hub.position)
                if found is None:
                    return False
                place = found
            cursor = Cursor(cursor.epoch, place)
            self._drain(client)
        return True

    def _tell(self, client: Subscriber, events: Sequence[Stored]) -> None:
        for data in frames_for(self._hub.epoch, events, client.topics):
            client.push(data)

    def _drain(self, client: Subscriber) -> None:
        """Wait until a client has taken most of what it owes; one that takes nothing is dropped meanwhile."""
        while client.backlog_bytes > _DRAINED_BYTES and not client.is_gone:
            gevent.sleep(0.02)

    def _reached(self, place: Position) -> bool:
        """Wait until our reader has come to a place that another one gave out."""
        deadline = monotonic() + _READY_SECONDS
        while self._hub.position < place and monotonic() < deadline:
            gevent.sleep(0.02)
        return self._hub.position >= place

    def _tell_page(self, client: Subscriber, after: Position, until: Position) -> Position | None:
        """Tell one page out of the database; returns the place behind it, none when some of it was forgotten."""
        with self._turns, transaction() as tx:
            events = read_topics(tx, after, until, client.topics, _PAGE)
            ends = stream_ends(tx)
        if ends.pruned > after or ends.epoch != self._hub.epoch:
            return None
        self._tell(client, events)
        return events[-1].position if len(events) == _PAGE else until

    def _join(self, client: Subscriber) -> None:
        client.is_joining = False
        if not client.is_gone and client.closing_at is None:
            self._hub.groups.add(client)

    def _follow(self, client: Subscriber, topics: frozenset[str]) -> None:
        if len(topics) > MAXIMUM_TOPICS:
            client.push(error_frame(f"at most {MAXIMUM_TOPICS} topics can be followed at once"))
            return
        if client.is_joining:
            client.topics = topics
            return
        self._hub.groups.remove(client)
        client.topics = topics
        self._hub.groups.add(client)

    def _allowed(self, client: Subscriber, topics: tuple[str, ...]) -> frozenset[str]:
        """Return the topics a client may follow, and tell it why not the others."""
        allowed = set()
        for topic in topics:
            why_not = refusal(topic, client.role, client.user_id)
            if why_not is None:
                allowed.add(topic)
            else:
                client.push(error_frame(why_not))
        return frozenset(allowed)
