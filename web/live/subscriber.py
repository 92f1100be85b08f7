"""
One client's socket: read by a watcher, written without ever waiting.

No greenlet belongs to a socket, so an idle one costs a few kilobytes. What a client does not take at once
waits in its own bounded queue; who takes nothing for a while is put out.
(`simple_websocket` would send with one blocking call and ignore what was left over.)
"""

import socket as sockets
import struct
from _socket import socket as RawSocket  # noqa: N812 - the plain class, which gevent leaves alone
from collections import deque
from collections.abc import Callable
from time import monotonic
from uuid import UUID

from gevent import get_hub
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from shared.accounts.rules import Role
from web.live.wire import MAXIMUM_MESSAGE_BYTES, POLICY, PROTOCOL_ERROR, TOO_BIG, close_frame

#: What a client may owe us before it is told no more news for now.
MAXIMUM_BACKLOG_BYTES = 1 << 20
#: What nobody may ever owe us.
_LIMIT_BYTES = 8 * MAXIMUM_BACKLOG_BYTES
#: How long a client with something to read may read nothing.
STALL_SECONDS = 8.0
#: How long a close may take to be answered.
CLOSE_SECONDS = 2.0
#: What a client may say at once, and each second from then on.
_BURST, _RATE = 60.0, 20.0
_RECEIVE_BYTES = 4096
_READ, _WRITE = 1, 2
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Subscriber:
    """A client: its socket, its topics, who it is, and what it still has to take."""

    __slots__ = (
        "_allowance",
        "_backlog",
        "_heard",
        "_on_gone",
        "_parts",
        "_protocol",
        "_read",
        "_size",
        "_sock",
        "_spent_at",
        "_write",
        "address",
        "backlog_bytes",
        "closing_at",
        "greeted",
        "heard_at",
        "is_gone",
        "is_joining",
        "opened_at",
        "role",
        "session_id",
        "stalled_since",
        "topics",
        "user_id",
    )

    def __init__(
        self,
        fileno: int,
        address: str,
        heard: "Callable[[Subscriber, str], None]",
        on_gone: "Callable[[Subscriber], None]",
    ) -> None:
        """Take over an upgraded connection; `fileno` is ours from now on."""
        now = monotonic()
        self._sock = RawSocket(fileno=fileno)
        self._sock.setblocking(False)
        self._sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        self._protocol: Connection | None = Connection(ConnectionType.SERVER)
        self._parts: list[str] = []
        self._size = 0
        self._backlog: deque[memoryview] = deque()
        self._heard, self._on_gone = heard, on_gone
        self._allowance, self._spent_at = _BURST, now
        self.address = address
        self.backlog_bytes = 0
        self.closing_at: float | None = None
        self.stalled_since: float | None = None
        self.opened_at = self.heard_at = now
        self.greeted = self.is_joining = self.is_gone = False
        self.topics: frozenset[str] = frozenset()
        self.session_id: UUID | None = None
        self.user_id: UUID | None = None
        self.role: Role | None = None
        loop = get_hub().loop
        self._read = loop.io(fileno, _READ)
        self._write = loop.io(fileno, _WRITE)
        self._read.start(self._receive)

    def push(self, data: bytes) -> None:
        """Send as much as the client takes now and keep the rest; the frames stay whole and in order."""
        if self.is_gone or self.closing_at is not None:
            return
        self._send(data)
        if self.backlog_bytes > _LIMIT_BYTES:
            self.drop()

    def close(self, code: int, reason: str) -> None:
        """Say why and end; the client has a moment to hear it."""
        if self.is_gone or self.closing_at is not None:
            return
        self._send(close_frame(code, reason))
        self.closing_at = monotonic()
        self._on_gone(self)

    def drop(self) -> None:
        """End at once and forget what was not sent."""
        if self.is_gone:
            return
        self.is_gone = True
        for watcher in (self._read, self._write):
            watcher.stop()
            watcher.close()
        if self._backlog:
            # Nobody will read it: have the kernel forget it too.
            self._sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, _RESET_ON_CLOSE)
        self._backlog.clear()
        self._sock.close()
        self._protocol = None
        self._on_gone(self)

    def is_overdue(self, now: float) -> bool:
        """Tell whether the client has read nothing for too long, or left a close unanswered."""
        if self.closing_at is not None and now - self.closing_at > CLOSE_SECONDS:
            return True
        return self.stalled_since is not None and now - self.stalled_since > STALL_SECONDS

    def _send(self, data: bytes) -> None:
        rest = memoryview(data)
        if not self._backlog:
            try:
                rest = rest[self._sock.send(data) :]
            except BlockingIOError:
                pass
            except OSError:
                self.drop()
                return
            if not rest:
                return
            self.stalled_since = monotonic()
            self._write.start(self._flush)
        self._backlog.append(rest)
        self.backlog_bytes += len(rest)

    def _flush(self) -> None:
        """Send what waits, as far as the client takes it."""
        try:
            while self._backlog:
                sent = self._sock.send(self._backlog[0])
                self.backlog_bytes -= sent
                self.stalled_since = monotonic()
                if sent < len(self._backlog[0]):
                    self._backlog[0] = self._backlog[0][sent:]
                    return
                self._backlog.popleft()
        except BlockingIOError:
            return
        except OSError:
            self.drop()
            return
        self.stalled_since = None
        self._write.stop()

    def _receive(self) -> None:
        """Take what the client sent; called by the loop whenever there is something."""
        try:
            data = self._sock.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data or self._protocol is None:
            self.drop()
            return
        self.heard_at = monotonic()
        try:
            self._protocol.receive_data(data)
            self._take_events(self._protocol)
        except (RemoteProtocolError, LocalProtocolError, UnicodeDecodeError):
            self.close(PROTOCOL_ERROR, "this is no WebSocket message")

    def _take_events(self, protocol: Connection) -> None:
        for event in protocol.events():
            if self.is_gone:
                return
            if self.closing_at is not None and not isinstance(event, CloseConnection):
                continue
            if self.closing_at is None and not self._spend():
                self.close(POLICY, "too many messages: at most 20 a second")
                continue
            if isinstance(event, Ping):
                self.push(protocol.send(event.response()))
            elif isinstance(event, CloseConnection):
                self._answer_close(protocol, event)
                return
            elif isinstance(event, BytesMessage):
                self.close(PROTOCOL_ERROR, "messages are text")
            elif isinstance(event, TextMessage):
                self._take_text(event)

    def _take_text(self, event: TextMessage) -> None:
        self._size += len(event.data)
        if self._size > MAXIMUM_MESSAGE_BYTES:
            self.close(TOO_BIG, f"a message has at most {MAXIMUM_MESSAGE_BYTES} bytes")
            return
        self._parts.append(event.data)
        if event.message_finished:
            text, self._parts, self._size = "".join(self._parts), [], 0
            self._heard(self, text)

    def _answer_close(self, protocol: Connection, event: CloseConnection) -> None:
        if protocol.state is ConnectionState.REMOTE_CLOSING and self.closing_at is None:
            self._send(protocol.send(event.response()))
        self.drop()

    def _spend(self) -> bool:
        """Tell whether the client may say one more thing now."""
        now = self.heard_at
        self._allowance = min(_BURST, self._allowance + (now - self._spent_at) * _RATE)
        self._spent_at = now
        self._allowance -= 1
        return self._allowance >= 0
