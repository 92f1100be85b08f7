"""Jobs and queues, for those who run the platform."""

from typing import Any

from shared.accounts.rules import Permission
from shared.db import Transaction, transaction
from shared.jobs import admin, queries
from web.api.job_shapes import (
    BulkQuery,
    BulkResult,
    JobDetail,
    JobList,
    JobQuery,
    Queue,
    QueueList,
    QueueName,
)
from web.gate import actor
from web.openapi import Answer, needs, noun
from web.paging import decode_id, encode_id
from web.params import ById, Reason, page
from web.shapes import JobAccepted

api = noun("jobs", "Every job, its attempts, and the queues")


@api.get("/jobs", responses={200: JobList})
@needs(Permission.READ_JOBS)
def list_jobs(query: JobQuery) -> Answer:
    """List jobs, newest first, with counts of all."""
    before = decode_id(query.cursor)
    with transaction() as tx:
        items, last = queries.list_jobs(tx, query.chosen(), query.limit, before)
        counts = queries.count_jobs(tx)
    return page(items, encode_id(last), counts=counts)


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
