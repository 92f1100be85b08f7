"""
Connect to vetted addresses only, and cut what takes too long.

The name is resolved once; the connection goes to an address that was vetted, while the request, SNI and
the certificate check keep the name. So a name that resolves differently a moment later gains nothing.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, ClassVar, Final, Self, TypeAlias

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from shared.errors import Transient
from tasks.feeds.fetching.addresses import Resolve, vetted_addresses

#: Address, port and seconds to a connected socket.
Dial: TypeAlias = Callable[[str, int, float], socket.socket]
#: How often it is asked whether a fetch is still wanted.
_ASKED_AFTER_SECONDS: Final = 1.0


def dial(address: str, port: int, seconds: float) -> socket.socket:
    """Open a TCP connection to an address."""
    return socket.create_connection((address, port), timeout=seconds)


class Deadline:
    """
    Cuts the connections of one fetch when its time is up, or nobody wants it any more, wherever they hang.

    A server that sends a byte a second keeps every single read alive; only a clock beside it helps.
    """

    def __init__(self, seconds: float, is_wanted: Callable[[], bool] = lambda: True) -> None:
        self.seconds = seconds
        self.expired = False
        self._is_wanted = is_wanted
        self._ends_at = time.monotonic() + seconds
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._is_over.set()
        with self._lock:
            for watched in self._sockets:
                watched.close()
            self._sockets.clear()

    def remaining(self) -> float:
        """Return the seconds left, never less than a moment."""
        return max(self._ends_at - time.monotonic(), 0.001)

    def watch(self, connected: socket.socket) -> None:
        """Cut this connection too; TLS takes the socket over, so a duplicate of it is kept."""
        with self._lock:
            self._sockets.append(connected.dup())
        if self.expired:
            self._cut()

    def _watch(self) -> None:
        while not self._is_over.wait(min(self.remaining(), _ASKED_AFTER_SECONDS)):
            if time.monotonic() >= self._ends_at or not self._is_wanted():
                self._cut()
                return

    def _cut(self) -> None:
        self.expired = True
        with self._lock:
            for watched in self._sockets:
                # It may be closed at the other end already.
                with contextlib.suppress(OSError):
                    watched.shutdown(socket.SHUT_RDWR)


class Guard:
    """Opens the connections of one fetch."""

    def __init__(self, allowed: Collection[str], resolve: Resolve, dialler: Dial, deadline: Deadline) -> None:
        self._allowed = allowed
        self._resolve = resolve
        self._dial = dialler
        self._deadline = deadline

    def connect(self, host: str, port: int) -> socket.socket:
        """
        Connect to the first vetted address that answers.

        Raises: AddressRefused, or Transient if none answers.
        """
        problem: OSError | None = None
        for address in vetted_addresses(host, port, self._allowed, self._resolve):
            try:
                connected = self._dial(address, port, self._deadline.remaining())
            except OSError as error:
                problem = error
                continue
            self._deadline.watch(connected)
            return connected
        raise Transient(f"no connection to {host}: {problem}")


class _Plain(HTTPConnection):
    guard: ClassVar[Guard]

    def _new_conn(self) -> socket.socket:
        return self.guard.connect(self.host, self.port)


class _Secure(HTTPSConnection):
    guard: ClassVar[Guard]

    def _new_conn(self) -> socket.socket:
        return self.guard.connect(self.host, self.port or 443)


class GuardedAdapter(HTTPAdapter):
    """The transport of requests, with every connection opened by a guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        super().__init__(max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # Any: the signature of requests.
        """Make pools whose connections ask the guard."""
        super().init_poolmanager(*arguments, **options)
        guard = {"guard": self._guard}
        plain = type("Plain", (HTTPConnectionPool,), {"ConnectionCls": type("PlainOne", (_Plain,), guard)})
        secure = type(
            "Secure", (HTTPSConnectionPool,), {"ConnectionCls": type("SecureOne", (_Secure,), guard)}
        )
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": plain, "https": secure}

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:  # Any: the signature of requests.
        """Refuse proxies: what they connect to cannot be vetted here."""
        raise NotImplementedError("feeds are fetched without proxies")
