"""Releases that replace each other under load: sent by SSH, refused before they get a request, taken back."""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.rehearsal.edge import DOMAIN
from deploy.rehearsal.images import FIRST, SECOND, SICK, STUCK
from deploy.rehearsal.load import load
from deploy.rehearsal.machine import PATH, ROOT, Done, need, run
from deploy.rehearsal.podman import Engine
from deploy.rehearsal.sshd import running_sshd
from deploy.rehearsal.stack import HOME, HTTPS, answering, curl, eventually, script, settings, unpack
from deploy.rehearsal.stage import Report

CI = ROOT / "deploy" / "scripts" / "ci"


def replace(report: Report, made: Engine) -> None:
    """A new release as the workflow sends it: packed, copied, started over SSH, its health waited for."""
    need({"sshd": "openssh-server", "ssh": "openssh-client", "jq": "jq"})
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="citypulse-runner-") as name, load(HTTPS, DOMAIN) as result:
        folder = Path(name)
        told = {"PULL": "no", "HEALTH_SECONDS": "300", "PATH": PATH, **made.env}
        with running_sshd(folder / "sshd", told) as host:
            packed = run("env", "-i", f"PATH={PATH}", *_pairs(settings(SECOND)), "bash", CI / "package.sh")
            report.require("a second release is packed", packed.code == 0, packed.last_line)
            (ROOT / f"deploy-{SECOND}.tar.gz").rename(folder / f"deploy-{SECOND}.tar.gz")
            env = host.env | {"VERSION": SECOND, "REMOTE_HOME": str(HOME)}
            done = run("bash", CI / "ssh-deploy.sh", "deploy", env=env, cwd=folder, limit_seconds=900)
        report.require("sent and started over SSH, it replaces the first", done.code == 0, _end_of(done))
        (folder / ".curlrc").write_text(f'connect-to = "{DOMAIN}:443:127.0.0.1:{HTTPS}"\ninsecure\n')
        told = {"CURL_HOME": str(folder), "VERSION": SECOND, "RESULTS": "rehearsed"}
        waited = run("bash", CI / "wait-health.sh", f"https://{DOMAIN}", SECOND, "300", env=told)
        report.check("the health gate of 300 s passes on it", waited.code == 0, waited.last_line)
        notified = run("bash", CI / "notify.sh", f"https://{DOMAIN}", env=told)
        report.check("notify names it", notified.code == 0 and SECOND in notified.output, notified.last_line)
    page = json.loads(curl(made, "/api/v1/status").output)
    report.check("the health page names the new version", page["version"] == SECOND, page["version"])
    report.check("no request failed meanwhile", result.none_failed, str(result))
    report.check(
        "both releases answered, and the new one last",
        set(result.releases) == {FIRST, SECOND} and answering(made) == SECOND,
        str(result.releases),
    )
    report.figure(f"second deployment, by SSH and under load: {time.monotonic() - began:.0f} s; {result}")


def refuse(report: Report, made: Engine) -> None:
    """Releases that cannot work: each is refused, and the site is asked all the while."""
    _refuse(
        report,
        made,
        "without a secret",
        "v1.2.1",
        lambda version: unpack(version, without="JWT_SECRET"),
        "JWT_SECRET",
    )
    _refuse(report, made, "with an example value", "v1.2.2", _with_an_example, "JWT_SECRET")
    _refuse(report, made, "with a misspelt key in its stack", "v1.2.3", _misspelt, "readonly")
    _refuse(
        report, made, "for which the disk is too full", SICK, unpack, "MB are free", MIN_FREE_MB="99999999"
    )
    with _tiny_disk(HOME / "backups"):
        _refuse(report, made, "whose backup finds the disk full", SICK, unpack, "no backup, no deployment")
    with _expired_certificate(report, made):
        _refuse(report, made, "while the certificate has expired", SICK, unpack, "certificate has expired")
    _refuse(report, made, "whose migration fails", STUCK, unpack, "the migration")
    _refuse(report, made, "that never becomes healthy", SICK, unpack, "is not healthy", HEALTH_SECONDS="25")


def roll_back(report: Report, made: Engine) -> None:
    """Back to the first release under load."""
    began = time.monotonic()
    with load(HTTPS, DOMAIN) as result:
        done = script(made, SECOND, "rollback.sh")
    report.check(
        "a rollback brings the release before", done.code == 0 and answering(made) == FIRST, _end_of(done)
    )
    report.check("no request failed meanwhile", result.none_failed, str(result))
    report.figure(f"rollback under load: {time.monotonic() - began:.0f} s; {result}")


def _refuse(
    report: Report,
    made: Engine,
    name: str,
    version: str,
    lay_out: Callable[[str], object],
    said: str,
    **env: str,
) -> None:
    """Deploy what cannot work: it must fail, say why, and leave every request to the release in service."""
    lay_out(version)
    began = time.monotonic()
    with load(HTTPS, DOMAIN) as result:
        done = script(made, version, "deploy.sh", version, **env)
        seconds = time.monotonic() - began
        # What is refused at once has to be asked for a little longer.
        eventually(lambda: result.answered >= 50, 20)
    refused = done.code != 0 and said in done.output and result.none_failed
    report.check(
        f"a release {name} is refused and gets no request",
        refused and set(result.releases) == {SECOND},
        f"after {seconds:.0f} s; {result}" if refused else f"\n{done.output[-2500:]}{result}",
    )


def _with_an_example(version: str) -> None:
    """Leave a value that must be replaced as the example has it."""
    file = unpack(version) / ".env.prod"
    lines = [line for line in file.read_text().splitlines() if not line.startswith("JWT_SECRET=")]
    file.write_text("\n".join([*lines, "JWT_SECRET=REPLACE", ""]))


def _misspelt(version: str) -> None:
    """Write a key of the stack wrongly."""
    file = unpack(version) / "docker-compose.prod.yml"
    file.write_text(file.read_text().replace("read_only: true", "readonly: true", 1))


@contextmanager
def _tiny_disk(folder: Path) -> Iterator[None]:
    """Put a disk of 64 KiB, already full, where the backups go."""
    run("mount", "-t", "tmpfs", "-o", "size=64k,mode=0755,uid=10001,gid=10001", "tmpfs", folder)
    try:
        (folder / "full").write_bytes(bytes(60 * 1024))
        yield
    finally:
        run("umount", folder)


@contextmanager
def _expired_certificate(report: Report, made: Engine) -> Iterator[None]:
    """Let the site's certificate be one that ended yesterday, for the length of the block."""
    mount = made.must("podman", "volume", "inspect", "letsencrypt", "--format", "{{.Mountpoint}}").strip()
    live = Path(mount) / "live" / DOMAIN
    live.mkdir(parents=True)
    new = ("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    made.must(*new, "-subj", f"/CN={DOMAIN}", "-keyout", live / "privkey.pem", "-out", live / "request.pem")
    sign = ("openssl", "x509", "-req", "-days", "-1", "-signkey", live / "privkey.pem")
    made.must(*sign, "-in", live / "request.pem", "-out", live / "fullchain.pem")
    for path in (live.parent, live, *live.iterdir()):
        shutil.chown(path, 10001, 10001)
    try:
        yield
    finally:
        shutil.rmtree(live.parent)


def _end_of(done: Done) -> str:
    return "" if not done.code else "\n" + done.output[-4000:]


def _pairs(values: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in values.items()]
