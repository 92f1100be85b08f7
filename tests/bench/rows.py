"""[p] What a benchmark row is: figures of several runs, of ours, the peers and the limit, in one unit."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """
    One line of the report.

    `ours`, `limit` and each of `peers` are figures of at least one run each, all measured together.
    `higher_is_better` is false for times and sizes.
    """

    id: str
    work: str
    unit: str
    ours: list[float]
    limit: list[float] = field(default_factory=list)
    limit_name: str = ""
    peers: dict[str, list[float]] = field(default_factory=dict)
    higher_is_better: bool = True
    goal: str = ""
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Give the row as JSON, medians and ratios worked out."""
        own = median(self.ours)
        return {
            "id": self.id,
            "work": self.work,
            "unit": self.unit,
            "ours": round(own, 3),
            "runs": [round(value, 3) for value in self.ours],
            "spread": round((max(self.ours) - min(self.ours)) / own, 3) if own else 0.0,
            "limit": {"name": self.limit_name, "median": round(median(self.limit), 3)}
            if self.limit
            else None,
            "ours_to_limit": ratio(own, self.limit),
            "peers": {
                name: {"median": round(median(runs), 3), "ours_to_peer": ratio(own, runs)}
                for name, runs in self.peers.items()
            },
            "higher_is_better": self.higher_is_better,
            "goal": self.goal,
            "note": self.note,
        }


def ratio(own: float, others: list[float]) -> float | None:
    """Return ours divided by the median of the others."""
    return round(own / median(others), 3) if others and median(others) else None


def table(rows: list[dict[str, Any]]) -> str:
    """Lay the rows out for a terminal and for the README."""
    lines = [
        "| id | work | ours | spread | limit (ours/limit) | peers (ours/peer) | goal |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        limit = (
            f"{row['limit']['name']} {_figure(row['limit']['median'])} ({row['ours_to_limit']})"
            if row["limit"]
            else "–"
        )
        peers = (
            "; ".join(
                f"{name} {_figure(peer['median'])} ({peer['ours_to_peer']})"
                for name, peer in row["peers"].items()
            )
            or "–"
        )
        own = f"{_figure(row['ours'])} {row['unit']}"
        lines.append(
            f"| {row['id']} | {row['work']} | {own} | ±{row['spread'] / 2:.0%} | {limit} | {peers} | {row['goal']} |"
        )
    return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"
