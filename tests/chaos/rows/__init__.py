"""The rows of the matrix: one small function each, registered under its number."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from tests.chaos.arena import Arena

MODULES = ("workers", "brokers", "databases", "disks", "clocks", "releases", "mail", "live", "load")


class Skip(Exception):
    """Say why this machine cannot host a row."""


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A row: its number, its fault in words, and what does it."""

    number: int
    fault: str
    run: Callable[[Arena], None]


_rows: dict[int, MatrixRow] = {}


def row(number: int, fault: str) -> Callable[[Callable[[Arena], None]], Callable[[Arena], None]]:
    """Register a row of the matrix."""

    def register(run: Callable[[Arena], None]) -> Callable[[Arena], None]:
        _rows[number] = MatrixRow(number, fault, run)
        return run

    return register


def all_rows() -> dict[int, MatrixRow]:
    """Return every row by number."""
    for module in MODULES:
        import_module(f"tests.chaos.rows.{module}")
    return dict(sorted(_rows.items()))
