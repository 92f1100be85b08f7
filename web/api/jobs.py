"""Jobs and queues, for those who run the platform."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import TypeAliasType

from shared.accounts.rules import Permission
from shared.db import Transaction, transaction
from shared.jobs import admin, queries
from shared.jobs.admin import JobFilter
from web.gate import actor
from web.openapi import Answer, needs, noun
from web.paging import decode, encode
from web.params import DEFAULT_LIMIT, ById, Cursor, Limit, Line, Reason, page
from web.shapes import JobAccepted

api = noun("jobs", "Every job, its attempts, and the queues")

JobState = TypeAliasType(
    "JobState", Literal["scheduled", "queued", "running", "succeeded", "retryable", "cancelled", "dead"]
)


class JobQuery(BaseModel):
    """Which jobs to list; state, kind and queue take several with commas between them."""

    state: Line | None = None
    kind: Line | None = None
    queue: Line | None = None
    q: Line | None = None
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None

    def chosen(self) -> JobFilter:
        """Return the filter of the service."""
        return JobFilter(self.state, self.kind, self.queue, self.q)


class Job(BaseModel):
    """A piece of work from enqueue to end; secret arguments are hidden."""

    id: UUID
    kind: str
    queue: str
    state: JobState
    priority: int
    attempt: int
    max_attempts: int
    progress: int
    args: dict[str, Any]
    error: str | None
    run_at: datetime | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    worker: str | None
    cancel_requested: bool
    rescues: int
    reprocess_of: UUID | None
    retry_of: UUID | None = None
    batch_id: UUID | None
    trace_id: str | None
    cron_slot: str | None
    tenant: str | None


class JobAttempt(BaseModel):
    """One try and how it ended."""

    attempt: int
    started_at: datetime | None
    finished_at: datetime | None
    outcome: str | None
    error: str | None
    worker: str | None


class JobEvent(BaseModel):
    """One step of a job's timeline."""

    seq: int
    at: datetime
    name: str
    data: dict[str, Any] | None


class JobKin(BaseModel):
    """Another job of the same lineage or batch."""

    id: UUID
    kind: str
    state: JobState
    created_at: datetime


class JobDetail(Job):
    """A job with everything that is known of it."""

    attempts: list[JobAttempt]
    timeline: list[JobEvent]
    lineage: list[JobKin]


class JobCounts(BaseModel):
    """How many jobs there are; a state is counted up to 10,000."""

    by_state: dict[str, int]
    by_queue: dict[str, int]


class JobList(BaseModel):
    """A page of jobs, newest first."""

    items: list[Job]
    next: str | None
    counts: JobCounts


class BulkQuery(BaseModel):
    """Which jobs an act is about; at most 1,000 a call."""

    state: Line | None = None
    kind: Line | None = None
    queue: Line | None = None
    q: Line | None = None
    dry_run: bool = True
    reason: Line

    def chosen(self) -> JobFilter:
        """Return the filter of the service."""
        return JobFilter(self.state, self.kind, self.queue, self.q)


class BulkResult(BaseModel):
    """How many jobs the filter means and how many were changed."""

    matched: int
    changed: int


class QueueName(BaseModel):
    """A path with a queue's name in it."""

    name: str


class Queue(BaseModel):
    """A queue: its depth, its oldest wait and who serves it."""

    name: str
    paused: bool
    queued: int
    running: int
    retryable: int
    dead: int
    oldest_queued_seconds: float | None
    workers: int
    slots: int
    heartbeat_at: datetime | None


class QueueList(BaseModel):
    """All queues."""

    items: list[Queue]
    next: str | None


@api.get("/jobs", responses={200: JobList})
@needs(Permission.READ_JOBS)
def list_jobs(query: JobQuery) -> Answer:
    """List jobs, newest first, with counts of all."""
    with transaction() as tx:
        items, before = queries.list_jobs(tx, query.chosen(), query.limit, decode(query.cursor))
        counts = queries.count_jobs(tx)
    return page(items, encode(before), counts=counts)


@api.get("/jobs/<uuid:id>", responses={200: JobDetail})
@needs(Permission.READ_JOBS)
def get_job(path: ById) -> Answer:
    """Show one job with its attempts, timeline and lineage."""
    with transaction() as tx:
        return queries.get_job(tx, path.id)


@api.post("/jobs/<uuid:id>/retry", responses={202: JobAccepted})
@needs(Permission.MANAGE_JOBS)
def retry_job(path: ById, body: Reason) -> Answer:
    """Run a job again; one that has ended well runs as a new job."""
    with transaction() as tx:
        made = admin.retry(tx, path.id, actor(), body.reason)
    return {"job_id": made.id}, 202


@api.post("/jobs/<uuid:id>/cancel", responses={202: JobAccepted})
@needs(Permission.MANAGE_JOBS)
def cancel_job(path: ById, body: Reason) -> Answer:
    """Cancel a job: at once while it waits, at its next step while it runs."""
    with transaction() as tx:
        admin.cancel(tx, path.id, actor(), body.reason)
    return {"job_id": path.id}, 202


@api.post("/jobs/retry", responses={200: BulkResult})
@needs(Permission.MANAGE_JOBS)
def retry_jobs(body: BulkQuery) -> Answer:
    """Retry all jobs that a filter means; a dry run only counts them."""
    with transaction() as tx:
        return admin.retry_many(tx, body.chosen(), actor(), body.reason, dry_run=body.dry_run)


@api.post("/jobs/cancel", responses={200: BulkResult})
@needs(Permission.MANAGE_JOBS)
def cancel_jobs(body: BulkQuery) -> Answer:
    """Cancel all jobs that a filter means; a dry run only counts them."""
    with transaction() as tx:
        return admin.cancel_many(tx, body.chosen(), actor(), body.reason, dry_run=body.dry_run)


@api.get("/queues", responses={200: QueueList})
@needs(Permission.READ_JOBS)
def list_queues() -> Answer:
    """List the queues."""
    with transaction() as tx:
        return page(queries.list_queues(tx), None)


@api.post("/queues/<string:name>/pause", responses={200: Queue})
@needs(Permission.MANAGE_JOBS)
def pause_queue(path: QueueName, body: Reason) -> Answer:
    """Start nothing more of a queue; what runs goes on."""
    with transaction() as tx:
        admin.pause(tx, path.name, actor(), body.reason)
        return _queue(tx, path.name)


@api.post("/queues/<string:name>/resume", responses={200: Queue})
@needs(Permission.MANAGE_JOBS)
def resume_queue(path: QueueName, body: Reason) -> Answer:
    """Serve a queue again."""
    with transaction() as tx:
        admin.resume(tx, path.name, actor(), body.reason)
        return _queue(tx, path.name)


def _queue(tx: Transaction, name: str) -> dict[str, Any]:
    return next(queue for queue in queries.list_queues(tx) if queue["name"] == name)
