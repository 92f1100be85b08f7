"""RQ: jobs and results kept in Redis."""

import os
import sys

import redis
from rq import Queue


def noop(number: int) -> None:
    """Do nothing."""


if __name__ == "__main__":
    queue = Queue("peer_rq", connection=redis.Redis.from_url(os.environ["REDIS_URL"]))
    from rq_peer import noop as task

    for number in range(int(sys.argv[1])):
        queue.enqueue(task, number, result_ttl=0)
