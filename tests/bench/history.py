"""P16: what an operator looks for among a million jobs, and how long the answer takes."""

import time

from sqlalchemy import text

from shared.db import transaction
from shared.jobs import queries
from shared.jobs.admin import JobFilter
from tests.bench.rows import Row
from tests.support.rig import rig

ROWS = 1_000_000
#: Each asks for the first page; the last two are found nowhere and look at as much as one search may.
ASKED = (
    JobFilter(),
    JobFilter(state="dead"),
    JobFilter(state="dead,cancelled"),
    JobFilter(kind="uploads.clean"),
    JobFilter(kind="uploads.clean", state="dead"),
    JobFilter(queue="email", state="cancelled"),
    JobFilter(text="schedule"),
    JobFilter(state="dead", text="host 600000"),
    JobFilter(text="nothing like this"),
    JobFilter(kind="email.deliver", text="nothing like this"),
)
_FILL = """
INSERT INTO jobs (id, kind, queue, args, state, attempt, started_at, finished_at, error)
SELECT CAST(lpad(to_hex(1767225600000 + n), 12, '0') || '7000' || 'a' || substr(md5(n::text), 1, 15) AS uuid),
  (ARRAY['feeds.run', 'uploads.clean', 'email.deliver', 'reports.locate', 'jobs.noop'])[1 + n % 5],
  (ARRAY['feeds', 'uploads', 'email', 'bulk', 'bulk'])[1 + n % 5],
  jsonb_build_object('feed_id', md5(n::text), 'reason', 'schedule'),
  CASE WHEN n % 199 = 0 THEN 'dead' WHEN n % 331 = 0 THEN 'cancelled' ELSE 'succeeded' END,
  1, now(), now(), CASE WHEN n % 199 = 0 THEN 'HTTP 503 from host ' || n END
FROM generate_series(1, :rows) n
"""


def measure(runs: int) -> list[Row]:
    """Fill the table once and ask everything several times."""
    with rig(scale=1.0):
        with transaction() as tx:
            tx.execute(text(_FILL), {"rows": ROWS})
        with transaction() as tx:
            tx.execute(text("ANALYZE jobs"))
        tails = [_tail() for _ in range(runs)]
    return [
        Row(
            "P16",
            f"search {ROWS:,} jobs, p95 of {len(ASKED) * 4} questions",
            "ms",
            tails,
            higher_is_better=False,
            goal="<= 200 ms",
        )
    ]


def _tail() -> float:
    took = []
    for chosen in ASKED * 4:
        began = time.perf_counter()
        with transaction() as tx:
            queries.list_jobs(tx, chosen, 50, None)
        took.append(1000 * (time.perf_counter() - began))
    return sorted(took)[int(len(took) * 0.95)]
