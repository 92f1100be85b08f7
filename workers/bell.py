"""The doorbell: what a relay does to Redis, bounded to a second so that a frozen Redis freezes nobody."""

from collections.abc import Mapping, Sequence
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PREFIX = "cp:"
EPOCH_KEY = "citypulse:epoch"


class Bell:
    """Push messages to the queues workers listen on."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=1,
            socket_connect_timeout=1,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )

    def waiting(self, queues: Sequence[str]) -> dict[str, int]:
        """
        Return queue -> messages nobody has taken yet.

        Raises: redis.RedisError when Redis is down, frozen or full.
        """
        pipe = self._client.pipeline(transaction=False)
        for queue in queues:
            pipe.llen(PREFIX + queue)
        return dict(zip(queues, pipe.execute(), strict=True))

    def ring(self, messages: Mapping[str, Sequence[str]]) -> None:
        """
        Push all messages of all queues in one round trip; kombu reads from the right.

        Raises: redis.RedisError; then it is not known which arrived, and ringing twice is harmless.
        """
        pipe = self._client.pipeline(transaction=False)
        for queue, encoded in messages.items():
            pipe.lpush(PREFIX + queue, *encoded)
        pipe.execute()

    def forgot(self) -> bool:
        """
        Tell whether Redis was flushed or restarted since it was last asked.

        The epoch key holds the server's run id: missing after FLUSHALL, another after a restart.
        """
        run_id = str(self._client.info("server")["run_id"])
        seen = self._client.get(EPOCH_KEY)
        return seen != run_id

    def describe(self) -> dict[str, Any]:
        """
        Return what Redis tells of its memory and of what it keeps on disk.

        Raises: redis.RedisError when Redis is down, frozen or full.
        """
        return {**self._client.info("memory"), **self._client.info("persistence")}

    def remember(self) -> None:
        """Note the server's run id: everything queued has been rung again."""
        self._client.set(EPOCH_KEY, str(self._client.info("server")["run_id"]))
