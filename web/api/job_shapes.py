"""What jobs and queues look like on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import TypeAliasType

from shared.jobs.admin import JobFilter
from shared.messages import Queue as QueueClass
from web.params import DEFAULT_LIMIT, Cursor, Limit, Line, among

JobState = TypeAliasType(
    "JobState", Literal["scheduled", "queued", "running", "succeeded", "retryable", "cancelled", "dead"]
)

_States = Annotated[Line | None, among(get_args(JobState.__value__))]
_Queues = Annotated[Line | None, among(list(QueueClass))]


class JobQuery(BaseModel):
    """Which jobs to list; state, kind and queue take several with commas between them."""

    state: _States = None
    kind: Line | None = None
    queue: _Queues = None
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

    state: _States = None
    kind: Line | None = None
    queue: _Queues = None
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
