"""deploy.sh, rollback.sh and their order, followed on an engine that exists in a file."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SCRIPTS = ROOT / "deploy" / "scripts"
FAKE = ROOT / "tests" / "rehearsal" / "fake_docker.sh"
TIERS = (
    "frontend",
    "relay",
    "worker-critical",
    "worker-email",
    "worker-feeds",
    "worker-uploads",
    "worker-bulk",
)


class Host:
    """A host with releases on it, and an engine that remembers what it was told."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "citypulse"
        self.fake = folder / "fake"
        (self.fake / "state").mkdir(parents=True)
        engine = self.fake / "docker"
        engine.write_text(f'#!/bin/sh\nFAKE_DOCKER="{self.fake}" exec bash "{FAKE}" "$@"\n')
        engine.chmod(0o755)

    def fault(self, *names: str) -> None:
        """Say what will go wrong: `fail WORDS`, `sick SERVICE` or `claims SERVICE` (of v1.1.0)."""
        for name in names:
            kind, _, what = name.partition(" ")
            file = self.fake / "faults" / ("fail" if kind == "fail" else f"{kind}/v1.1.0/{what}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(what + "\n")

    def release(self, version: str, smoke: int = 0, **changes: str) -> None:
        """Unpack a release."""
        folder = self.home / "releases" / version
        folder.mkdir(parents=True)
        values = {"VERSION": version, "CITYPULSE_HOME": str(self.home), "COMPOSE_PROFILES": "blue"} | changes
        lines = [
            *(f'{name}="{value}"' for name, value in values.items()),
            "PUBLIC_URL=https://city-pulse.app",
            "",
        ]
        (folder / ".env.prod").write_text("\n".join(lines))
        (folder / "docker-compose.prod.yml").write_text("services: {}\n")
        shutil.copytree(ROOT / "nginx", folder / "nginx")
        shutil.copytree(SCRIPTS, folder / "scripts")
        (folder / "scripts" / "smoke.sh").write_text(f"exit {smoke}\n")

    def deploy(self, version: str, script: str = "deploy.sh", **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script of a release."""
        given = {
            "PATH": f"{self.fake}:{os.environ['PATH']}",
            "HEALTH_SECONDS": "0",
            "POLL_SECONDS": "0",
            "MIN_FREE_MB": "1",
            **env,
        }
        (self.fake / "calls").write_text("")
        path = self.home / "releases" / version / "scripts" / script
        command = ["bash", str(path), *([version] if script == "deploy.sh" else [])]
        return subprocess.run(command, env=given, capture_output=True, text=True, check=False)

    @property
    def running(self) -> dict[str, str]:
        """Service -> release."""
        return {file.name: file.read_text().split()[0] for file in (self.fake / "state").iterdir()}

    @property
    def answers(self) -> str:
        """The colour that nginx is told."""
        return "blue" if "backend-blue" in (self.home / "nginx" / "upstream.conf").read_text() else "green"

    @property
    def calls(self) -> list[str]:
        """What the engine was told by the last script, without Compose's files."""
        lines = (self.fake / "calls").read_text().splitlines()
        return [line.split("--profile green ")[-1] for line in lines]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host where v1.0.0 is in service as blue."""
    host = Host(tmp_path)
    host.release("v1.0.0")
    first = host.deploy("v1.0.0")
    assert 0 == first.returncode, first.stdout + first.stderr
    return host


def index(calls: list[str], start: str) -> int:
    """Return where a call that starts so stands."""
    return next(at for at, call in enumerate(calls) if call.startswith(start))


def test_a_first_deployment_starts_everything_as_blue(host: Host) -> None:
    """Every tier runs this release, blue answers, and the state says so."""
    assert {"v1.0.0"} == set(host.running.values())
    assert {*TIERS, "postgres", "redis", "backend-blue", "live-blue", "nginx", "beat", "flower"} <= set(
        host.running
    )
    assert ("blue", "v1.0.0\n") == (host.answers, (host.home / "state" / "version").read_text())


def test_a_second_deployment_goes_by_the_order_that_loses_nothing(host: Host) -> None:
    """Backup, migration, idle colour, switch, tiers, and only then is the old colour stopped."""
    host.release("v1.1.0")
    done = host.deploy("v1.1.0")
    order = [
        "run -d --no-deps backup",
        "run -d --no-deps migrate",
        "up -d --no-deps backend-green live-green",
        "exec citypulse-nginx-prod nginx -q -t",
        "exec citypulse-nginx-prod nginx -q -c /etc/nginx/citypulse/nginx.conf -s reload",
        "up -d --no-deps frontend relay",
        "stop backend-blue live-blue",
    ]
    places = [index(host.calls, start) for start in order]

    assert 0 == done.returncode, done.stdout + done.stderr
    assert sorted(places) == places
    assert ("green", "v1.1.0") == (host.answers, host.running["backend-green"])
    assert "backend-blue" not in host.running
    assert "COMPOSE_PROFILES=green" in (host.home / "current" / ".env.prod").read_text()


@pytest.mark.parametrize(
    "fault",
    [
        "fail run backup",
        "fail run migrate",
        "sick backend-green",
        "sick live-green",
        "claims backend-green",
        "fail nginx -t",
        "sick worker-feeds",
        "sick beat",
        "claims flower",
    ],
)
def test_whatever_fails_the_release_before_stays_in_service(host: Host, fault: str) -> None:
    """Blue answers, every tier is the old release, nothing of the new one runs, and the exit code says so."""
    host.release("v1.1.0")
    host.fault(fault)
    done = host.deploy("v1.1.0")
    left = {service: version for service, version in host.running.items() if version != "v1.0.0"}

    assert (1, "blue", {}) == (done.returncode, host.answers, left)
    assert "v1.0.0" == host.running["backend-blue"]
    assert "v1.0.0\n" == (host.home / "state" / "version").read_text()
    assert "v1.0.0 is in service" in done.stdout


def test_a_failed_smoke_test_switches_back(host: Host) -> None:
    """nginx is reloaded twice: to the new colour and back."""
    host.release("v1.1.0", smoke=1)
    done = host.deploy("v1.1.0")
    reloads = [call for call in host.calls if call.endswith("-s reload")]

    assert (1, 2, "blue") == (done.returncode, len(reloads), host.answers)


def test_a_sick_colour_gets_no_request(host: Host) -> None:
    """nginx is not even asked while the new colour is not healthy."""
    host.release("v1.1.0")
    host.fault("sick backend-green")
    host.deploy("v1.1.0")

    assert [] == [call for call in host.calls if "reload" in call]


@pytest.mark.parametrize(
    ("changes", "env", "said"),
    [
        ({"JWT_SECRET": "REPLACE"}, {}, "JWT_SECRET"),
        ({"VERSION": "v9.9.9"}, {}, "v9.9.9"),
        ({}, {"MIN_FREE_MB": "999999999"}, "MB are free"),
    ],
)
def test_a_release_that_cannot_work_touches_nothing(
    host: Host, changes: dict[str, str], env: dict[str, str], said: str
) -> None:
    """An example value, another version's file or a full disk stops it before the engine is asked for anything."""
    host.release("v1.1.0", **changes)
    if changes.get("JWT_SECRET"):
        file = host.home / "releases" / "v1.1.0" / ".env.prod"
        file.write_text(file.read_text().replace('"REPLACE"', "REPLACE"))
    done = host.deploy("v1.1.0", **env)

    assert 1 == done.returncode
    assert said in done.stderr
    assert [] == [call for call in host.calls if call.startswith(("up", "run", "stop", "exec"))]


def test_an_expired_certificate_stops_a_deployment_before_anything_moves(host: Host) -> None:
    """The edge is asked for its certificate first; nothing is started, and nobody is switched."""
    host.release("v1.1.0")
    host.fault("fail certificate")
    done = host.deploy("v1.1.0")

    assert (1, "blue") == (done.returncode, host.answers)
    assert "the certificate has expired" in done.stderr
    assert [] == [call for call in host.calls if call.startswith(("up", "run", "stop"))]


def test_a_rollback_may_go_on_with_an_expired_certificate(host: Host) -> None:
    """Whoever says so goes back all the same: an expired certificate must not keep a bad release in service."""
    host.release("v1.1.0")
    host.deploy("v1.1.0")
    host.fault("fail certificate")
    refused = host.deploy("v1.1.0", "rollback.sh")
    done = host.deploy("v1.1.0", "rollback.sh", CERTIFICATE="ignore")

    assert (1, 0, "blue") == (refused.returncode, done.returncode, host.answers)


def test_two_deployments_at_once_are_one(host: Host) -> None:
    """The second is refused while the first holds the lock."""
    host.release("v1.1.0")
    with subprocess.Popen(
        ["flock", str(host.home / "state" / "lock"), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdin.write(b"held\n")
        holder.stdin.flush()
        holder.stdout.readline()
        done = host.deploy("v1.1.0")
        holder.stdin.close()

    assert (1, True) == (done.returncode, "another deployment" in done.stderr)


def test_a_rollback_is_a_deployment_without_a_migration(host: Host) -> None:
    """The release before comes back as the other colour; the schema is left alone."""
    host.release("v1.1.0")
    host.deploy("v1.1.0")
    done = host.deploy("v1.1.0", "rollback.sh")

    assert 0 == done.returncode, done.stdout + done.stderr
    assert ("blue", "v1.0.0") == (host.answers, host.running["backend-blue"])
    assert [] == [call for call in host.calls if "migrate" in call]
    assert "v1.1.0\n" == (host.home / "state" / "previous").read_text()


def test_operators_addresses_reach_nginx(host: Host) -> None:
    """OPS_ALLOW becomes allow lines; what a release before allowed does not stay."""
    host.release("v1.1.0", OPS_ALLOW="203.0.113.7 198.51.100.0/24")
    host.deploy("v1.1.0")
    lines = (host.home / "nginx" / "ops-allow.conf").read_text().splitlines()[1:]

    assert ["allow 127.0.0.1;", "allow 203.0.113.7;", "allow 198.51.100.0/24;"] == lines


def test_old_releases_are_forgotten_but_not_the_last_two(host: Host) -> None:
    """Three stay, and among them the one in service and the one before."""
    for version in ("v1.1.0", "v1.2.0", "v1.3.0"):
        host.release(version)
        host.deploy(version)

    assert {"v1.1.0", "v1.2.0", "v1.3.0"} == {path.name for path in (host.home / "releases").iterdir()}
