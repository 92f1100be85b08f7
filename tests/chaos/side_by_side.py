"""Several runs at once, each in an arena of its own: own servers, own ports, own folder, own process."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from deploy.local.testing import ROOT
from tests.chaos import report
from tests.chaos.report import Result


def run(
    seeds: Sequence[int], rows: Sequence[int], jobs: int, options: Sequence[str]
) -> Iterator[list[Result]]:
    """
    Yield the results of each run as it ends, at most `jobs` of them at a time; `options` are every run's.

    A run is a seed, or, where there are fewer seeds than jobs, some rows of one.
    """
    with tempfile.TemporaryDirectory(prefix="citypulse-chaos-") as folder, ThreadPoolExecutor(jobs) as pool:
        runs = [
            pool.submit(_one, seed, share, options, Path(folder))
            for seed in seeds
            for share in shares(rows, jobs // len(seeds))
        ]
        for done in as_completed(runs):
            yield done.result()


def shares(rows: Sequence[int], number: int) -> list[Sequence[int]]:
    """[p] Deal the rows out to so many runs, or to one."""
    return [rows[first::number] for first in range(min(number, len(rows)))] if number > 1 else [rows]


def _one(seed: int, rows: Sequence[int], options: Sequence[str], folder: Path) -> list[Result]:
    """Run rows of one seed; a run that ends without its record has failed, and says with which last words."""
    record = folder / f"{seed}-{rows[0]}.json"
    own = ["--seed", str(seed), "--rows", ",".join(map(str, rows)), "--json", str(record)]
    command = [sys.executable, "-m", "tests.chaos", *own, *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if not record.exists():
        last = (ended.stderr.strip() or ended.stdout.strip()).splitlines()[-1:]
        why = f"ended with code {ended.returncode} and no record: {' '.join(last)}"
        return [Result(rows[0], "the run from this row on", seed, "FAIL", failures=[why])]
    return report.from_json(record.read_text())


def options_of_a_run(arguments: Sequence[str]) -> list[str]:
    """[p] Return the arguments that each run takes over: all but those that say which rows and seeds, how, and where to."""
    own = {"--seeds", "--seed", "--rows", "--jobs", "--json"}
    kept: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        name, _, value = argument.partition("=")
        if name not in own:
            kept.append(argument)
        elif not value:
            next(waiting, None)
    return kept
