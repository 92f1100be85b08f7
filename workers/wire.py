"""
[p] Celery messages as kombu's Redis transport stores them, ready for one LPUSH of many.

Source: Celery message protocol 2 (docs, internals/protocol) and kombu 5.7 `transport/virtual/base.py`
(`prepare_message`, `_inplace_augment_message`). A contract test lets a real worker read them.
"""

import base64
import json
from collections.abc import Sequence
from uuid import uuid4

_ENCODING = {"content-encoding": "utf-8", "content-type": "application/json"}


def envelope(kind: str, job_ids: Sequence[str], queue: str, origin: str) -> str:
    """Return the message that makes a worker run task `kind` on `job_ids`; its id is the first job's."""
    task_id = job_ids[0]
    body = json.dumps(
        [[list(job_ids)], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
    )
    return json.dumps(
        {
            "body": base64.b64encode(body.encode()).decode(),
            **_ENCODING,
            "headers": {
                "lang": "py",
                "task": kind,
                "id": task_id,
                "root_id": task_id,
                "parent_id": None,
                "group": None,
                "shadow": None,
                "eta": None,
                "expires": None,
                "retries": 0,
                "timelimit": [None, None],
                "argsrepr": repr(tuple(job_ids[:1])),
                "kwargsrepr": "{}",
                "origin": origin,
                "ignore_result": True,
            },
            "properties": {
                "correlation_id": task_id,
                "reply_to": None,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        }
    )
