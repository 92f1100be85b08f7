"""A container engine of the rehearsal's own: podman behind the Docker API, with its own storage and settings."""

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.rehearsal.machine import PATH, ROOT, Done, apt_install, compose_binary, need, run
from deploy.rehearsal.stage import Failed, Skip, say

#: Kept between rehearsals, so that the second one needs no download.
FOLDER = Path("/var/cache/citypulse-rehearsal")
STANDINS = ROOT / "deploy" / "rehearsal" / "standins"
#: Stand-in -> the name of the image it stands in for.
NAMES = {
    "python": "docker.io/library/python:3.11-slim",
    "node": "docker.io/library/node:20-slim",
    "nginx": "docker.io/library/nginx:1.25-alpine",
    "postgres": "docker.io/library/postgres:15-alpine",
    "redis": "docker.io/library/redis:7-alpine",
    "certbot": "docker.io/certbot/certbot:v2.11.0",
}
#: A check starts a process in its container: those of the healthy ones are made every so many turns.
_HEALTHY_TURNS = 15
_BASE = "localhost/citypulse-base:bookworm"
_PROGRAMS = {
    "podman": "podman",
    "buildah": "buildah",
    "runc": "runc",
    "catatonit": "catatonit",
    "iptables": "iptables",
    "nft": "nftables",
    "mmdebstrap": "mmdebstrap",
    "docker": "docker.io",
    "flock": "util-linux",
    "curl": "curl",
}


@dataclass(frozen=True)
class Engine:
    """How to speak to the engine."""

    env: Mapping[str, str]

    def run(self, *command: str | Path, limit_seconds: float = 900) -> Done:
        """Run a program that may use the engine."""
        return run(*command, env=self.env, limit_seconds=limit_seconds)

    def must(self, *command: str | Path, limit_seconds: float = 900) -> str:
        """
        Run a program that may use the engine; returns its output.

        Raises: Failed with the end of its output.
        """
        done = self.run(*command, limit_seconds=limit_seconds)
        if done.code:
            raise Failed(f"{' '.join(str(part) for part in command[:4])} ...: {done.output[-1500:]}")
        return done.output

    def has(self, image: str) -> bool:
        """Tell whether an image is there."""
        return self.run("podman", "image", "exists", image).code == 0


@contextmanager
def engine() -> Iterator[Engine]:
    """
    Run the engine for the length of the block.

    Raises: Skip where this machine cannot run containers.
    """
    if os.geteuid() != 0:
        raise Skip("only root can run it: bridge networks and memory limits")
    need(_PROGRAMS)
    if absent := [
        name for name in ("netavark", "aardvark-dns") if not Path("/usr/lib/podman", name).exists()
    ]:
        apt_install(absent)
    FOLDER.mkdir(mode=0o755, exist_ok=True)
    made = Engine(_settings())
    service = subprocess.Popen(
        ["podman", "system", "service", "--time=0", made.env["DOCKER_HOST"]],
        env={**os.environ, "PATH": PATH, **made.env},
        stdout=subprocess.DEVNULL,
        stderr=(FOLDER / "service.log").open("wb"),
    )
    stop = threading.Event()
    ticker = threading.Thread(target=_tick, args=(made, stop), daemon=True)
    try:
        _wait_for_socket(made)
        ticker.start()
        yield made
    finally:
        stop.set()
        ticker.join(60)
        service.terminate()
        service.wait()


def make_bases(made: Engine) -> None:
    """
    Make the stand-ins that are not there yet, or whose recipe changed.

    Raises: Skip where Debian packages cannot be had or containers cannot run.
    """
    if not made.has(_BASE):
        say("  making a base system with mmdebstrap")
        archive = FOLDER / "base.tar"
        done = made.run("mmdebstrap", "--variant=minbase", "--include=ca-certificates", "bookworm", archive)
        if done.code:
            raise Skip(f"no base system could be made: {done.last_line}")
        made.must("podman", "import", "--quiet", archive, _BASE)
        archive.unlink()
    done = made.run("podman", "run", "--rm", "--network", "none", _BASE, "true")
    if done.code:
        raise Skip(f"containers do not run here: {done.last_line}")
    for name, image in NAMES.items():
        _make_standin(made, name, image)


def build(made: Engine, dockerfile: Path, tag: str, **arguments: str) -> None:
    """Build an image of this tree as the workflow does, but with buildah and the stand-ins."""
    if " AS build\n" in dockerfile.read_text():
        # deploy.sh removes images without a name; this one keeps what the build stage made, packages above all.
        tier = dockerfile.parent.name
        _bud(made, dockerfile, f"localhost/citypulse-built/{tier}:latest", "--target", "build")
    _bud(made, dockerfile, tag, *(f"--build-arg={name}={value}" for name, value in arguments.items()))


