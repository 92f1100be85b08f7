"""Postgres and Valkey of a run: the embedded ones, started and kept, or those the environment names."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import psycopg2
import redis

from deploy.local import binaries
from deploy.local.problem import Problem
from deploy.local.processes import free_port, log_size, tail, wait_until
from deploy.local.servers import OWNER, Postgres, Valkey
from deploy.local.state import State
from deploy.local.supervisor import Supervisor

#: A port can be taken between our look and the server's bind.
TRIES = 5
START_SECONDS = 60

_Server = TypeVar("_Server", Postgres, Valkey)


@dataclass(frozen=True)
class Backing:
    """Where the record and the doorbell are; a port of 0 means that they are not ours."""

    database_url: str
    redis_url: str
    postgres_port: int = 0
    valkey_port: int = 0


def start_backing(
    state: State, supervisor: Supervisor, say: Callable[[str], None], pause: Callable[[], None]
) -> Backing:
    """
    Bring up what DATABASE_URL and REDIS_URL do not name.

    Raises: Problem when a server cannot start, or one that was named does not answer.
    """
    ports, secrets = state.read("ports.json"), state.secrets()
    database_url, redis_url = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    postgres_port = valkey_port = 0
    if database_url:
        _check_database(database_url)
        say("Postgres of DATABASE_URL answers")
    else:
        server = _start(
            _postgres(state, secrets["postgres"], ports.get("postgres", 0)), state, supervisor, pause
        )
        server.create_database(OWNER)
        database_url, postgres_port = server.url(), server.port
        say(f"Postgres {binaries.postgres_major(server.bin_dir)} on port {server.port}")
    if redis_url:
        _check_redis(redis_url)
        say("Redis of REDIS_URL answers")
    else:
        valkey = _start(_valkey(state, secrets["valkey"], ports.get("valkey", 0)), state, supervisor, pause)
        redis_url, valkey_port = valkey.url, valkey.port
        say(f"Valkey on port {valkey.port}")
    return Backing(database_url, redis_url, postgres_port, valkey_port)


def _start(server: _Server, state: State, supervisor: Supervisor, pause: Callable[[], None]) -> _Server:
    """Start one server, on another port when its own was taken meanwhile."""
    server.prepare()
    for tries_left in reversed(range(TRIES)):
        server = replace(server, port=free_port(server.port))
        log = state.logs / f"{'postgres' if isinstance(server, Postgres) else 'valkey'}.log"
        size = log_size(log)
        program = server.program(log)
        process = supervisor.start(program)
        try:
            wait_until(server.answers, process, program, START_SECONDS, pause)
        except Problem as problem:
            supervisor.drop(program.name)
            if not tries_left or "in use" not in tail(log, since=size):
                advice = f"restore a backup of {server.home}, or move it away to start afresh"
                raise Problem(f"{problem}; {advice}") from None
            server = replace(server, port=0)
            continue
        return server
    raise Problem("no port of 127.0.0.1 stays free")


def _postgres(state: State, password: str, port: int) -> Postgres:
    bin_dir = binaries.find_postgres(os.environ.get("CITYPULSE_POSTGRES"))
    if binaries.account():
        bin_dir = binaries.readable_copy(bin_dir, state.servers)
    return Postgres(bin_dir, state.servers / "postgres", port, password, binaries.account())


def _valkey(state: State, password: str, port: int) -> Valkey:
    program = binaries.find_valkey()
    if binaries.account():
        program = binaries.readable_program(program, state.servers)
    return Valkey(program, state.servers / "valkey", port, password, binaries.account())


def _check_database(url: str) -> None:
    plain = url.replace("+psycopg2", "", 1)
    try:
        psycopg2.connect(plain, connect_timeout=5).close()
    except psycopg2.Error as error:
        raise Problem(f"DATABASE_URL does not answer: {str(error).strip().splitlines()[0]}") from None


def _check_redis(url: str) -> None:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise Problem(f"REDIS_URL does not answer: {error}") from None
