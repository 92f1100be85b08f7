"""[p] Tell what a run found: a table for people, JSON for the record."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Result:
    """One row under one seed."""

    row: int
    fault: str
    seed: int
    result: Literal["pass", "FAIL", "SKIP"]
    jobs: int = 0
    seconds: float = 0.0
    #: The longest wait that the row measured, in seconds of this run; None: it measures none.
    recovery_seconds: float | None = None
    #: The same at the engine's real pace: divided by the scale, and so too long by what processes need to start.
    recovery_seconds_unscaled: float | None = None
    invariants: dict[str, list[str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    figures: dict[str, float | int | str] = field(default_factory=dict)
    reason: str = ""


def table(results: Sequence[Result]) -> str:
    """Return one line a result."""
    head = f"{'row':>3} {'seed':>6} {'result':6} {'jobs':>6} {'secs':>6} {'recovery':>9} {'x1':>7}  fault"
    return "\n".join([head, *(line(result) for result in results)])


def line(result: Result) -> str:
    """Return a result as one line, what broke beneath it."""
    recovery = "-" if result.recovery_seconds is None else f"{result.recovery_seconds:.2f}"
    unscaled = "-" if result.recovery_seconds_unscaled is None else f"{result.recovery_seconds_unscaled:.0f}"
    said = [
        f"{result.row:>3} {result.seed:>6} {result.result:6} {result.jobs:>6} {result.seconds:>6.1f} "
        f"{recovery:>9} {unscaled:>7}  {result.fault}"
    ]
    if result.reason:
        said.append(f"      {result.reason}")
    for name, why in result.invariants.items():
        said += [f"      {name}: {sentence}" for sentence in why[:3]]
        if len(why) > 3:
            said.append(f"      {name}: and {len(why) - 3} more")
    said += [f"      {sentence}" for sentence in result.failures]
    if result.figures:
        said.append("      " + ", ".join(f"{name} {value}" for name, value in result.figures.items()))
    return "\n".join(said)


def summary(results: Sequence[Result]) -> str:
    """Return the last line of a run; a row under several seeds passes when it passed under each."""
    by_row: dict[int, set[str]] = {}
    for result in results:
        by_row.setdefault(result.row, set()).add(result.result)
    failed = sum("FAIL" in seen for seen in by_row.values())
    passed = sum(seen == {"pass"} for seen in by_row.values())
    return f"{len(by_row)} rows: {passed} passed, {failed} failed, {len(by_row) - passed - failed} skipped"


def to_json(results: Sequence[Result], **about: object) -> str:
    """Return the record of a run."""
    return json.dumps({**about, "results": [asdict(result) for result in results]}, indent=1) + "\n"


def from_json(record: str) -> list[Result]:
    """Return the results that `to_json` wrote."""
    return [Result(**result) for result in json.loads(record)["results"]]
