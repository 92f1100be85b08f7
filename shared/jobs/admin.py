"""What an admin may do to jobs and queues; every act is audited in the transaction that does it."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from shared.audit import Actor, audit
from shared.db import Transaction, notify
from shared.errors import Conflict, FieldProblem, Invalid, NotFound
from shared.jobs.batches import reopen_batches, settle_batches
from shared.jobs.enqueue import CHANNEL, Enqueued, enqueue
from shared.jobs.lease import note
from shared.jobs.rules import BULK_LIMIT, ENDED
from shared.jobs.secrets import unseal
from shared.messages import Queue, message_named

_AGAIN = """state = 'queued', run_at = clock_timestamp(), published_at = NULL, finished_at = NULL,
  cancel_requested = false, max_attempts = greatest(max_attempts, attempt + 1)"""
_RETRY = text(f"UPDATE jobs SET {_AGAIN} WHERE id = :id")  # noqa: S608 - a constant
# Of several dead jobs with one unique key the newest may live again, and none while another lives.
_KEY_IS_FREE = """(state <> 'dead' OR unique_key IS NULL OR NOT EXISTS (
  SELECT 1 FROM jobs o WHERE o.unique_key = jobs.unique_key AND o.id <> jobs.id
    AND (o.state IN ('scheduled', 'queued', 'running', 'retryable') OR (o.state = 'dead' AND o.id > jobs.id))))"""


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list or a bulk act is about; `text` is looked for in errors, arguments and kinds."""

    state: str | None = None
    kind: str | None = None
    queue: str | None = None
    text: str | None = None

    def columns(self) -> tuple[str, dict[str, Any]]:
        """Return the SQL condition without the text, which indexes answer, and its values."""
        parts, values = ["true"], {}
        for name in ("state", "kind", "queue"):
            if (value := getattr(self, name)) is not None:
                parts.append(f"{name} = ANY(:{name})")
                values[name] = value.split(",")
        return " AND ".join(parts), values

    def where(self) -> tuple[str, dict[str, Any]]:
        """Return the whole SQL condition and its values."""
        condition, values = self.columns()
        if not self.text:
            return condition, values
        said = "(kind ILIKE :like OR error ILIKE :like OR args::text ILIKE :like OR id::text = :text)"
        values |= {"like": f"%{_escape_like(self.text)}%", "text": self.text.lower()}
        return f"{condition} AND {said}", values


def retry(tx: Transaction, job_id: UUID, actor: Actor, reason: str) -> Enqueued:
    """
    Run a job again: a dead or waiting one in place, an ended one as a new job of the same message.

    Raises: NotFound; Invalid without a reason; Conflict when it is running, or when another live job
    bears its unique key.
    """
    _require_reason(reason)
    row = _locked(tx, job_id)
    if row.state == "running":
        raise Conflict(f"job {job_id} is running: cancel it first, or wait for it")
    if row.state in ("succeeded", "cancelled"):
        return _reprocess(tx, row, actor, reason)
    try:
        with tx.begin_nested():
            tx.execute(_RETRY, {"id": job_id})
    except IntegrityError:
        raise Conflict(f"job {job_id}: another live job bears its unique key {row.unique_key!r}") from None
    if row.state == "dead":
        reopen_batches(tx, [row.batch_id])
    note(tx, job_id, "retried", {"by": actor.name, "reason": reason})
    audit(tx, actor, "jobs.retry", subject=str(job_id), reason=reason, kind=row.kind)
    notify(tx, CHANNEL, row.queue)
    return Enqueued(job_id, created=False)


def cancel(tx: Transaction, job_id: UUID, actor: Actor, reason: str) -> str:
    """
    Cancel a job: at once when it waits, at its next step when it runs; returns its state now.

    Raises: NotFound; Invalid without a reason; Conflict when it has ended.
    """
    _require_reason(reason)
    row = _locked(tx, job_id)
    if row.state in ENDED:
        raise Conflict(f"job {job_id} has already {row.state}")
    if row.state == "running":
        tx.execute(text("UPDATE jobs SET cancel_requested = true WHERE id = :id"), {"id": job_id})
    else:
        tx.execute(
            text("UPDATE jobs SET state = 'cancelled', finished_at = clock_timestamp() WHERE id = :id"),
            {"id": job_id},
        )
        settle_batches(tx, [row.batch_id], succeeded=False)
    note(tx, job_id, "cancel requested", {"by": actor.name, "reason": reason})
    audit(tx, actor, "jobs.cancel", subject=str(job_id), reason=reason, kind=row.kind)
    return "running" if row.state == "running" else "cancelled"


