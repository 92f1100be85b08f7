"""
`make bench`: measure the rows of the performance table beside their peers and limits.

`python -m tests.bench [--rows P1,P3] [--runs 5]`. Prints a table; a run of all rows writes
`results/<date>.json` (`--again` renews some rows of the newest), from which `python -m tests.bench.publish` fills the README.
"""

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.rows import table

MODULES = {
    "P1": "feeds",
    "P2": "feeds",
    "P3": "jobs",
    "P4": "jobs",
    "P5": "jobs",
    "P9": "photos",
    "P12": "feeds_observations",
    "P15": "start",
    "P16": "history",
    "P17": "schedule",
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run what was asked for and report it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(MODULES), help="which rows, for example P3,P5")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median is quoted")
    parser.add_argument(
        "--again", action="store_true", help="put these rows in the place of the newest whole run's"
    )
    asked = parser.parse_args()
    wanted = asked.rows.split(",")
    unknown = set(wanted) - set(MODULES)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    load = round(os.getloadavg()[0], 2)
    rows = []
    for name in dict.fromkeys(MODULES[row] for row in wanted):
        print(f"measuring {name} ...", file=sys.stderr)
        measured = import_module(f"tests.bench.{name}").measure(asked.runs)
        rows += [row.as_dict() for row in measured if row.id in wanted]
    machine = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": load,
    }
    now = datetime.now(UTC)
    result = {"at": now.isoformat(), "runs": asked.runs, "machine": machine, "rows": rows}
    file = RESULTS / f"{now:%Y-%m-%d}.json"
    if asked.again:
        result = measured_again(json.loads(max(RESULTS.glob("*.json")).read_text()), result)
    if asked.again or set(wanted) == set(MODULES):
        RESULTS.mkdir(exist_ok=True)
        file.write_text(json.dumps(result, indent=1) + "\n")
    print(table(rows))
    return 0


def measured_again(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Return a whole run with the rows of a part in the place of its own, each with when it was measured."""
    anew = {row["id"] for row in part["rows"]}
    fresh = [{**row, "at": part["at"]} for row in part["rows"]]
    rows = [row for row in whole["rows"] if row["id"] not in anew] + fresh
    order = list(MODULES)
    return {**whole, "rows": sorted(rows, key=lambda row: order.index(row["id"]))}


if __name__ == "__main__":
    sys.exit(main())
