"""The engine's waits, all shortened alike when faults are rehearsed."""

from shared.jobs import rules
from shared.settings import get_settings


def scaled(seconds: float) -> float:
    """Return a wait of the engine as this process keeps it."""
    return seconds * get_settings().jobs_time_scale


def lease_seconds() -> float:
    """Return how long a lease lasts."""
    return scaled(rules.LEASE_SECONDS)


def beat_seconds() -> float:
    """Return how often a lease is renewed."""
    return scaled(rules.BEAT_SECONDS)


def stale_seconds() -> float:
    """Return after how long a rung and unclaimed job is rung again."""
    return scaled(rules.STALE_SECONDS)


def sweep_seconds() -> float:
    """Return how often silent workers are looked for."""
    return scaled(rules.SWEEP_SECONDS)


def poll_seconds() -> float:
    """Return how often a relay looks without being called."""
    return scaled(rules.POLL_SECONDS)


def breaker_seconds() -> float:
    """Return how long a breaker stays open before one call may try."""
    return scaled(rules.BREAKER_SECONDS)


def probe_seconds() -> float:
    """Return how long one call may try a half-open breaker before another may."""
    return scaled(rules.PROBE_SECONDS)


def drain_seconds() -> float:
    """Return how long an ending worker waits for what it has in hand."""
    return scaled(rules.DRAIN_SECONDS)
