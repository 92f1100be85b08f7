"""What a stage is made of: checks that pass or fail, figures, and an honest skip."""

import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: The exit code of a run in which nothing could be rehearsed: neither well nor failed.
SKIPPED = 77


class Skip(Exception):
    """Say why this machine cannot run a stage; never counted as a pass."""


class Failed(Exception):
    """Say what did not hold."""


@dataclass
class Report:
    """What a stage found out, told as it goes."""

    stage: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    figures: list[str] = field(default_factory=list)

    def check(self, name: str, holds: bool, detail: str = "") -> bool:
        """Count one check and print it; returns whether it holds."""
        self.passed += holds
        self.failed += not holds
        say(f"  {'ok  ' if holds else 'FAIL'} {name}" + (f": {detail}" if detail else ""))
        return holds

    def require(self, name: str, holds: bool, detail: str = "") -> None:
        """
        Count one check that everything after it needs.

        Raises: Failed when it does not hold.
        """
        if not self.check(name, holds, detail):
            raise Failed(name)

    def skip(self, name: str, reason: str) -> None:
        """Count a check that this machine cannot make."""
        self.skipped += 1
        say(f"  SKIP {name}: {reason}")

    def figure(self, text: str) -> None:
        """Print a measured number and keep it for the summary."""
        self.figures.append(text)
        say(f"       {text}")


@dataclass(frozen=True)
class Stage:
    """A named part of the rehearsal."""

    name: str
    run: Callable[[Report], None]


def run_stages(stages: Sequence[Stage]) -> int:
    """Run the stages, print a summary that ends in counts, and return the exit code: 0, 1, or SKIPPED."""
    lines, totals = [], Report("all")
    for stage in stages:
        report, began = Report(stage.name), time.monotonic()
        say(f"== {stage.name}")
        result = _run(stage, report)
        seconds = time.monotonic() - began
        lines.append(
            f"{stage.name:<10} {result:<5} {report.passed:>3} ok {report.failed:>2} failed {seconds:6.1f} s"
        )
        totals.passed += report.passed
        totals.failed += report.failed
        totals.skipped += report.skipped + (result == "SKIP")
    say("\n" + "\n".join(lines))
    say(f"rehearsal: {totals.passed} passed, {totals.failed} failed, {totals.skipped} skipped")
    if totals.failed:
        return 1
    return 0 if totals.passed else SKIPPED


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _run(stage: Stage, report: Report) -> str:
    try:
        stage.run(report)
    except Skip as reason:
        say(f"SKIP {stage.name}: {reason}")
        return "SKIP"
    except Failed as failure:
        say(f"== {stage.name} stopped: {failure}")
        report.failed = max(report.failed, 1)
    except Exception:  # A bug of the rehearsal is a failure like any other, and the other stages still run.
        report.check("the stage ran to its end", False, "\n" + traceback.format_exc())
    if not report.failed and not report.passed:
        report.check("something was checked", False)
    return "RED" if report.failed else "ok"
