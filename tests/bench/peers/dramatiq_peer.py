"""dramatiq on Redis: nothing recorded."""

import os
import sys

import dramatiq
from dramatiq.brokers.redis import RedisBroker

dramatiq.set_broker(RedisBroker(url=os.environ["REDIS_URL"]))


@dramatiq.actor(queue_name="peer_dramatiq")
def noop(number: int) -> None:
    """Do nothing."""


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        noop.send(number)
