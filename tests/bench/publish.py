"""
Put the newest whole run into the README: the table, and the chart of durable jobs a second.

`python -m tests.bench.publish` after `make bench`; figures in the README come from nowhere else.
"""

import json
import sys
from html import escape
from pathlib import Path
from typing import Any

from tests.bench.rows import table

ROOT = Path(__file__).parent.parent.parent
RESULTS = Path(__file__).parent / "results"
CHART = Path(".github") / "bench.svg"
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
_WIDTH, _BAR, _GAP, _LEFT = 720, 22, 10, 250


def main() -> int:
    """Rewrite what stands between the two marks of the README, and the chart it shows."""
    found = sorted(RESULTS.glob("*.json"))
    if not found:
        print("no results yet: run `make bench` first", file=sys.stderr)
        return 1
    result = json.loads(found[-1].read_text())
    readme = ROOT / "README.md"
    readme.write_text(fill(readme.read_text(), result))
    (ROOT / CHART).write_text(chart(jobs_a_second(result["rows"])))
    return 0


def fill(readme: str, result: dict[str, Any]) -> str:
    """
    Return the README with the table of a result between its marks.

    Raises: ValueError when a mark is missing.
    """
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README.md lacks {BEGIN} or {END}")
    machine = result["machine"]
    about = (
        f"{result['at'][:10]}, {machine['cores']} cores, Python {machine['python']}, load {machine['load']}"
        f" before; medians of {result['runs']} runs."
    )
    picture = f"![Durable jobs a second, ours and others]({CHART.as_posix()})"
    return f"{before}{BEGIN}\n{about}\n\n{picture}\n\n{table(result['rows'])}\n{END}{after}"


def jobs_a_second(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return name -> jobs a second of everybody in row P3, ours first."""
    bars: dict[str, float] = {}
    others: dict[str, float] = {}
    for row in (row for row in rows if row["id"] == "P3"):
        bars[f"CityPulse, {row['work'].partition(', ')[2]}"] = row["ours"]
        others[f"{row['limit']['name']} (keeps no record)"] = row["limit"]["median"]
        for name, peer in row["peers"].items():
            others[name] = peer["median"]
    return bars | dict(sorted(others.items(), key=lambda item: -item[1]))


def chart(bars: dict[str, float]) -> str:
    """Draw horizontal bars as SVG that reads on light and on dark paper."""
    most = max(bars.values())
    height = len(bars) * (_BAR + _GAP) + _GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="13">',
        "<title>Durable jobs a second</title>",
        "<style>text{fill:#333}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>",
    ]
    for number, (name, value) in enumerate(bars.items()):
        top = _GAP + number * (_BAR + _GAP)
        long = max(2.0, (_WIDTH - _LEFT - 80) * value / most)
        colour = "#0b7a75" if name.startswith("CityPulse") else "#9aa5b1"
        lines += [
            f'<text x="{_LEFT - 8}" y="{top + 16}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{top}" width="{long:.1f}" height="{_BAR}" rx="3" fill="{colour}"/>',
            f'<text x="{_LEFT + long + 6:.1f}" y="{top + 16}">{value:,.0f}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    sys.exit(main())
