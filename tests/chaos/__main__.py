"""Run the chaos matrix: `python -m tests.chaos --short`, or `--rows 1,2,7 --seeds 20`."""

import argparse
import random
import shutil
import sys
import time
import traceback
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos import report, side_by_side
from tests.chaos.checker import check
from tests.chaos.report import Result
from tests.chaos.rows import MatrixRow, Skip, all_rows
from tests.chaos.stage import Stage, stage
from tests.chaos.variants import BREAKS

SHORT_SEED = 1
#: Where the logs of failed rows are kept.
LOGS = Path(__file__).parent.parent.parent / "test-results" / "chaos"


def main(arguments: list[str] | None = None) -> int:
    """Run the rows asked for; returns 1 when anything broke."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(given)
    every = all_rows()
    chosen = [every[int(n)] for n in options.rows.split(",")] if options.rows else list(every.values())
    first = options.seed if options.seed is not None else SHORT_SEED if options.short else _any_seed()
    seeds = [first + n for n in range(options.seeds)]
    print(f"seeds {seeds[0]} to {seeds[-1]}, engine waits x {options.scale}", flush=True)
    print(report.table([]), flush=True)
    if options.jobs > 1:
        results = _side_by_side(seeds, [row.number for row in chosen], options.jobs, given)
    else:
        results = _one_by_one(seeds, chosen, options)
    if options.json:
        about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "short": options.short}
        options.json.write_text(report.to_json(results, **about, scale=options.scale, seeds=seeds))
    print(report.summary(results))
    return int(any(result.result == "FAIL" for result in results))


def _one_by_one(seeds: list[int], chosen: list[MatrixRow], options: argparse.Namespace) -> list[Result]:
    results: list[Result] = []
    with stage(scale=options.scale, variant=options.variant) as opened:
        for seed in seeds:
            for row in chosen:
                results.append(_run(opened, row, seed, options))
                print(report.line(results[-1]), flush=True)
                if results[-1].result == "FAIL":
                    _keep_logs(opened.rig.folder, results[-1])
    return results


def _side_by_side(seeds: list[int], rows: list[int], jobs: int, given: list[str]) -> list[Result]:
    results: list[Result] = []
    for found in side_by_side.run(seeds, rows, jobs, side_by_side.options_of_a_run(given)):
        results += found
        print("\n".join(report.line(result) for result in found), flush=True)
    return sorted(results, key=lambda result: (result.seed, result.row))


def _run(opened: Stage, row: MatrixRow, seed: int, options: argparse.Namespace) -> Result:
    began = time.monotonic()
    try:
        arena = opened.arena(
            seed=seed, short=options.short, minutes=options.minutes, patience=options.patience
        )
        row.run(arena)
    except Skip as skip:
        return Result(row.number, row.fault, seed, "SKIP", reason=str(skip))
    except Exception as error:
        # A row that cannot go on has failed; the rest of the matrix is still worth its time.
        place = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{type(error).__name__}: {error} ({place.name}:{place.lineno})"
        return Result(row.number, row.fault, seed, "FAIL", failures=[why], seconds=time.monotonic() - began)
    evidence = arena.evidence()
    broken: dict[str, list[str]] = defaultdict(list)
    for found in check(evidence):
        broken[found.invariant].append(found.why)
    longest = max(arena.recoveries, default=None)
    return Result(
        row=row.number,
        fault=row.fault,
        seed=seed,
        result="FAIL" if broken or arena.failures else "pass",
        jobs=len(evidence.rows),
        seconds=round(time.monotonic() - began, 1),
        recovery_seconds=None if longest is None else round(longest, 3),
        recovery_seconds_unscaled=None if longest is None else round(longest / opened.scale, 1),
        invariants=dict(broken),
        failures=arena.failures,
        figures=arena.figures,
    )


def _keep_logs(folder: Path, result: Result) -> None:
    """Keep what the processes and the oracle wrote in a failed row, and say where."""
    place = LOGS / f"{result.row}-{result.seed}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for path in [*folder.glob("*.log"), *folder.glob("oracle*.jsonl")]:
        shutil.copy(path, place)
    print(f"      logs kept in {place}", flush=True)


def _any_seed() -> int:
    return random.randrange(1_000_000)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="every row once, small, within six minutes")
    parser.add_argument("--rows", help="only these, for example 1,2,7")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--seed", type=int, help="the first seed")
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="how many runs at a time, of seeds or rows, each on its own servers",
    )
    parser.add_argument("--minutes", type=float, help="how long the soak takes (row 24)")
    parser.add_argument("--scale", type=float, default=0.1, help="the engine's waits are this much shorter")
    parser.add_argument("--break", dest="variant", choices=sorted(BREAKS), help="break the engine on purpose")
    parser.add_argument("--patience", type=float, default=120, help="seconds before anything is given up")
    parser.add_argument("--json", type=Path, help="write the record here")
    return parser


if __name__ == "__main__":
    sys.exit(main())
