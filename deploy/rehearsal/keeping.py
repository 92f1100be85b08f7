"""What must outlive a release: the work that a worker has in hand, and the backup of everything."""

import json
import secrets
import time

from deploy.rehearsal.images import FIRST
from deploy.rehearsal.podman import Engine
from deploy.rehearsal.stack import HOME, curl, eventually, provider, script, sql
from deploy.rehearsal.stage import Failed, Report

#: How long the provider takes for the mail that a worker has in hand when it is told to end.
SLOW_SECONDS = 8


def drain(report: Report, made: Engine) -> None:
    """A worker that is told to end while it sends a mail sends it to its end, once."""
    worker = "citypulse-worker-email-prod"
    provider(f"/slow?seconds={SLOW_SECONDS}", method="POST")
    before = provider()
    report_id = _file_report(made)
    begun = eventually(lambda: provider()["begun"] > before["begun"])
    report.require("a report is filed, and its mail is on its way", begun, report_id)
    began = time.monotonic()
    made.must("docker", "stop", "-t", "45", worker)
    seconds = time.monotonic() - began
    state = json.loads(made.must("docker", "inspect", worker))[0]["State"]
    report.check(
        "a worker that is told to end does so by itself, within its 45 s",
        seconds < 44 and state["ExitCode"] in {0, 143},
        f"{seconds:.1f} s, exit {state['ExitCode']}",
    )
    # It is the only report there is.
    jobs = (
        "SELECT string_agg(j.state || ' ' || j.attempt, ',') FROM jobs j "
        "JOIN deliveries d ON d.job_id = j.id WHERE d.state = 'sent'"
    )
    found = sql(made, jobs)
    report.check(
        "and it has finished the job it had in hand, at the first attempt", found == "succeeded 1", found
    )
    provider("/slow?seconds=0", method="POST")
    made.must("docker", "start", worker)
    all_sent = eventually(lambda: sql(made, "SELECT count(*) FROM deliveries WHERE state <> 'sent'") == "0")
    mails = sql(made, "SELECT string_agg(id::text, ' ') FROM deliveries").split()
    taken = provider()["taken"]
    report.check(
        "every mail of the report reached the provider once",
        all_sent and [taken.get(mail) for mail in mails] == [1] * len(mails),
        f"{len(mails)} mails",
    )


def _file_report(made: Engine) -> str:
    """File a report through the edge; returns its id."""
    fields = {
        "city": "london",
        "category": "pothole",
        "description": "A rehearsed hole",
        "lon": "-0.1276",
        "lat": "51.5072",
        "email": "resident@example.org",
    }
    options = [part for name, value in fields.items() for part in ("-F", f"{name}={value}")]
    answer = curl(made, "/api/v1/reports", "-H", f"Idempotency-Key: {secrets.token_hex(16)}", *options)
    try:
        return str(json.loads(answer.output)["id"])
    except (ValueError, KeyError):
        raise Failed(f"the report was not taken: {answer.output[-500:]}") from None


def back_up(report: Report, made: Engine) -> None:
    """A backup, a loss, a restore."""
    rows = "SELECT (SELECT count(*) FROM cities), (SELECT count(*) FROM reports), (SELECT count(*) FROM deliveries)"
    before, epoch = sql(made, rows), sql(made, "SELECT epoch FROM stream_state")
    began = time.monotonic()
    done = script(made, FIRST, "backup.sh")
    report.check(
        "a backup is made and verified", done.code == 0 and "tables verified" in done.output, done.last_line
    )
    report.figure(f"backup: {time.monotonic() - began:.0f} s")
    newest = max(path.name for path in (HOME / "backups").glob("db-*.dump"))
    sql(made, "UPDATE cities SET name = 'lost'; DELETE FROM reports")
    began = time.monotonic()
    done = script(made, FIRST, "restore.sh", newest, "--yes")
    report.require(
        "the backup is restored and everything comes back",
        done.code == 0,
        "" if not done.code else "\n" + done.output[-3000:],
    )
    after = sql(made, rows)
    lost = sql(made, "SELECT count(*) FROM cities WHERE name = 'lost'")
    raised = int(sql(made, "SELECT epoch FROM stream_state")) - int(epoch)
    report.check("every row is back", (before, "0") == (after, lost), f"{before} and {after}")
    report.check("the stream's epoch was raised", raised == 1, str(raised))
    report.figure(f"restore: {time.monotonic() - began:.0f} s")
