"""A server that would lose work is told at start, and refused in production."""

import logging

import pytest

from shared.settings import get_settings
from workers.bell import Bell
from workers.demands import CarelessServer, check_servers, postgres_faults, redis_faults

GOOD = {
    "server_version_num": "150020",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
}
KEEPS = {"maxmemory_policy": "noeviction", "aof_enabled": 1}


def test_careful_servers_have_no_fault() -> None:
    """As production's compose file sets them."""
    assert postgres_faults(GOOD) == []
    assert redis_faults(KEEPS) == []


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"fsync": "off"}, "Postgres: fsync is off, and must be on"),
        ({"full_page_writes": "off"}, "Postgres: full_page_writes is off, and must be on"),
        ({"synchronous_commit": "off"}, "Postgres: synchronous_commit is off, and must be on"),
        ({"server_version_num": "140011"}, "Postgres: version 140011 is older than 15"),
    ],
)
def test_a_careless_postgres_is_named(changed: dict[str, str], fault: str) -> None:
    """By the setting and what it must be."""
    assert postgres_faults(GOOD | changed) == [fault]


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            {"maxmemory_policy": "allkeys-lru"},
            "Redis: maxmemory-policy is allkeys-lru, and must be noeviction",
        ),
        ({"aof_enabled": 0}, "Redis: appendonly is no, and must be yes"),
    ],
)
def test_a_careless_redis_is_named(changed: dict[str, object], fault: str) -> None:
    """By the setting and what it must be."""
    assert redis_faults(KEEPS | changed) == [fault]


@pytest.mark.usefixtures("db")
def test_production_refuses_the_tests_own_servers(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They keep nothing on disk; elsewhere that is only logged."""
    with caplog.at_level(logging.ERROR):
        check_servers(Bell(redis_url))
    assert "careless server" in caplog.text

    production = get_settings().model_copy(update={"citypulse_env": "production"})
    monkeypatch.setattr("workers.demands.get_settings", lambda: production)
    with pytest.raises(CarelessServer, match="fsync is off"):
        check_servers(Bell(redis_url))


@pytest.mark.usefixtures("db")
def test_a_redis_that_is_away_stops_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The platform must come up without it."""
    check_servers(Bell("redis://127.0.0.1:1/0"))

    assert "redis is away" in caplog.text
