"""Read every file of the deployment with a tool that knows its kind, and see that broken ones are refused."""

import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from deploy.rehearsal import example
from deploy.rehearsal.machine import ROOT, Done, compose_binary, run
from deploy.rehearsal.stage import Report

DEPLOY = ROOT / "deploy"
#: The picture fixes checkout@v4; its runtime's end is known and noted in the workflow.
_KNOWN = r'"node20" is deprecated.* of action "actions/checkout@v4"'


@dataclass(frozen=True)
class Check:
    """A program to run and what its end must be."""

    name: str
    run: Callable[[], Done]
    #: A text that must be in the output of a run that must fail; None must succeed.
    refusal: str | None = None

    def judge(self, done: Done) -> tuple[bool, str]:
        """Return whether it ended as it must, and what to say about it."""
        if self.refusal is None:
            return done.code == 0, "" if done.code == 0 else "\n" + done.output[-1500:]
        refused = done.code != 0 and self.refusal in done.output
        return refused, done.last_line if refused else f"not refused (exit {done.code}): {done.last_line}"


def stage(report: Report) -> None:
    """Run all linters, two at a time, and the files that must be refused."""
    binary = compose_binary()
    with tempfile.TemporaryDirectory(prefix="citypulse-lint-") as folder, ThreadPoolExecutor(2) as pool:
        checks = [*_linters(), *_compose(Path(folder), binary)]
        for check, done in zip(checks, pool.map(lambda check: check.run(), checks), strict=True):
            report.check(check.name, *check.judge(done))
    missing, idle = example.undocumented()
    report.check(
        "every variable of the stack is in .env.prod.example", not missing, ", ".join(sorted(missing))
    )
    untold = example.untold()
    report.check("every setting can be told in production", not untold, ", ".join(sorted(untold)))
    report.check("every variable of .env.prod.example is used", not idle, ", ".join(sorted(idle)))


def _linters() -> list[Check]:
    docker = sorted(DEPLOY.glob("docker/*/Dockerfile.prod"))
    shell = sorted({*DEPLOY.glob("scripts/**/*.sh"), *DEPLOY.glob("docker/**/*.sh")})
    workflows = sorted(ROOT.glob(".github/workflows/*.yml"))
    yaml = [*workflows, *DEPLOY.glob("*.yml"), *DEPLOY.glob("prometheus/*.yml"), *ROOT.glob(".github/*.yml")]
    composes = sorted(DEPLOY.glob("docker-compose.*.yml"))
    rules = "{extends: relaxed, rules: {line-length: disable, truthy: {check-keys: false}}}"
    return [
        Check("hadolint", lambda: run("hadolint", *docker)),
        Check("shellcheck", lambda: run("shellcheck", "-x", *shell)),
        Check("yamllint", lambda: run("yamllint", "--strict", "-d", rules, *yaml)),
        Check("actionlint", lambda: run("actionlint", "-ignore", _KNOWN, *workflows)),
        Check(
            "zizmor",
            lambda: run("zizmor", "--offline", "--quiet", "--config", ".github/zizmor.yml", ".github"),
        ),
        Check("workflow schema", lambda: _schema("vendor.github-workflows", workflows)),
        Check("compose schema", lambda: _schema("vendor.compose-spec", composes)),
        Check("compose-lint", lambda: run("compose-lint", "check", "--fail-on", "high", composes[-1])),
        Check(
            "bandit",
            lambda: run(
                "bandit", "-q", "-r", "-ll", "--skip", "B108", "deploy", "-x", "deploy/local,deploy/cities"
            ),
        ),
    ]


def _schema(kind: str, files: list[Path]) -> Done:
    return run("check-jsonschema", "--builtin-schema", kind, *files)


def _compose(folder: Path, binary: Path) -> list[Check]:
    """Let Compose read the stack: as it is, without each secret, and with a misspelt key."""
    good = example.write(folder / "good.env", example.filled())
    misspelt = folder / "misspelt.yml"
    misspelt.write_text(example.COMPOSE.read_text().replace("read_only: true", "readonly: true", 1))
    shutil.copy(example.COMPOSE, folder / "docker-compose.prod.yml")

    def config(env_file: Path, file: Path = example.COMPOSE) -> Done:
        # Only PATH: what the caller's environment says must not stand in for the file.
        return run("env", "-i", binary, "--env-file", env_file, "-f", file, "config", "-q")

    def without(name: str) -> Check:
        left = {key: value for key, value in example.filled().items() if key != name}
        env_file = example.write(folder / f"no-{name}.env", left)
        return Check(f"without {name} it is refused", lambda: config(env_file), name)

    return [
        Check("compose reads the stack", lambda: config(good)),
        Check(
            "compose reads the development stack",
            lambda: run(binary, "-f", DEPLOY / "docker-compose.dev.yml", "config", "-q"),
        ),
        Check("a misspelt key is refused", lambda: config(good, misspelt), "readonly"),
        *(without(name) for name in [*example.secret_names(), "GOOGLE_CLIENT_SECRET"]),
    ]
