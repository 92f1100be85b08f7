"""`python -m deploy.rehearsal [stage ...]`: rehearse, print figures, exit 1 when something did not hold."""

import argparse
import importlib
from collections.abc import Callable

from deploy.rehearsal.stage import Report, Stage, run_stages

#: In the order of their cost; each lives in a module of its own.
STAGES = {
    "lint": "lint",
    "nginx": "nginx_stage",
    "acme": "acme",
    "workflow": "workflow",
    "rolling": "rolling",
    "full": "full",
}


def main() -> int:
    """Run the named stages, or all."""
    parser = argparse.ArgumentParser(prog="deploy.rehearsal", description=__doc__)
    parser.add_argument("stage", nargs="*", choices=[*STAGES, []], help="all when none is named")
    chosen = parser.parse_args().stage or list(STAGES)
    return run_stages([Stage(name, _stage(name)) for name in chosen])


def _stage(name: str) -> Callable[[Report], None]:
    def run(report: Report) -> None:
        importlib.import_module(f"deploy.rehearsal.{STAGES[name]}").stage(report)

    return run


if __name__ == "__main__":
    raise SystemExit(main())
