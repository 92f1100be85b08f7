"""The workflow's own steps, run here: names and package by act, the upload through a real SSH server."""

import json
import re
import shutil
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.rehearsal import example
from deploy.rehearsal.machine import PATH, ROOT, Done, compose_binary, need, run
from deploy.rehearsal.sshd import running_sshd
from deploy.rehearsal.stage import Report
from deploy.rehearsal.stubs import VERSION, Stub, running

CI = ROOT / "deploy" / "scripts" / "ci"
RELEASE = "v1.2.3"


def stage(report: Report) -> None:
    """Run what GitHub would run, as far as it needs nothing of GitHub's."""
    need({"sshd": "openssh-server", "ssh": "openssh-client", "git": "git", "curl": "curl", "jq": "jq"})
    with tempfile.TemporaryDirectory(prefix="citypulse-workflow-") as name:
        folder = Path(name)
        _names(report, folder)
        _act(report, folder)
        archive = _package(report, folder)
        _ssh(report, folder, archive)
    _health(report)


def _names(report: Report, folder: Path) -> None:
    """A tag is its version; any other commit is named by run and commit; a bad tag is refused."""
    tagged = _run_names(GITHUB_REF_TYPE="tag", GITHUB_REF_NAME=RELEASE)
    report.check(
        "a tag names the version, and the repository is in lower case",
        {"repo_lower": "acme/citypulse", "version": RELEASE}.items() <= tagged.items(),
        str(tagged),
    )
    branch = _run_names(GITHUB_REF_TYPE="branch", GITHUB_RUN_NUMBER="42")
    report.check(
        "a commit without a tag has a version too",
        re.fullmatch(r"v\d+\.\d+\.\d+-42\.[0-9a-f]{8}|v\d+\.\d+\.\d+", branch.get("version", "")) is not None,
        branch.get("version", "none"),
    )
    report.check(
        "a tag that is no version is refused", not _run_names(GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1")
    )


def _run_names(**env: str) -> dict[str, str]:
    done = run("bash", CI / "names.sh", env={"GITHUB_REPOSITORY": "Acme/CityPulse", **env})
    return (
        dict(line.split("=", 1) for line in done.output.splitlines() if "=" in line) if done.code == 0 else {}
    )


def _act(report: Report, folder: Path) -> None:
    """
    Let act read the real workflow and run the step `Prepare names` out of it.

    Actions of others would be fetched from GitHub, so the copy keeps the `run:` steps that need nothing else.
    """
    listed = run("act", "push", "--list", "-W", ROOT / ".github" / "workflows" / "ci-cd.yml")
    jobs = ["Test & Quality", "Build Images", "Deploy", "Notify"]
    report.check(
        "act reads the workflow's four jobs", all(job in listed.output for job in jobs), listed.last_line
    )
    repository = folder / "repository"
    # What act sees must be what will be committed, and a work tree that others change is not.
    run("git", "clone", "--quiet", "--depth", "1", f"file://{ROOT}", repository)
    shutil.copy(CI / "names.sh", repository / "deploy" / "scripts" / "ci" / "names.sh")
    workflow = repository / ".github" / "workflows" / "ci-cd.yml"
    workflow.write_text(
        "on: push\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    outputs:\n"
        "      version: ${{ steps.names.outputs.version }}\n    steps:\n      - uses: actions/checkout@v4\n"
        '      - id: names\n        run: bash deploy/scripts/ci/names.sh >> "$GITHUB_OUTPUT"\n'
        "  after:\n    needs: build\n    runs-on: ubuntu-24.04\n    steps:\n"
        '      - env:\n          VERSION: ${{ needs.build.outputs.version }}\n        run: echo "handed on $VERSION."\n'
    )
    done = run(
        "act", "push", "-P", "ubuntu-24.04=-self-hosted", "--pull=false", cwd=repository, limit_seconds=120
    )
    found = re.search(r"handed on (v\S+)\.\s", done.output)
    report.check(
        "act computes the version once and hands it to the next job",
        done.code == 0 and found is not None,
        found[1] if found else done.output[-600:],
    )


def _package(report: Report, folder: Path) -> Path:
    """Make deploy-v1.2.3.tar.gz; without a secret it is refused."""
    secrets = example.filled()
    given = {name: secrets[name] for name in [*example.secret_names(), "POSTGRES_USER", "POSTGRES_DB"]}
    given |= {"VERSION": RELEASE, "NGINX_TAG": "edge-0", "REPO_LOWER": "acme/citypulse"}
    given |= {"FEEDS_SECRETS": '{"tfl": "a$b"}'}
    without = {name: value for name, value in given.items() if name != "JWT_SECRET"}
    refused = run("env", "-i", f"PATH={PATH}", *_pairs(without), "bash", CI / "package.sh")
    report.check(
        "a package without a secret is refused", refused.code != 0 and "JWT_SECRET" in refused.output
    )
    done = run("env", "-i", f"PATH={PATH}", *_pairs(given), "bash", CI / "package.sh")
    report.require("the package is made", done.code == 0, done.last_line)
    archive = (ROOT / f"deploy-{RELEASE}.tar.gz").rename(folder / f"deploy-{RELEASE}.tar.gz")
    with tarfile.open(archive) as content:
        names = {name.removeprefix("./") for name in content.getnames()}
        environment = content.extractfile("./.env.prod")
        told = environment.read().decode() if environment else ""
    wanted = {".env.prod", "docker-compose.prod.yml", "nginx/nginx-domain.conf", "scripts/deploy.sh"}
    report.check("it holds the stack, nginx, the scripts and the environment", wanted <= names)
    report.check(
        "every secret is in, none is to be replaced", secrets["JWT_SECRET"] in told and "REPLACE" not in told
    )
    (folder / "packed.env").write_text(told)
    read = run(
        "env", "-i", compose_binary(), "--env-file", folder / "packed.env", "-f", example.COMPOSE,
        "config", "--format", "json", "worker-feeds",
    )  # fmt: skip
    heard = json.loads(read.output)["services"]["worker-feeds"]["environment"] if read.code == 0 else {}
    report.check(
        "Compose hands on a secret with quotes and dollars as it was given",
        heard.get("FEEDS_SECRETS", "").replace("$$", "$") == given["FEEDS_SECRETS"],
        heard.get("FEEDS_SECRETS", read.last_line),
    )
    return archive


def _ssh(report: Report, folder: Path, archive: Path) -> None:
    """Send the archive through a real SSH server and start a deploy.sh that only says what it was told."""
    home = folder / "droplet"
    home.mkdir(mode=0o755)
    work = folder / "runner"
    work.mkdir()
    with running_sshd(folder / "sshd") as host:
        for attempt, hosts, expected in (
            ("a host that is not the known one", "", 1),
            ("the known host", host.known_hosts, 0),
        ):
            shutil.copy(_with_stub(archive, folder), work / archive.name)
            env = host.env | {
                "VERSION": RELEASE,
                "DEPLOY_KNOWN_HOSTS": hosts or host.known_hosts.replace("AAAA", "BAAA", 1),
                "REMOTE_HOME": str(home),
            }
            began = time.monotonic()
            done = run("bash", CI / "ssh-deploy.sh", "deploy", env=env, cwd=work, limit_seconds=60)
            report.check(
                f"{attempt} is {'served' if expected == 0 else 'refused'}",
                (done.code == 0) == (expected == 0),
                done.last_line,
            )
            if expected == 0:
                report.figure(f"upload and start in {time.monotonic() - began:.1f} s")
    report.check("deploy.sh ran on the host out of its release", f"deployed {RELEASE}" in done.output)
    left = [str(path) for where in (home, work) for path in where.rglob("*.tar.gz")]
    report.check("no archive with secrets is left on either side", not left, " ".join(left))
    found = [path.stat().st_mode & 0o777 for path in home.rglob(".env.prod")]
    report.check("only its owner reads .env.prod", found == [0o600], str([oct(mode) for mode in found]))


def _with_stub(archive: Path, folder: Path) -> Path:
    """Put a deploy.sh into the archive that deploys nothing."""
    unpacked = folder / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    run("tar", "-xzf", archive, "-C", unpacked)
    (unpacked / "scripts" / "deploy.sh").write_text('echo "deployed $1"\n')
    stubbed = folder / "stubbed.tar.gz"
    run("tar", "-C", unpacked, "-czf", stubbed, ".")
    return stubbed


def _health(report: Report) -> None:
    """The health gate passes on the release that answers and gives up on another; notify says so."""
    with running(Stub("backend")) as stub:
        url = f"http://127.0.0.1:{stub.port}"
        passed = _gate(url, VERSION, "5")
        report.check("the health gate passes on the right release", passed.code == 0, passed.last_line)
        wrong = _gate(url, "v9.9.9", "1")
        report.check("the health gate gives up on another release", wrong.code != 0, wrong.last_line[:120])
        env = {
            "VERSION": VERSION,
            "RESULTS": "test success, build success, deploy success",
            "NOTIFY_SECONDS": "5",
        }
        told = run("bash", CI / "notify.sh", url, env=env)
        report.check(
            "notify tells which release answers", told.code == 0 and VERSION in told.output, told.last_line
        )
    gone = run("bash", CI / "notify.sh", url, env={**env, "NOTIFY_SECONDS": "1", "POLL_SECONDS": "0.2"})
    report.check("notify fails when nothing answers", gone.code != 0, gone.last_line[:120])


def _gate(url: str, version: str, seconds: str) -> Done:
    return run("bash", CI / "wait-health.sh", url, version, seconds, env={"POLL_SECONDS": "0.2"})


def _pairs(values: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]
