"""Feeds: whose data we read, how it goes, and reading it again."""

from shared.accounts.rules import Permission
from shared.audit import audit
from shared.cities.queries import find_city
from shared.clock import utcnow
from shared.db import transaction
from shared.feeds import options, previews, queries, removal, service
from shared.feeds.service import FeedDraft
from web.api.feed_shapes import (
    Feed,
    FeedChange,
    FeedKindList,
    FeedList,
    FeedQuery,
    FeedRejectList,
    FeedRunList,
    NewFeed,
    RejectQuery,
    ReprocessRequest,
    RunQuery,
)
from web.api.preview_shapes import FeedPreview, PreviewRequest
from web.gate import actor
from web.openapi import Answer, needs, noun
from web.params import ById, page
from web.shapes import JobAccepted
from web.versions import Expected, etag

api = noun("feeds", "The publishers' feeds, their runs and their archive")


@api.get("/feeds", responses={200: FeedList})
@needs(Permission.PUBLIC)
def list_feeds(query: FeedQuery) -> Answer:
    """List feeds with their freshness and their last run."""
    with transaction() as tx:
        if query.city is not None:
            find_city(tx, query.city)
        return page(queries.list_feeds(tx, query.city, utcnow()), None)


@api.get("/feeds/kinds", responses={200: FeedKindList})
@needs(Permission.PUBLIC)
def list_kinds() -> Answer:
    """List the kinds of feeds, and what each may be told in its `options`."""
    return page([{"kind": kind, "options": options.described(kind)} for kind in options.kinds()], None)


@api.get("/feeds/<uuid:id>", responses={200: Feed})
@needs(Permission.PUBLIC)
def get_feed(path: ById) -> Answer:
    """Show one feed."""
    with transaction() as tx:
        feed = queries.get_feed(tx, path.id, utcnow())
    return feed, 200, etag(feed)


@api.post("/feeds", responses={201: Feed})
@needs(Permission.MANAGE_FEEDS)
def create_feed(body: NewFeed) -> Answer:
    """Add a feed; it is due at once."""
    now = utcnow()
    draft = FeedDraft(**{**body.model_dump(), "slug": body.slug or ""})
    with transaction() as tx:
        feed = service.create_feed(tx, draft, now)
        audit(tx, actor(), "feeds.create", subject=str(feed.id), url=feed.url)
        made = queries.get_feed(tx, feed.id, now)
    return made, 201, {"Location": f"/api/v1/feeds/{made['id']}", **etag(made)}


@api.post("/feeds/preview", responses={202: JobAccepted})
@needs(Permission.MANAGE_FEEDS)
def preview_feed(body: PreviewRequest) -> Answer:
    """Try a feed before it is saved: fetch and parse it once, and store nothing of it."""
    with transaction() as tx:
        made = previews.request_preview(tx, **body.model_dump())
        audit(tx, actor(), "feeds.preview", subject=str(made.id), url=body.url)
    return {"job_id": made.id}, 202


@api.get("/feeds/preview/<uuid:id>", responses={200: FeedPreview})
@needs(Permission.MANAGE_FEEDS)
def show_preview(path: ById) -> Answer:
    """Show what a preview found, by its job; 404 until that has ended."""
    return previews.read_preview(path.id)


@api.patch("/feeds/<uuid:id>", responses={200: Feed})
@needs(Permission.MANAGE_FEEDS)
def change_feed(header: Expected, path: ById, body: FeedChange) -> Answer:
    """Change a feed, if nobody else has since `If-Match` (412)."""
    now, changes = utcnow(), body.model_dump(exclude_unset=True, exclude_none=True)
    with transaction() as tx:
        service.update_feed(tx, path.id, changes, now, header.versions)
        audit(tx, actor(), "feeds.change", subject=str(path.id), changed=sorted(changes))
        feed = queries.get_feed(tx, path.id, now)
    return feed, 200, etag(feed)


@api.delete("/feeds/<uuid:id>", responses={202: JobAccepted})
@needs(Permission.MANAGE_FEEDS)
def delete_feed(header: Expected, path: ById) -> Answer:
    """Remove a feed and all it gave; until the job has ended the feed is there, paused."""
    with transaction() as tx:
        made = removal.request_delete(tx, path.id, header.versions)
        audit(tx, actor(), "feeds.delete", subject=str(path.id), job_id=str(made.id))
    return {"job_id": made.id}, 202


@api.post("/feeds/<uuid:id>/run", responses={202: JobAccepted})
@needs(Permission.MANAGE_FEEDS)
def run_feed(path: ById) -> Answer:
    """Run a feed now; a run that waits already stands for it."""
    with transaction() as tx:
        made = service.run_now(tx, path.id, "asked for by an admin")
        audit(tx, actor(), "feeds.run", subject=str(path.id), job_id=str(made.id))
    return {"job_id": made.id}, 202


@api.post("/feeds/<uuid:id>/reprocess", responses={202: JobAccepted})
@needs(Permission.MANAGE_FEEDS)
def reprocess_feed(path: ById, body: ReprocessRequest) -> Answer:
    """Parse archived payloads again; a dry run shows what would change."""
    with transaction() as tx:
        made = service.request_reprocess(
            tx, path.id, body.from_, body.to, dry_run=body.dry_run, reason=body.reason
        )
        audit(tx, actor(), "feeds.reprocess", subject=str(path.id), reason=body.reason, dry_run=body.dry_run)
    return {"job_id": made.id}, 202


@api.get("/feeds/<uuid:id>/runs", responses={200: FeedRunList})
@needs(Permission.READ_RUNS)
def list_runs(path: ById, query: RunQuery) -> Answer:
    """List a feed's runs, newest first."""
    with transaction() as tx:
        found = queries.list_runs(tx, path.id, query.limit, query.cursor)
    return page(found.items, found.next)


@api.get("/feeds/<uuid:id>/rejects", responses={200: FeedRejectList})
@needs(Permission.READ_RUNS)
def list_rejects(path: ById, query: RejectQuery) -> Answer:
    """List records that were set aside, with their reasons."""
    with transaction() as tx:
        return page(queries.list_rejects(tx, path.id, query.run, query.limit), None)
