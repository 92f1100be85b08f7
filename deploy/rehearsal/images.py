"""The images of the full stage: two good releases, one that never becomes healthy, one whose migration fails."""

import time

from deploy.rehearsal.machine import ROOT
from deploy.rehearsal.podman import FOLDER, Engine, build
from deploy.rehearsal.stack import NGINX_TAG, PREFIX
from deploy.rehearsal.stage import Report

FIRST, SECOND, SICK, STUCK = "v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"
TIERS = ("backend", "worker", "frontend")


def build_all(report: Report, made: Engine) -> None:
    """Build what is not there yet: layers that did not change are not built again."""
    for version in (FIRST, SECOND):
        began = time.monotonic()
        for tier in (*TIERS, "nginx"):
            tag = f"{PREFIX}-{tier}:{NGINX_TAG if tier == 'nginx' else version}"
            arguments = {"APP_VERSION": version}
            if tier == "worker":
                arguments["BACKEND_IMAGE"] = f"{PREFIX}-backend:{version}"
            build(made, ROOT / "deploy" / "docker" / tier / "Dockerfile.prod", tag, **arguments)
        report.figure(f"four images of {version}: {time.monotonic() - began:.0f} s")
    _spoil(made, SICK, 'CMD ["python", "-m", "http.server", "5000"]')
    _spoil(made, STUCK, "USER root\nRUN rm shared/migrations/alembic.ini\nUSER 10001:10001")
    sizes = made.must("podman", "images", "--format", "{{.Repository}}:{{.Tag}} {{.Size}}")
    report.figure(
        "; ".join(line.split("/")[-1] for line in sizes.splitlines() if FIRST in line or NGINX_TAG in line)
    )


def _spoil(made: Engine, version: str, instructions: str) -> None:
    """Make a release out of the first one that is broken in one way."""
    spoilt = FOLDER / "spoilt.containerfile"
    spoilt.write_text(f"FROM {PREFIX}-backend:{FIRST}\n{instructions}\nENV APP_VERSION={version}\n")
    spoilt.write_text(spoilt.read_text() + f"LABEL org.opencontainers.image.version={version}\n")
    build(made, spoilt, f"{PREFIX}-backend:{version}")
    for tier in ("worker", "frontend"):
        made.must("podman", "tag", f"{PREFIX}-{tier}:{FIRST}", f"{PREFIX}-{tier}:{version}")
