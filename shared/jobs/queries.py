"""Reads for the API and the dashboard, in the API's shapes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from shared.clock import rfc3339
from shared.db import Transaction
from shared.errors import NotFound
from shared.jobs.admin import JobFilter
from shared.messages import Queue, UnknownMessage, message_named
from shared.trace import trace_id

HIDDEN = "•••"
_COUNTED = 10_000
#: A search for a text looks at so many jobs, then says where to go on.
SEARCHED = 50_000


def list_jobs(
    tx: Transaction, chosen: JobFilter, limit: int, before: UUID | None
) -> tuple[list[dict[str, Any]], UUID | None]:
    """
    Return up to `limit` jobs, newest first, and the id to go on from, or none.

    A text is looked for in so many jobs at a time, however long the history is: fewer than `limit`
    jobs, or none, with an id to go on from mean that older ones have not been looked at yet.
    """
    reached = _reach(tx, chosen, before) if chosen.text else None
    where, values = chosen.where()
    rows = tx.execute(
        text(f"""
        SELECT * FROM jobs WHERE {where} AND (CAST(:before AS uuid) IS NULL OR id < :before)
          AND (CAST(:reached AS uuid) IS NULL OR id >= :reached)
        ORDER BY id DESC LIMIT :limit"""),  # noqa: S608 - the condition is built of constants and bound values
        {**values, "before": before, "reached": reached, "limit": limit + 1},
    ).all()
    more = rows[limit - 1].id if len(rows) > limit else reached
    return [job_json(row) for row in rows[:limit]], more


def _reach(tx: Transaction, chosen: JobFilter, before: UUID | None) -> UUID | None:
    """Return the oldest job that one search looks at, or none when it looks at all there are."""
    where, values = chosen.columns()
    return tx.execute(
        text(f"""
        SELECT id FROM jobs WHERE {where} AND (CAST(:before AS uuid) IS NULL OR id < :before)
        ORDER BY id DESC OFFSET :searched LIMIT 1"""),  # noqa: S608 - as above
        {**values, "before": before, "searched": SEARCHED - 1},
    ).scalar()


def count_jobs(tx: Transaction) -> dict[str, dict[str, int]]:
    """Return live and ended jobs by state, and live ones by queue; a state counts no further than 10,000."""
    by_state = {
        state: int(
            tx.execute(
                text("SELECT count(*) FROM (SELECT 1 FROM jobs WHERE state = :state LIMIT :most) c"),
                {"state": state, "most": _COUNTED},
            ).scalar_one()
        )
        for state in ("scheduled", "queued", "running", "retryable", "succeeded", "cancelled", "dead")
    }
    by_queue = tx.execute(
        text("""SELECT queue, count(*) AS n FROM jobs
                WHERE state IN ('scheduled', 'queued', 'running', 'retryable') GROUP BY queue""")
    )
    return {"by_state": by_state, "by_queue": {row.queue: row.n for row in by_queue}}


def get_job(tx: Transaction, job_id: UUID) -> dict[str, Any]:
    """
    Return one job with its attempts, timeline and lineage.

    Raises: NotFound.
    """
    row = tx.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id}).first()
    if row is None:
        raise NotFound(f"no job {job_id}")
    failed = tx.execute(
        text("SELECT * FROM job_attempts WHERE job_id = :id ORDER BY id"), {"id": job_id}
    ).all()
    steps = tx.execute(text("SELECT * FROM job_events WHERE job_id = :id ORDER BY seq"), {"id": job_id}).all()
    family = tx.execute(
        text("""SELECT id, kind, state, created_at FROM jobs
                WHERE id = :root OR root_id = :root OR (batch_id IS NOT NULL AND batch_id = :batch)
                ORDER BY id LIMIT 100"""),
        {"root": row.root_id or row.id, "batch": row.batch_id},
    ).all()
    return {
        **job_json(row),
        "attempts": [*(_attempt_json(attempt) for attempt in failed), *_last_attempt(row)],
        "timeline": [
            {"seq": step.seq, "at": rfc3339(step.at), "name": step.name, "data": step.data} for step in steps
        ],
        "lineage": [
            {"id": str(kin.id), "kind": kin.kind, "state": kin.state, "created_at": rfc3339(kin.created_at)}
            for kin in family
            if kin.id != row.id
        ],
    }


def list_queues(tx: Transaction) -> list[dict[str, Any]]:
    """Return every queue with its depth, its oldest wait and the workers that serve it."""
    depths = tx.execute(
        text("""
        SELECT queue, count(*) FILTER (WHERE state = 'queued') AS queued,
          count(*) FILTER (WHERE state = 'running') AS running,
          count(*) FILTER (WHERE state = 'retryable') AS retryable,
          extract(epoch FROM clock_timestamp() - min(run_at) FILTER (WHERE state = 'queued')) AS oldest
        FROM jobs WHERE state IN ('queued', 'running', 'retryable') GROUP BY queue""")
    ).all()
    dead = tx.execute(text("SELECT queue, count(*) AS n FROM jobs WHERE state = 'dead' GROUP BY queue")).all()
    state = tx.execute(text("SELECT * FROM queues")).all()
    served = tx.execute(
        text("""
        SELECT q.queue, count(*) AS workers, sum((p.data->>'slots')::int) AS slots
        FROM processes p CROSS JOIN LATERAL jsonb_array_elements_text(p.data->'queues') AS q(queue)
        WHERE p.role = 'worker' AND p.seen_at > clock_timestamp() - interval '30 seconds' GROUP BY q.queue""")
    ).all()
    depth_of = {row.queue: row for row in depths}
    dead_of = {row.queue: row.n for row in dead}
    state_of = {row.name: row for row in state}
    served_of = {row.queue: row for row in served}
    return [_queue_json(queue.value, depth_of, dead_of, state_of, served_of) for queue in Queue]


def _queue_json(
    name: str,
    depth_of: dict[str, Any],
    dead_of: dict[str, int],
    state_of: dict[str, Any],
    served_of: dict[str, Any],
) -> dict[str, Any]:
    depth, state, served = depth_of.get(name), state_of.get(name), served_of.get(name)
    return {
        "name": name,
        "paused": bool(state and state.paused),
        "queued": depth.queued if depth else 0,
        "running": depth.running if depth else 0,
        "retryable": depth.retryable if depth else 0,
        "dead": dead_of.get(name, 0),
        "oldest_queued_seconds": round(float(depth.oldest), 1)
        if depth and depth.oldest is not None
        else None,
        "workers": served.workers if served else 0,
        "slots": served.slots if served else 0,
        "heartbeat_at": _moment(state.heartbeat_at) if state else None,
    }


def job_json(row: Row[Any]) -> dict[str, Any]:
    """Give a job's row in the API's shape, secret arguments hidden."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "queue": row.queue,
        "state": row.state,
        "priority": row.priority,
        "attempt": row.attempt,
        "max_attempts": row.max_attempts,
        "progress": row.progress,
        "args": _shown(row.kind, row.args),
        "error": row.error,
        "run_at": _moment(row.run_at),
        "created_at": _moment(row.created_at),
        "started_at": _moment(row.started_at),
        "finished_at": _moment(row.finished_at),
        "worker": row.worker,
        "cancel_requested": row.cancel_requested,
        "rescues": row.rescues,
        "reprocess_of": _text(row.reprocess_of),
        "batch_id": _text(row.batch_id),
        "trace_id": trace_id(row.traceparent),
        "cron_slot": row.cron_slot,
        "tenant": row.tenant,
    }


def _shown(kind: str, args: dict[str, Any]) -> dict[str, Any]:
    try:
        hidden = message_named(kind).route.secrets
    except UnknownMessage:
        hidden = frozenset(name for name, value in args.items() if str(value).startswith("enc:"))
    return {name: HIDDEN if name in hidden and value else value for name, value in args.items()}


def _attempt_json(row: Row[Any]) -> dict[str, Any]:
    return {
        "attempt": row.attempt,
        "started_at": _moment(row.started_at),
        "finished_at": _moment(row.finished_at),
        "outcome": row.outcome,
        "error": row.error,
        "worker": row.worker,
    }


def _last_attempt(row: Row[Any]) -> list[dict[str, Any]]:
    """Give the attempt that is running or succeeded: it is the job's own row."""
    if row.state not in ("running", "succeeded"):
        return []
    return [
        {
            "attempt": row.attempt,
            "started_at": _moment(row.started_at),
            "finished_at": _moment(row.finished_at),
            "outcome": row.state,
            "error": None,
            "worker": row.worker,
        }
    ]


def _moment(value: datetime | None) -> str | None:
    return rfc3339(value) if value else None


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