def _bud(made: Engine, dockerfile: Path, tag: str, *options: str) -> None:
    made.must(
        "buildah", "bud", "--quiet", "--layers", "--format", "docker", "--isolation", "chroot",
        "--network", "host", "--pull=never", *options, "-f", dockerfile, "-t", tag, ROOT,
    )  # fmt: skip


def _make_standin(made: Engine, name: str, image: str) -> None:
    recipe = STANDINS / f"{name}.containerfile"
    fingerprint = hashlib.sha256(recipe.read_bytes() + b"".join(_extra(name))).hexdigest()[:16]
    label = made.run("podman", "image", "inspect", "-f", '{{index .Labels "recipe"}}', image)
    if label.code == 0 and label.output.strip() == fingerprint:
        return
    say(f"  making the stand-in of {image}")
    context = FOLDER / "context"
    shutil.rmtree(context, ignore_errors=True)
    shutil.copytree(STANDINS, context)
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", context)
    if name == "node":
        _copy_node(context / "node")
    made.must(
        "buildah", "bud", "--quiet", "--layers", "--format", "docker", "--isolation", "chroot", "--network", "host",
        "--pull=never", "--label", f"recipe={fingerprint}", "-f", recipe, "-t", image, context,
    )  # fmt: skip


def _extra(name: str) -> Iterator[bytes]:
    """What besides the recipe a stand-in is made from."""
    for file in sorted((STANDINS / name).glob("*")):
        yield file.read_bytes()


def _copy_node(target: Path) -> None:
    """
    Copy this machine's Node, which must be as new as the image's.

    Raises: Skip when there is none.
    """
    version = run("node", "--version").output.strip()
    node, npm = shutil.which("node", path=PATH), shutil.which("npm", path=PATH)
    if node is None or npm is None or tuple(map(int, version.removeprefix("v").split(".")[:2])) < (20, 19):
        raise Skip(f"no Node of 20.19 or newer here (found: {version or 'none'}) to build the page with")
    (target / "bin").mkdir(parents=True)
    shutil.copy(Path(node).resolve(), target / "bin" / "node")
    modules = Path(npm).resolve().parent.parent
    shutil.copytree(modules, target / "lib" / "node_modules" / "npm", symlinks=True)
    for program in ("npm", "npx"):
        (target / "bin" / program).symlink_to(f"../lib/node_modules/npm/bin/{program}-cli.js")


def _settings() -> dict[str, str]:
    """Write the engine's settings; each was found by failing without it."""
    config = FOLDER / "config"
    (config / "docker" / "cli-plugins").mkdir(parents=True, exist_ok=True)
    plugin = config / "docker" / "cli-plugins" / "docker-compose"
    plugin.unlink(missing_ok=True)
    plugin.symlink_to(compose_binary())
    (config / "docker" / "config.json").write_text("{}\n")  # podman reads it too, and insists
    init = shutil.which("catatonit", path=PATH) or "/usr/bin/catatonit"
    (config / "containers.conf").write_text(
        # More open files than the machine has, or more than it may raise, are refused without CAP_SYS_RESOURCE.
        '[containers]\ndefault_ulimits = ["nofile=16384:16384", "nproc=16384:16384"]\n'
        f'init_path = "{init}"\n'
        # crun refuses mixed cgroups; there is no systemd to manage them.
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        '[network]\nnetwork_backend = "netavark"\n'
    )
    (config / "registries.conf").write_text(
        'unqualified-search-registries = ["docker.io"]\nshort-name-mode = "permissive"\n'
    )
    (config / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{FOLDER}/storage"\nrunroot = "{FOLDER}/run"\n'
    )
    return {
        "CONTAINERS_CONF": str(config / "containers.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(config / "registries.conf"),
        "CONTAINERS_STORAGE_CONF": str(config / "storage.conf"),
        "DOCKER_HOST": f"unix://{FOLDER}/podman.sock",
        "DOCKER_CONFIG": str(config / "docker"),
    }


def _tick(made: Engine, stop: threading.Event) -> None:
    """Run the health checks that podman would have systemd run: often for who is not healthy, else now and then."""
    for turn in itertools.count():
        if stop.wait(1.0):
            return
        listed = made.run(
            "podman", "ps", "--format", "{{.ID}} {{.Status}}",
            "--filter", "label=com.docker.compose.project=citypulse",
        )  # fmt: skip
        for line in listed.output.splitlines():
            container, _, status = line.partition(" ")
            if stop.is_set():
                return
            if "(healthy)" not in status or turn % _HEALTHY_TURNS == 0:
                made.run("podman", "healthcheck", "run", container, limit_seconds=30)


def _wait_for_socket(made: Engine, limit_seconds: float = 20) -> None:
    deadline = time.monotonic() + limit_seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(ValueError):
            if json.loads(made.run("docker", "version", "--format", "{{json .Server}}").output):
                return
        time.sleep(0.2)
    raise Skip(f"podman does not answer: {(FOLDER / 'service.log').read_text()[-300:]}")
