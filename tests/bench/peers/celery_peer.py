"""Bare Celery: early ack, nothing recorded."""

import os
import sys

from celery import Celery

app = Celery("peer", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=4, task_default_queue="peer_celery")


@app.task(name="noop")
def noop(number: int) -> None:
    """Do nothing."""


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        noop.delay(number)
