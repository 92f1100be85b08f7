"""The edge with servers behind it, for the tests of this folder."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count

import pytest

from deploy.rehearsal.edge import Edge, Ports, edge, free_ports, missing
from deploy.rehearsal.stubs import Stub, running


@dataclass(frozen=True)
class Stack:
    """nginx, and who stands behind it."""

    edge: Edge
    backend: Stub
    live: Stub
    frontend: Stub
    flower: Stub


_addresses = count(2)


@contextmanager
def started() -> Iterator[Stack]:
    """Run nginx and four stubs."""
    if reason := missing():
        pytest.skip(reason)
    with ExitStack() as held:
        stubs = [
            held.enter_context(running(Stub(name))) for name in ("backend", "live", "frontend", "flower")
        ]
        ports = Ports(*free_ports(3), *(stub.port for stub in stubs))
        yield Stack(held.enter_context(edge(ports)), *stubs)


@pytest.fixture(scope="module")
def _shared() -> Iterator[Stack]:
    with started() as stack:
        yield stack


@pytest.fixture
def stack(_shared: Stack) -> Stack:
    """The edge all tests of a module share, asked from an address of this test's own."""
    for stub in (_shared.backend, _shared.live, _shared.frontend):
        stub.bodies.clear()
        stub.go_on.clear()
    return replace(_shared, edge=replace(_shared.edge, address=f"127.0.1.{next(_addresses)}"))


@pytest.fixture
def own() -> Iterator[Stack]:
    """An edge for a test that changes it."""
    with started() as stack:
        yield stack