def retry_many(
    tx: Transaction, chosen: JobFilter, actor: Actor, reason: str, *, dry_run: bool
) -> dict[str, int]:
    """
    Retry dead and waiting jobs by filter, at most 1,000 a call; `dry_run` only counts.

    Returns: matched (all that the filter means) and changed.
    """
    _require_reason(reason)
    where, values = chosen.where()
    condition = f"{where} AND state IN ('dead', 'retryable', 'scheduled')"
    matched = _count(tx, condition, values)
    if dry_run:
        return {"matched": matched, "changed": 0}
    changed = tx.execute(
        text(f"""
        WITH chosen AS MATERIALIZED (SELECT id, state FROM jobs WHERE {condition} AND {_KEY_IS_FREE}
          ORDER BY id LIMIT :bulk FOR UPDATE SKIP LOCKED)
        UPDATE jobs SET {_AGAIN} FROM chosen WHERE jobs.id = chosen.id
        RETURNING queue, batch_id, chosen.state = 'dead' AS was_dead"""),  # noqa: S608 - the condition is built of constants and bound values
        {**values, "bulk": BULK_LIMIT},
    ).all()
    reopen_batches(tx, [row.batch_id for row in changed if row.was_dead])
    audit(tx, actor, "jobs.retry_many", reason=reason, filter=asdict(chosen), changed=len(changed))
    for queue in {row.queue for row in changed}:
        notify(tx, CHANNEL, queue)
    return {"matched": matched, "changed": len(changed)}


def cancel_many(
    tx: Transaction, chosen: JobFilter, actor: Actor, reason: str, *, dry_run: bool
) -> dict[str, int]:
    """Cancel waiting jobs and ask running ones to stop, by filter, at most 1,000 a call."""
    _require_reason(reason)
    where, values = chosen.where()
    condition = (
        f"{where} AND state IN ('queued', 'scheduled', 'retryable', 'running') AND NOT cancel_requested"
    )
    matched = _count(tx, condition, values)
    if dry_run:
        return {"matched": matched, "changed": 0}
    changed = tx.execute(
        text(f"""
        WITH chosen AS MATERIALIZED (
          SELECT id FROM jobs WHERE {condition} ORDER BY id LIMIT :bulk FOR UPDATE SKIP LOCKED)
        UPDATE jobs SET cancel_requested = true,
          state = CASE WHEN state = 'running' THEN state ELSE 'cancelled' END,
          finished_at = CASE WHEN state = 'running' THEN NULL ELSE clock_timestamp() END
        FROM chosen WHERE jobs.id = chosen.id
        RETURNING state, batch_id"""),  # noqa: S608 - the condition is built of constants and bound values
        {**values, "bulk": BULK_LIMIT},
    ).all()
    settle_batches(tx, [row.batch_id for row in changed if row.state == "cancelled"], succeeded=False)
    audit(tx, actor, "jobs.cancel_many", reason=reason, filter=asdict(chosen), changed=len(changed))
    return {"matched": matched, "changed": len(changed)}


def pause(tx: Transaction, queue: str, actor: Actor, reason: str) -> None:
    """Start nothing more of a queue; what runs goes on."""
    _set_paused(tx, queue, actor, reason, paused=True)


def resume(tx: Transaction, queue: str, actor: Actor, reason: str) -> None:
    """Serve a queue again, at once."""
    _set_paused(tx, queue, actor, reason, paused=False)
    tx.execute(
        text("UPDATE jobs SET published_at = NULL WHERE queue = :queue AND state = 'queued'"),
        {"queue": queue},
    )
    notify(tx, CHANNEL, queue)


def _set_paused(tx: Transaction, queue: str, actor: Actor, reason: str, *, paused: bool) -> None:
    _require_reason(reason)
    if queue not in {known.value for known in Queue}:
        raise NotFound(f"no queue is named {queue!r}")
    tx.execute(
        text("""
        INSERT INTO queues (name, paused) VALUES (:name, :paused)
        ON CONFLICT (name) DO UPDATE SET paused = excluded.paused"""),
        {"name": queue, "paused": paused},
    )
    audit(tx, actor, "queues.pause" if paused else "queues.resume", subject=queue, reason=reason)


def _reprocess(tx: Transaction, row: Any, actor: Actor, reason: str) -> Enqueued:
    """Enqueue a new job of the same message: no second code path."""
    cls = message_named(row.kind)
    made = enqueue(
        tx,
        cls.from_args(unseal(cls, row.args)),
        queue=row.queue,
        tenant=row.tenant,
        rate_key=row.rate_key,
        reprocess_of=row.id,
        root_id=row.root_id or row.id,
    )
    audit(
        tx, actor, "jobs.reprocess", subject=str(row.id), reason=reason, kind=row.kind, new_job=str(made.id)
    )
    return made


def _locked(tx: Transaction, job_id: UUID) -> Any:
    row = tx.execute(text("SELECT * FROM jobs WHERE id = :id FOR UPDATE"), {"id": job_id}).first()
    if row is None:
        raise NotFound(f"no job {job_id}")
    return row


def _count(tx: Transaction, condition: str, values: dict[str, Any]) -> int:
    return int(tx.execute(text(f"SELECT count(*) FROM jobs WHERE {condition}"), values).scalar_one())  # noqa: S608 - constants and bound values


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid("a reason is needed", FieldProblem("reason", "required", "say why, for the audit log"))


def _escape_like(value: str) -> str:
    return value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
