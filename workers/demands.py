"""What the engine asks of its servers: without it a promise would be broken silently, so start says so."""

import logging
from collections.abc import Mapping
from typing import Any

import redis
from sqlalchemy import text

from shared.db import transaction
from shared.settings import get_settings
from workers.bell import Bell

log = logging.getLogger(__name__)
OLDEST_POSTGRES = 150_000
_ASKED = ("server_version_num", "fsync", "full_page_writes", "synchronous_commit")


class CarelessServer(RuntimeError):
    """Say which setting of a server would lose or hide work, and what it must be."""


def postgres_faults(shown: Mapping[str, str]) -> list[str]:
    """[p] Return what is wrong with the settings that Postgres shows; a commit that was told must be kept."""
    faults = [
        f"Postgres: {name} is off, and must be on"
        for name in ("fsync", "full_page_writes", "synchronous_commit")
        if shown[name] == "off"
    ]
    if int(shown["server_version_num"]) < OLDEST_POSTGRES:
        faults.append(f"Postgres: version {shown['server_version_num']} is older than 15")
    return faults


def redis_faults(info: Mapping[str, Any]) -> list[str]:
    """[p] Return what is wrong with what Redis tells of itself; a full one must refuse, not forget."""
    faults = []
    if info.get("maxmemory_policy") != "noeviction":
        faults.append(f"Redis: maxmemory-policy is {info.get('maxmemory_policy')}, and must be noeviction")
    if not int(info.get("aof_enabled", 0)):
        faults.append("Redis: appendonly is no, and must be yes")
    return faults


def check_servers(bell: Bell) -> None:
    """
    Compare the servers with what the engine asks of them, and log each fault.

    A Redis that is away is looked at by nobody: the platform must start without it.
    Raises: CarelessServer in production, for the first fault.
    """
    with transaction() as tx:
        faults = postgres_faults({name: str(tx.execute(text(f"SHOW {name}")).scalar()) for name in _ASKED})
    try:
        faults += redis_faults(bell.describe())
    except redis.RedisError as error:
        log.warning("redis is away, its settings were not checked", extra={"error": str(error)})
    for fault in faults:
        log.error("careless server", extra={"fault": fault})
    if faults and get_settings().citypulse_env == "production":
        raise CarelessServer(faults[0])
