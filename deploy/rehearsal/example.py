"""The production environment, made from its own example: what the example does not name, nobody is told."""

import ast
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from deploy.rehearsal.machine import ROOT

EXAMPLE = ROOT / "deploy" / ".env.prod.example"
COMPOSE = ROOT / "deploy" / "docker-compose.prod.yml"
_LINE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_USE = re.compile(r"(?<!\$)\$\{([A-Z][A-Z0-9_]*)")
SETTINGS = ROOT / "shared" / "settings.py"
#: Settings that the images fix, that only a developer's machine has, or that nobody should turn on a production host.
_NOT_IN_PRODUCTION = frozenset(
    [
        "APP_VERSION",
        "INSTANCE_ID",
        "STORAGE_DIR",
        "FRONTEND_DIST",
        "CITIES_DIR",
        "CITYPULSE_SIMULATOR_URL",
        "GOOGLE_DISCOVERY_URL",
        "FEEDS_ALLOWED_PRIVATE_HOSTS",
        "FEEDS_MAX_BYTES",
        "FEEDS_TOTAL_SECONDS",
        "JOBS_ACKS_LATE",
        "JOBS_TIME_SCALE",
        "LOG_FORMAT",
        "LIVE_MAX_SOCKETS",
        "LIVE_MAX_SOCKETS_PER_ADDRESS",
        "LIVE_MAX_SOCKETS_PER_USER",
    ]
)
#: Read by deploy.sh rather than by Compose.
_SCRIPTS_ONLY = frozenset({"COMPOSE_PROFILES", "OPS_ALLOW"})


def variables() -> dict[str, str]:
    """Return what the example names, with its values."""
    return dict(_LINE.findall(EXAMPLE.read_text()))


def filled(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the example as an operator would fill it, with random secrets."""
    made = {
        name: secrets.token_hex(32) if value == "REPLACE" else value.strip('"')
        for name, value in variables().items()
    }
    made |= {
        "REPO_LOWER": "citypulse/rehearsal",
        "ACME_EMAIL": "ops@city-pulse.app",
        "FLOWER_BASIC_AUTH": f"ops:{secrets.token_hex(16)}",
    }
    return made | dict(changes or {})


def write(path: Path, values: Mapping[str, str]) -> Path:
    """Write an environment file that only its owner reads."""
    path.touch(mode=0o600)
    path.write_text("".join(f'{name}="{value}"\n' for name, value in values.items()))
    return path


def undocumented() -> tuple[set[str], set[str]]:
    """Return what Compose reads and the example does not name, and what the example names in vain."""
    used = set(_USE.findall(COMPOSE.read_text()))
    named = set(variables())
    return used - named, named - used - _SCRIPTS_ONLY


def untold() -> set[str]:
    """Return the settings that the stack's containers cannot be told, though an operator may want to."""
    settings = next(
        node
        for node in ast.parse(SETTINGS.read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    named = {
        node.target.id.upper()
        for node in settings.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    told = set(re.findall(r"^ +([A-Z][A-Z0-9_]*):", COMPOSE.read_text(), re.MULTILINE))
    return named - {"MODEL_CONFIG"} - told - _NOT_IN_PRODUCTION


def secret_names() -> list[str]:
    """Return the variables that must be replaced."""
    return [name for name, value in variables().items() if value == "REPLACE"]
