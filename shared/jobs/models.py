"""The tables of the job engine; `jobs` is the record, a Redis message is only its doorbell."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from shared.clock import new_id
from shared.db import Base, CreatedAt, Id

LIVE_STATES = ("scheduled", "queued", "running", "retryable")
ENDED_STATES = ("succeeded", "cancelled", "dead")


class JobRow(Base):
    """One asked-for piece of work, from enqueue to its end."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("octet_length(args::text) <= 65536", name="args_size"),
        CheckConstraint(
            "state IN ('scheduled','queued','running','retryable','succeeded','cancelled','dead')",
            name="state",
        ),
        CheckConstraint("(state = 'running') = (lease_token IS NOT NULL)", name="leased"),
        CheckConstraint(
            "(state IN ('succeeded','cancelled','dead')) = (finished_at IS NOT NULL)", name="finished"
        ),
        CheckConstraint("attempt <= max_attempts", name="attempts"),
        Index(
            "uq_jobs_unique_key_live",
            "unique_key",
            unique=True,
            postgresql_where=text("state IN ('scheduled','queued','running','retryable')"),
        ),
        Index("ix_jobs_due", "run_at", postgresql_where=text("state IN ('scheduled','retryable')")),
        Index("ix_jobs_lease", "lease_until", postgresql_where=text("state = 'running'")),
        Index(
            "ix_jobs_waiting",
            "queue",
            "tenant",
            "priority",
            "seq",
            postgresql_where=text("state = 'queued' AND published_at IS NULL"),
        ),
        Index(
            "ix_jobs_published",
            "queue",
            "published_at",
            postgresql_where=text("state = 'queued' AND published_at IS NOT NULL"),
        ),
        # Every step of a job writes to each of these two and to the key, and so there are no more of them.
        Index("ix_jobs_state", "state", "id"),
        Index("ix_jobs_kind", "kind", "id"),
        Index("uq_jobs_cron_slot", "cron_slot", unique=True, postgresql_where=text("cron_slot IS NOT NULL")),
        Index("ix_jobs_ended", "finished_at", postgresql_where=text("finished_at IS NOT NULL")),
        Index("ix_jobs_batch", "batch_id", postgresql_where=text("batch_id IS NOT NULL")),
        Index("ix_jobs_root", "root_id", postgresql_where=text("root_id IS NOT NULL")),
        {
            "postgresql_with": {
                "autovacuum_vacuum_scale_factor": "0.01",
                "autovacuum_vacuum_threshold": "500",
                "autovacuum_vacuum_cost_delay": "0",
                "fillfactor": "70",
            }
        },
    )

    id: Mapped[Id]
    #: Order of arrival, the tie-break of priorities; lists go by the id, which is sorted by time too.
    seq: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    kind: Mapped[str]
    queue: Mapped[str]
    #: 0 is served first, 9 last.
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("5"))
    #: Whose work this is, for fairness; empty for the city's own.
    tenant: Mapped[str] = mapped_column(server_default="")
    args: Mapped[dict[str, Any]]
    state: Mapped[str]
    #: Not before this moment.
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[int] = mapped_column(server_default=text("0"))
    max_attempts: Mapped[int] = mapped_column(server_default=text("8"))
    #: How often a sweeper took this job from a worker that fell silent.
    rescues: Mapped[int] = mapped_column(server_default=text("0"))
    #: The fence: only the holder of this token may beat, step or finish.
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    worker: Mapped[str | None]
    #: When a relay last rang this job in Redis.
    published_at: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    #: 0 to 100.
    progress: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    #: Last failure as one line.
    error: Mapped[str | None]
    #: At most one live job bears this key.
    unique_key: Mapped[str | None]
    batch_id: Mapped[UUID | None]
    #: `name@slot`: the row that makes a schedule fire once whatever the number of schedulers.
    cron_slot: Mapped[str | None]
    #: W3C trace context of whoever asked.
    traceparent: Mapped[str | None]
    #: The job this one repeats by an admin's wish.
    reprocess_of: Mapped[UUID | None]
    #: The first job of a lineage of reprocesses and follow-ups.
    root_id: Mapped[UUID | None]
    #: Token bucket the relay draws from before ringing, for example `host:api.example.org`.
    rate_key: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class JobAttempt(Base):
    """An attempt that did not succeed; the last attempt's success is the job's own row."""

    __tablename__ = "job_attempts"
    __table_args__ = (Index("ix_job_attempts_job", "job_id", "attempt"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    #: failed, rescued, cancelled, released.
    outcome: Mapped[str]
    error: Mapped[str | None]
    worker: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class JobEvent(Base):
    """One step of a job's timeline; `seq` is taken under the job's row lock, so it has no gaps."""

    __tablename__ = "job_events"

    job_id: Mapped[UUID] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Effect(Base):
    """One call to the outside world: the intent is committed before the call, the result after it."""

    __tablename__ = "effects"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    job_id: Mapped[UUID] = mapped_column(index=True)
    step: Mapped[str]
    key: Mapped[str]
    #: intent, done, failed, held.
    state: Mapped[str]
    #: The provider's own id for what it did.
    provider_id: Mapped[str | None]
    created_at: Mapped[CreatedAt]
    settled_at: Mapped[datetime | None]


class QueueRow(Base):
    """What an operator set for a queue, and when it last proved that it works."""

    __tablename__ = "queues"

    name: Mapped[str] = mapped_column(primary_key=True)
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    #: When the queue last ran a heartbeat job from end to end.
    heartbeat_at: Mapped[datetime | None]


class Schedule(Base):
    """How far a periodic message of `tasks/schedule.py` has been enqueued."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(primary_key=True)
    #: The newest slot that became a job.
    last_slot: Mapped[datetime]


class Batch(Base):
    """A group of jobs with exact counters and one callback."""

    __tablename__ = "job_batches"

    id: Mapped[Id]
    total: Mapped[int]
    succeeded: Mapped[int] = mapped_column(server_default=text("0"))
    failed: Mapped[int] = mapped_column(server_default=text("0"))
    #: Kind and arguments of the job enqueued once when the last member ends.
    callback_kind: Mapped[str | None]
    callback_args: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]


class RateBucket(Base):
    """A token bucket shared by all workers, for a host or a provider."""

    __tablename__ = "rate_buckets"

    key: Mapped[str] = mapped_column(primary_key=True)
    #: Tokens per second.
    rate: Mapped[float]
    capacity: Mapped[float]
    tokens: Mapped[float]
    refilled_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class Breaker(Base):
    """Whether somebody outside is left alone: one row for all workers, made by the first fault."""

    __tablename__ = "breakers"

    #: The key of the token bucket that bounds the calls, for example `provider:sendgrid`.
    key: Mapped[str] = mapped_column(primary_key=True)
    failures_in_a_row: Mapped[int]
    #: No job with this rate key starts before this moment; after it, one at a time tries. None: closed.
    open_until: Mapped[datetime | None]
    #: Until then one job is trying, and nobody else.
    probe_until: Mapped[datetime | None]
    #: When it left closed, for the status.
    opened_at: Mapped[datetime | None]
    #: The newest fault as one line.
    error: Mapped[str | None]


class Process(Base):
    """A live process of ours and when it last spoke: relay, beat, worker, live."""

    __tablename__ = "processes"

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    started_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class AuditEntry(Base):
    """An act of a person or a key on the platform; append-only."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_at", text("id DESC")),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    actor_id: Mapped[UUID | None]
    actor: Mapped[str]
    #: `noun.verb`, for example `jobs.retry`.
    action: Mapped[str]
    subject: Mapped[str | None]
    reason: Mapped[str | None]
    data: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    request_id: Mapped[str | None]
