"""
An hour of outages in minutes: `python -m tests.outages`, longer with `--minutes 60`.

Forty publishers, three quarters of which fail in turn, each in its own way; real servers, relay and workers. Prints
a line a kind of fault and whatever did not hold, and returns 1 if anything did not.
"""

import argparse
import json
import shutil
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from shared.accounts.rules import Role
from tests.outages import evidence, judge
from tests.outages.forecast import FAULTS, SHORTEST_MINUTES, publishers
from tests.outages.stage import CITY, Stage, stage
from tests.support.web import Browser
from workers.app import app
from workers.beat import PostgresScheduler

SHORT_MINUTES: Final = 16
#: Where the logs of a rehearsal are kept in which something did not hold.
LOGS: Final = Path(__file__).parent.parent.parent / "test-results" / "outages"


class Rehearsal:
    """One hour, and what did not hold in it."""

    def __init__(self, opened: Stage) -> None:
        self.broken: list[str] = []
        self.seen = judge.Seen()
        self._stage = opened
        self._beat = PostgresScheduler(app)
        self._browser = Browser(Role.ADMIN)
        self._shown: dict[str, int] = {}

    def live(self, minutes: int) -> None:
        """Let every minute pass, and judge each at its end."""
        for minute in range(minutes):
            if minute:
                self._stage.pass_minute()
            self._beat.tick()
            self._stage.settle()
            self._judge()

    def _judge(self) -> None:
        """Hold what the API tells now against what the publishers remember."""
        hour, witness = self._stage.hour, self._stage.server.witness
        told, now = evidence.feeds(self._browser, CITY), hour.now()
        shown, fresh = evidence.shown(), evidence.vehicles_told_fresh(self._browser, CITY)
        for one in self._stage.known:
            feed, asked = told[one.slug], witness.of(one.number)
            self.broken += judge.in_a_minute(one, feed, asked, now)
            fault = one.fault_in(hour.minute)
            if fault is not None:
                self.seen.freshness.setdefault(one.number, set()).add(feed["freshness"])
            if feed["open_until"] is not None:
                until = judge.moment(feed["open_until"]) + hour.skipped_seconds
                self.seen.opened.setdefault(one.number, []).append((now, until))
            if feed["freshness"] != "fresh" and feed["id"] in fresh:
                self.broken.append(f"{one.slug} is {feed['freshness']}, and a vehicle of it is told as fresh")
            before, after = self._shown.get(feed["id"], 0), shown.get(feed["id"], 0)
            if fault not in (None, "stale") and before != after:
                self.broken.append(f"{one.slug}: {before} items became {after} while its publisher failed")
        self._shown = shown

    def end(self, minutes: int) -> list[judge.Ran]:
        """Judge the whole hour."""
        witness, runs = self._stage.server.witness, evidence.runs()
        told = evidence.feeds(self._browser, CITY)
        self.broken += judge.at_the_end(self._stage.known, witness, self.seen, runs, minutes)
        self.broken += evidence.not_archived(witness)
        for one in self._stage.known:
            feed = told[one.slug]
            self.broken += evidence.not_stored(one, feed, witness)
            if (feed["freshness"], feed["failures_in_a_row"]) != ("fresh", 0):
                self.broken.append(f"{one.slug} is well again, and its feed {feed['freshness']}")
        return runs


def main(arguments: list[str] | None = None) -> int:
    """Rehearse and report."""
    parser = argparse.ArgumentParser(prog="python -m tests.outages", description=__doc__)
    parser.add_argument("--minutes", type=int, default=SHORT_MINUTES, help="of the feeds' time")
    parser.add_argument("--json", type=Path, help="write the record here")
    asked = parser.parse_args(arguments)
    if asked.minutes < SHORTEST_MINUTES:
        parser.error(f"at least {SHORTEST_MINUTES} minutes")
    began = time.monotonic()
    known = publishers(asked.minutes)
    with stage(known) as opened:
        rehearsal = Rehearsal(opened)
        rehearsal.live(asked.minutes)
        runs = rehearsal.end(asked.minutes)
        lines = figures(opened, rehearsal, runs)
        if rehearsal.broken:
            _keep_logs(opened.rig.folder)
    took = time.monotonic() - began
    print(table(lines))
    for sentence in rehearsal.broken[:40]:
        print(f"  FAIL {sentence}")
    print(
        f"{asked.minutes} minutes in {took:.0f} s: {len(runs)} runs, {len(rehearsal.broken)} faults of ours"
    )
    if asked.json:
        record = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "minutes": asked.minutes,
            "seconds": round(took, 1),
            "rows": lines,
            "broken": rehearsal.broken,
        }
        asked.json.write_text(json.dumps(record, indent=1) + "\n")
    return int(bool(rehearsal.broken))


def _keep_logs(folder: Path) -> None:
    LOGS.mkdir(parents=True, exist_ok=True)
    for path in folder.glob("*.log"):
        shutil.copy(path, LOGS)
    print(f"logs kept in {LOGS}")


def figures(opened: Stage, rehearsal: Rehearsal, runs: list[judge.Ran]) -> list[dict[str, Any]]:
    """Return what happened under each kind of fault, the steady publishers first."""
    lines = []
    witness = opened.server.witness
    for fault in (None, *FAULTS):
        numbers = {one.number for one in opened.known if one.fault == fault}
        states = Counter(ran.state for ran in runs if ran.number in numbers)
        asked = [ask for ask in witness.asked if ask.number in numbers]
        lines.append(
            {
                "fault": fault or "none",
                "feeds": len(numbers),
                "asked": len(asked),
                "bodies": len({ask.sha256 for ask in asked} - {None}),
                "well": states["succeeded"] + states["unchanged"],
                "failed": states["failed"],
                "opened": sum(bool(rehearsal.seen.opened.get(number)) for number in numbers),
                "stalest": _stalest(rehearsal.seen, numbers),
            }
        )
    return lines


def _stalest(seen: judge.Seen, numbers: set[int]) -> str:
    order = ("fresh", "late", "stale", "dead")
    told = {word for number in numbers for word in seen.freshness.get(number, set())}
    return max(told, key=order.index, default="fresh")


def table(lines: list[dict[str, Any]]) -> str:
    """Lay the figures out for a terminal."""
    head = f"{'fault':14}{'feeds':>6}{'asked':>7}{'bodies':>8}{'well':>6}{'failed':>8}{'opened':>8}  stalest"
    return "\n".join(
        [
            head,
            *(
                f"{row['fault']:14}{row['feeds']:>6}{row['asked']:>7}{row['bodies']:>8}{row['well']:>6}"
                f"{row['failed']:>8}{row['opened']:>8}  {row['stalest']}"
                for row in lines
            ),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
