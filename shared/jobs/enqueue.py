"""Ask for work as part of the transaction that needs it: a job exists exactly when its cause does."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import text

from shared.clock import new_id
from shared.db import Transaction, copy_in, notify
from shared.errors import FieldProblem, Invalid
from shared.jobs.points import reach
from shared.jobs.secrets import seal
from shared.messages import MAX_ARGS_BYTES, Message
from shared.trace import current_traceparent

CHANNEL = "citypulse_jobs"


@cache
def _insert(columns: tuple[str, ...]) -> str:
    """Return the statement that adds a job with these columns; what most jobs lack costs them nothing."""
    scheduled = "CASE WHEN %(run_at)s > clock_timestamp() THEN 'scheduled' ELSE 'queued' END"
    state = scheduled if "run_at" in columns else "'queued'"
    return f"""
INSERT INTO jobs (state, {", ".join(columns)}) VALUES ({state}, {", ".join(f"%({name})s" for name in columns)})
ON CONFLICT DO NOTHING RETURNING id, pg_notify('{CHANNEL}', queue)
"""  # noqa: S608 - names of columns only


_TAKEN = text("""
SELECT id FROM jobs
WHERE cron_slot = :cron_slot
   OR (unique_key = :unique_key AND state IN ('scheduled','queued','running','retryable'))
ORDER BY id DESC LIMIT 1
""")

_COPY = "COPY jobs (state, max_attempts, batch_id, traceparent, kind, queue, priority, tenant, id, args) FROM STDIN"
#: Lines sent to Postgres at a time.
_CHUNK = 200
_encode = json.JSONEncoder(ensure_ascii=False).encode
_UNIQUE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Enqueued:
    """The job that stands for the message; `created` is false when an equal one was there already."""

    id: UUID
    created: bool


def enqueue(
    tx: Transaction,
    message: Message,
    *,
    run_at: datetime | None = None,
    queue: str | None = None,
    priority: int | None = None,
    tenant: str = "",
    unique_key: str | None = None,
    rate_key: str | None = None,
    reprocess_of: UUID | None = None,
    root_id: UUID | None = None,
    batch_id: UUID | None = None,
    cron_slot: str | None = None,
) -> Enqueued:
    """
    Add a job for `message`; it is rung when, and only when, this transaction commits.

    At most one live job bears a `unique_key`, and at most one job ever bears a `cron_slot`: asked for
    again, the one that is there is returned.
    Raises: Invalid when the arguments are larger than 64 KiB.
    """
    route = message.route
    values: dict[str, Any] = {
        "kind": route.name,
        "queue": queue or route.queue.value,
        "priority": route.priority if priority is None else priority,
        "tenant": tenant,
        "args": _arguments(message),
        "max_attempts": route.max_attempts,
    }
    rare = {
        "run_at": run_at,
        "unique_key": unique_key,
        "cron_slot": cron_slot,
        "batch_id": batch_id,
        "traceparent": current_traceparent(),
        "reprocess_of": reprocess_of,
        "root_id": root_id,
        "rate_key": rate_key,
    }
    values |= {name: value for name, value in rare.items() if value is not None}
    statement = _insert(("id", *values))
    for _ in range(_UNIQUE_TRIES):
        made = tx.connection().exec_driver_sql(statement, {"id": str(new_id()), **values}).first()
        if made is not None:
            reach("inserted")
            return Enqueued(made.id, created=True)
        taken = tx.execute(_TAKEN, {"unique_key": unique_key, "cron_slot": cron_slot}).first()
        if taken is not None:
            return Enqueued(taken.id, created=False)
    raise Invalid(f"job {route.name}: unique key {unique_key!r} is contended")


def enqueue_many(
    tx: Transaction, messages: Iterable[Message], *, tenant: str = "", batch_id: UUID | None = None
) -> list[UUID]:
    """
    Add many jobs by one COPY and one NOTIFY a queue; returns their ids in the messages' order.

    Raises: Invalid when a message's arguments are larger than 64 KiB; the transaction is lost then.
    """
    asked = list(messages)
    ids = [new_id() for _ in asked]
    lines = _lines(asked, ids, tenant, batch_id)
    copy_in(tx, _COPY, ("".join(chunk) for chunk in iter(lambda: list(islice(lines, _CHUNK)), [])))
    for queue in sorted({message.route.queue.value for message in asked}):
        notify(tx, CHANNEL, queue)
    reach("inserted")
    return ids


def _lines(messages: list[Message], ids: list[UUID], tenant: str, batch_id: UUID | None) -> Iterator[str]:
    """Write each job as a line of COPY; Postgres takes in the first ones while the next are written."""
    starts: dict[str, str] = {}
    batch, trace = str(batch_id) if batch_id else r"\N", current_traceparent() or r"\N"
    for message, job_id in zip(messages, ids, strict=True):
        route = message.route
        start = starts.get(route.name)
        if start is None:
            start = starts[route.name] = (
                f"queued\t{route.max_attempts}\t{batch}\t{trace}\t"
                f"{route.name}\t{route.queue.value}\t{route.priority}\t{_copy_text(tenant)}\t"
            )
        yield f"{start}{job_id}\t{_copy_text(_arguments(message))}\n"


def _arguments(message: Message) -> str:
    encoded = _encode(seal(message))
    # No character takes more than four bytes, so short ones need not be counted.
    size = len(encoded) if len(encoded) * 4 <= MAX_ARGS_BYTES else len(encoded.encode())
    if size > MAX_ARGS_BYTES:
        raise Invalid(
            f"message {message.route.name}: arguments of {size} bytes are too large",
            FieldProblem("args", "size", f"at most {MAX_ARGS_BYTES} bytes as JSON"),
        )
    return encoded


def _copy_text(value: str) -> str:
    if value.isprintable() and "\\" not in value:
        return value
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
