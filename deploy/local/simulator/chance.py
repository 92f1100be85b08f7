"""Chance that repeats: the same keys give the same number, in any process and on any day; pure."""

from collections.abc import Sequence
from hashlib import blake2b
from math import cos, floor, pi
from typing import TypeVar

Choice = TypeVar("Choice")
Key = str | int
_RANGE = float(1 << 64)


def roll(*keys: Key) -> float:
    """Return a number from 0 up to 1 that belongs to these keys."""
    digest = blake2b("\x1f".join(map(str, keys)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _RANGE


def between(low: float, high: float, *keys: Key) -> float:
    """Return a number from low up to high that belongs to these keys."""
    return low + (high - low) * roll(*keys)


def choose(options: Sequence[Choice], *keys: Key) -> Choice:
    """Return the option that belongs to these keys."""
    return options[int(roll(*keys) * len(options))]


def drift(seconds: float, period_seconds: float, *keys: Key) -> float:
    """Return a value from -1 to 1 that wanders smoothly: a new aim every period."""
    step = floor(seconds / period_seconds)
    share = (1 - cos(pi * (seconds / period_seconds - step))) / 2
    before, after = roll(step, *keys), roll(step + 1, *keys)
    return 2 * (before + (after - before) * share) - 1
