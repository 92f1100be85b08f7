"""Try the whole security list and print, row by row, how many tries were refused."""

import subprocess
import sys

from deploy.local.testing import ROOT
from tests.security.checklist import places

if __name__ == "__main__":
    command = [sys.executable, "-m", "pytest", "--checklist", *places(), *sys.argv[1:]]
    raise SystemExit(subprocess.call(command, cwd=ROOT))
