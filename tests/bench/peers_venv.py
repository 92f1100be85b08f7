"""The peers' own venv, made once from its lock."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
LOCK = ROOT / "requirements" / "bench.txt"


def peer_python() -> Path:
    """Return the interpreter of the peers' venv, making it when the lock changed."""
    home = ROOT / ".venv-bench"
    stamp = home / "stamp"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    python = home / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", str(home), "--python", sys.executable], check=True)
        subprocess.run(
            [*uv, "pip", "sync", "--quiet", "--python", str(python), "--require-hashes", str(LOCK)],
            check=True,
        )
        stamp.write_text(wanted)
    return python
