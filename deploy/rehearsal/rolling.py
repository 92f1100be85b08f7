"""
Ten releases one after another under load, with this machine's processes instead of containers.

Residents file reports with a mail each and follow the live stream through the production nginx while web, live,
relays, workers and beat are replaced in the order of deploy.sh. Whatever was answered with 202 must end: each job
succeeded, each mail at the provider once, each event on every page once and in order.
"""

import re
import subprocess
from importlib.util import find_spec

from deploy.rehearsal.machine import ROOT, need, run
from deploy.rehearsal.stage import Failed, Report, Skip, say

_COUNTS = re.compile(r"rehearsal: (\d+) passed, (\d+) failed, (\d+) skipped")


def stage(report: Report) -> None:
    """Rehearse the releases; by the interpreter that has the application's packages."""
    need({"nginx": "nginx-light", "openssl": "openssl"})
    if find_spec("sqlalchemy") is None:
        _by_the_application(report)
        return
    from deploy.rehearsal.rolled import roll

    roll(report)


def _by_the_application(report: Report) -> None:
    """Run this stage in .venv and take over what it counted."""
    made = run("sh", "deploy/local/setup.sh", "dev")
    if made.code:
        raise Skip(f"the application's packages cannot be installed: {made.last_line}")
    command = [".venv/bin/python", "-u", "-m", "deploy.rehearsal", "rolling"]
    counts = None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None  # noqa: S101  # a pipe was asked for
        for line in child.stdout:
            if line.startswith((" ", "\t")):
                say(line.rstrip())
            counts = _COUNTS.match(line) or counts
    if counts is None:
        raise Failed("the rehearsal in .venv did not end")
    report.passed += int(counts[1])
    report.failed += int(counts[2])
    report.skipped += int(counts[3])
