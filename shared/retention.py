"""
What is kept for how long: the one table of it, read by the jobs that forget and by whoever asks what would go.

Every table is here: in a rule, in `STAYS` with the reason, or gone with the row that it belongs to. Feeds' runs,
payloads, observations and vehicles follow `shared/feeds/retention.py`, which knows their archive and partitions;
their ages are shown here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from sqlalchemy import text

from shared.db import Transaction, transaction
from shared.feeds import retention as feeds
from shared.jobs.rules import KEEP_DEAD_DAYS, KEEP_SUCCEEDED_DAYS
from shared.storage import storage

KEEP_EVENTS: Final = timedelta(hours=24)
#: A file younger than this may belong to a row that is about to be written.
YOUNG_FILES: Final = timedelta(days=1)
FILES_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """
    Rows of one table that go once they are old.

    `old` is a condition on the table, with `:before` for the moment up to which rows go. `by` names the
    message whose handler carries it out.
    """

    name: str
    table: str
    what: str
    keep: timedelta
    old: str
    batch: int = 1000
    by: str = "jobs.forget"


RULES: Final = (
    Rule(
        "idempotency_keys", "idempotency_keys", "answers kept for repeated requests",
        timedelta(days=2), "created_at < :before",
    ),
    Rule(
        "sessions", "sign_ins", "sessions that ended",
        timedelta(days=30), "coalesce(revoked_at, expires_at) < :before",
    ),
    Rule(
        "links", "account_tokens", "mailed links that were used or ran out",
        timedelta(days=7), "coalesce(used_at, expires_at) < :before",
    ),
    Rule(
        "api_keys", "api_keys", "API keys that ran out or were taken back",
        timedelta(days=90), "coalesce(revoked_at, expires_at) < :before",
    ),
    Rule(
        "unconfirmed", "users", "accounts whose address was never confirmed",
        timedelta(days=30),
        "email_verified_at IS NULL AND role = 'resident' AND created_at < :before AND NOT EXISTS"
        " (SELECT 1 FROM identities i WHERE i.user_id = users.id) AND NOT EXISTS"
        " (SELECT 1 FROM sign_ins s WHERE s.user_id = users.id)",
        batch=100,
    ),
    Rule(
        "farewells", "deliveries", "last mails to erased accounts",
        timedelta(days=7), "template = 'erase_done' AND created_at < :before",
    ),
    Rule(
        "mails", "deliveries", "mails that were sent, refused or bounced",
        timedelta(days=90), "state NOT IN ('pending', 'sending', 'held') AND created_at < :before",
    ),
    Rule(
        "mailbox_farewells", "mailbox", "the local mailbox's copies of last mails",
        timedelta(days=7),
        "created_at < :before AND delivery_id IN (SELECT id FROM deliveries WHERE template = 'erase_done')",
    ),
    Rule(
        "mailbox", "mailbox", "the local mailbox's copies of mails", timedelta(days=30), "created_at < :before",
    ),
    Rule(
        "mail_events", "email_events", "what the provider told of mails",
        timedelta(days=90), "received_at < :before",
    ),
    Rule(
        "exports", "exports", "what is known of copies of a person's data whose file is gone",
        timedelta(days=90), "state IN ('expired', 'failed') AND created_at < :before",
    ),
    Rule(
        "stray_photos", "uploads", "photos that no report was filed with",
        timedelta(days=30), "purpose = 'photo' AND report_id IS NULL AND created_at < :before",
    ),
    Rule("effects", "effects", "calls to the outside that ended", timedelta(days=90), "settled_at < :before"),
    Rule("batches", "job_batches", "batches of jobs that ended", timedelta(days=90), "finished_at < :before"),
    Rule(
        "jobs", "jobs", "jobs that succeeded or were cancelled",
        timedelta(days=KEEP_SUCCEEDED_DAYS), "state IN ('succeeded', 'cancelled') AND finished_at < :before",
        by="jobs.prune",
    ),
    Rule(
        "dead_jobs", "jobs", "jobs that failed for good",
        timedelta(days=KEEP_DEAD_DAYS), "state = 'dead' AND finished_at < :before", by="jobs.prune",
    ),
    Rule("zones", "zones", "outlines of zones that no alert named", timedelta(days=90), "asked_at < :before"),
    Rule("events", "events", "events of the live stream", KEEP_EVENTS, "at < :before", by="jobs.prune"),
    Rule(
        "feed_runs", "feed_runs", "runs of feeds that found something or failed",
        feeds.RUNS, "state NOT IN ('running', 'unchanged') AND started_at < :before", by="feeds.tidy",
    ),
    Rule(
        "unchanged_runs", "feed_runs", "runs of feeds that found nothing new",
        feeds.UNCHANGED_RUNS, "state = 'unchanged' AND started_at < :before", by="feeds.tidy",
    ),
    Rule("payloads", "payloads", "raw payloads", feeds.PAYLOADS, "created_at < :before", by="feeds.tidy"),
    Rule(
        "observations", "observations", "observations, by whole months",
        feeds.OBSERVATIONS, "phenomenon_time < :before", by="feeds.tidy",
    ),
    Rule(
        "observation_hours", "observation_hours", "observations summed up by the hour",
        feeds.OBSERVATIONS, "start < :before", by="feeds.tidy",
    ),
    Rule(
        "vehicles", "vehicles", "vehicles that their publisher lists no more",
        feeds.GONE, "missing_since < :before", by="feeds.tidy",
    ),
    Rule(
        "unseen_vehicles", "vehicles", "vehicles that nobody saw",
        feeds.UNSEEN, "fetched_at < :before AND coalesce(observed_at, fetched_at) < :before", by="feeds.tidy",
    ),
    Rule(
        "trips", "trip_updates", "trips that their publisher lists no more",
        feeds.GONE, "missing_since < :before", by="feeds.tidy",
    ),
    Rule(
        "unseen_trips", "trip_updates", "trips of which nothing was heard",
        feeds.UNSEEN, "fetched_at < :before AND coalesce(observed_at, fetched_at) < :before", by="feeds.tidy",
    ),
)  # fmt: skip

#: Tables in no rule, and why their rows stay.
STAYS: Final = {
    "areas": "of the city's pack",
    "audit_log": "only added to, whoever asks",
    "breakers": "one row a provider",
    "cities": "of the city's pack",
    "email_suppressions": "addresses that are not to be written to again",
    "feature_versions": "what a publisher said and changed is the city's record",
    "features": "what a publisher said and withdrew is the city's record",
    "feeds": "until an admin removes them",
    "processes": "those not seen for an hour are taken out by the relay",
    "queues": "one row a queue",
    "rate_buckets": "one row a host or provider",
    "report_counters": "one row a city",
    "reports": "the city's record",
    "schedules": "one row a schedule",
    "stream_state": "one row",
    "things": "one row a station, until its feed is removed",
    "transit_routes": "of their timetable",
    "transit_timetables": "one a feed, until a newer one replaces it or its feed is removed",
    "transit_trips": "of their timetable",
}


@dataclass(frozen=True, slots=True)
class Files:
    """A folder of storage whose files go when no row names them; `named` returns those of `:paths` that one does."""

    folder: str
    what: str
    named: str


FILES: Final = (
    Files(
        "incoming", "received files whose row was never written, or forgot them",
        "SELECT path FROM uploads WHERE path = ANY(:paths)",
    ),
    Files(
        "photos", "photos of reports that are gone",
        "SELECT p FROM unnest(CAST(:paths AS text[])) AS p JOIN uploads u ON u.id::text = split_part(p, '/', 3)",
    ),
    Files(
        "exports", "copies of a person's data that no row names",
        "SELECT path FROM exports WHERE path = ANY(:paths)",
    ),
)  # fmt: skip


def count_old(tx: Transaction, rule: Rule, now: datetime) -> int:
    """Count the rows that would go now."""
    query = text(f"SELECT count(*) FROM {rule.table} WHERE {rule.old}")  # noqa: S608 - names and conditions of ours
    return int(tx.execute(query, {"before": now - rule.keep}).scalar_one())


def forget_old(tx: Transaction, rule: Rule, now: datetime) -> int:
    """Remove one batch of old rows; returns how many. Rows that somebody holds wait for the next time."""
    statement = text(
        f"DELETE FROM {rule.table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {rule.table}"  # noqa: S608 - as above
        f" WHERE {rule.old} LIMIT :most FOR UPDATE SKIP LOCKED)) RETURNING 1"
    )
    return len(tx.execute(statement, {"before": now - rule.keep, "most": rule.batch}).all())


def orphans(files: Files, now: datetime) -> Iterator[str]:
    """Yield the files of a folder that no row names and that are too old for one to be on its way."""
    found = (path for path, written in storage().walk(files.folder) if written < now - YOUNG_FILES)
    while paths := list(islice(found, FILES_AT_ONCE)):
        with transaction() as tx:
            named = set(tx.scalars(text(files.named), {"paths": paths}))
        yield from (path for path in paths if path not in named)
