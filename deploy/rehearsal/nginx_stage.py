"""The edge's configuration: gixy reads it, then the tests of tests/rehearsal run it."""

import re
import tempfile
import time
from pathlib import Path

from deploy.rehearsal import edge
from deploy.rehearsal.machine import BIN, ROOT, need, run
from deploy.rehearsal.stage import Report

_COUNTS = re.compile(r"(\d+) (passed|failed|skipped|error)")


def stage(report: Report) -> None:
    """Lint, test and run the production configuration on this machine's nginx."""
    need({"nginx": "nginx-light", "openssl": "openssl"})
    report.figure(run("nginx", "-v").last_line)
    with tempfile.TemporaryDirectory(prefix="citypulse-gixy-") as folder:
        edge.render(Path(folder), edge.Ports(*range(20001, 20008)))
        (Path(folder) / "run" / "resolver.conf").write_text("resolver 127.0.0.1;\n")
        done = run("gixy", "-l", "-f", "text", Path(folder) / "conf" / "nginx.conf")
        report.check("gixy", done.code == 0, "" if done.code == 0 else "\n" + done.output[-3000:])
    began = time.monotonic()
    tests = ROOT / "tests" / "rehearsal"
    done = run(BIN / "python", "-m", "pytest", tests, "--confcutdir", tests)
    counts = {word: int(number) for number, word in _COUNTS.findall(done.last_line)}
    report.check("tests of the edge", done.code == 0, done.output[-3000:] if done.code else "")
    report.passed += max(0, counts.get("passed", 0) - 1)
    report.skipped += counts.get("skipped", 0)
    report.figure(f"{done.last_line} ({time.monotonic() - began:.1f} s)")
