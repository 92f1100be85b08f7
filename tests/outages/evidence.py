"""What is stored and archived at the end, held against what the publishers remember."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from shared.db import transaction
from shared.feeds.archive import Archive
from tests.outages.forecast import Publisher
from tests.outages.judge import Ran
from tests.outages.publishers import Witness
from tests.support.web import Browser

_RUNS: Final = text("""
SELECT r.id, f.slug, r.state, r.records, r.error,
  r.new + r.changed + r.same + r.described
    + coalesce((SELECT sum(v::int) FROM jsonb_each_text(r.rejected) AS x(k, v)), 0) AS accounted,
  ARRAY(SELECT sha256 FROM feed_run_payloads p WHERE p.run_id = r.id ORDER BY position) AS bodies
FROM feed_runs r JOIN feeds f ON f.id = r.feed_id WHERE r.state <> 'running' ORDER BY r.started_at""")
_SHOWN: Final = text("""
SELECT feed_id, count(*) AS n FROM (
  SELECT feed_id FROM features WHERE missing_since IS NULL AND withdrawn_at IS NULL
  UNION ALL SELECT feed_id FROM things WHERE missing_since IS NULL
  UNION ALL SELECT feed_id FROM vehicles WHERE missing_since IS NULL) AS shown GROUP BY 1""")
_NAMED: Final = text("""
SELECT external_id FROM features WHERE feed_id = :id AND missing_since IS NULL AND withdrawn_at IS NULL
UNION SELECT external_id FROM things WHERE feed_id = :id AND missing_since IS NULL
UNION SELECT external_id FROM vehicles WHERE feed_id = :id AND missing_since IS NULL""")


def feeds(browser: Browser, city: str) -> dict[str, dict[str, Any]]:
    """Return slug -> feed as the API tells it."""
    items: list[dict[str, Any]] = browser.get(f"/api/v1/feeds?city={city}").get_json()["items"]
    return {item["slug"]: item for item in items}


def vehicles_told_fresh(browser: Browser, city: str) -> set[str]:
    """Return the ids of feeds of which the API tells a vehicle as fresh."""
    items = browser.get(f"/api/v1/vehicles?city={city}").get_json()["items"]
    return {item["source"]["feed_id"] for item in items if item["freshness"] == "fresh"}


def shown() -> dict[str, int]:
    """Return feed id -> how many of its items are shown."""
    with transaction() as tx:
        return {str(row.feed_id): int(row.n) for row in tx.execute(_SHOWN)}


def runs() -> list[Ran]:
    """Return every run that ended."""
    with transaction() as tx:
        return [
            Ran(
                int(row.slug.removeprefix("feed-")),
                row.state,
                row.records,
                int(row.accounted),
                row.error,
                tuple(row.bodies),
            )
            for row in tx.execute(_RUNS)
        ]


def not_archived(witness: Witness) -> Iterator[str]:
    """Name the bodies that went out whole and are not in the archive, whether or not they parse."""
    with transaction() as tx:
        kept = set(tx.scalars(text("SELECT sha256 FROM payloads")))
    archive = Archive()
    for ask in witness.asked:
        if ask.sha256 is not None and not (ask.sha256 in kept and archive.holds(ask.sha256)):
            what = ask.fault or "good"
            yield f"feed-{ask.number}: an answer of minute {ask.minute} ({what}) is not in the archive"


def not_stored(one: Publisher, feed: Mapping[str, Any], witness: Witness) -> Iterator[str]:
    """Name what the last good answers of a publisher hold and its feed does not show."""
    sent: dict[str, frozenset[str]] = {
        ask.page: witness.held[ask.sha256]
        for ask in witness.of(one.number)
        if ask.fault is None and ask.sha256 in witness.held
    }
    with transaction() as tx:
        named = set(tx.scalars(_NAMED, {"id": UUID(feed["id"])}))
    for page, ids in sent.items():
        if lost := ids - named:
            yield f"{one.slug}: {len(lost)} of {len(ids)} records of {page} are not shown"
