"""
`make bench`: measure the rows of the performance table beside their peers and limits.

`python -m tests.bench [--rows P1,P3] [--runs 5]`. Prints a table; a run of all rows writes
`results/<date>.json`, from which `python -m tests.bench.publish` fills the README.
"""

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

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
}
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run what was asked for and report it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(MODULES), help="which rows, for example P3,P5")
    parser.add_argument("--runs", type=int, default=5, help="runs of each; the median is quoted")
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
    if set(wanted) == set(MODULES):
        RESULTS.mkdir(exist_ok=True)
        result = {"at": now.isoformat(), "runs": asked.runs, "machine": machine, "rows": rows}
        (RESULTS / f"{now:%Y-%m-%d}.json").write_text(json.dumps(result, indent=1) + "\n")
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
