"""What every connector folder must be: complete, pure, and true to its own samples."""

import ast
from pathlib import Path

import pytest

from tasks.feeds.connector import Described, Rejected
from tasks.feeds.registry import FOLDER, connector, kinds
from tests.support.feeds import cases, parse, payload, run_case, source

IMPURE = {
    "aiohttp", "asyncio", "boto3", "celery", "flask", "ftplib", "glob", "http", "httpx", "importlib", "logging",
    "multiprocessing", "os", "pathlib", "psycopg2", "random", "redis", "requests", "secrets", "shutil", "smtplib",
    "socket", "sqlalchemy", "sqlite3", "ssl", "structlog", "subprocess", "sys", "tempfile", "threading", "time",
    "urllib3", "uuid",
}  # fmt: skip
IMPURE_PARTS = {
    "urllib.request",
    "shared.db",
    "shared.clock",
    "shared.settings",
    "shared.logging",
    "shared.storage",
}
OURS = (
    "tasks.feeds.connector",
    "tasks.feeds.connectors.",
    "tasks.feeds.credentials",
    "tasks.feeds.documents",
    "tasks.feeds.places",
    "tasks.feeds.alert_chains",
    "tasks.feeds.times",
    "shared.errors",
    "shared.geo",
    "shared.units",
)
CLOCKS = {"now", "utcnow", "today", "monotonic"}
CALLS = {"open", "print", "input", "exec", "eval", "__import__"}


@pytest.mark.parametrize("kind", kinds())
def test_a_connector_folder_is_complete(kind: str) -> None:
    """The folder holds the five parts, and its README says what the freshness limits rest on."""
    folder = FOLDER / kind

    assert [] == [
        part
        for part in ("connector.py", "manifest.toml", "README.md", "expected.json", "samples", "__init__.py")
        if not (folder / part).exists()
    ]
    assert kind == connector(kind).manifest.kind
    assert "Freshness" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", kinds())
def test_a_connector_gives_what_its_folder_expects(kind: str) -> None:
    """The samples, planned and parsed, give the records written in expected.json."""
    for case in cases(kind):
        assert case == run_case(kind, case), case["case"]


@pytest.mark.parametrize("kind", kinds())
def test_each_record_has_an_address_of_its_own_in_the_run(kind: str) -> None:
    """Record addresses name a payload and a position, so that a rejected row can be found again."""
    for case in cases(kind):
        written = [(record["type"], record["record"]) for record in case["records"]]

        assert len(set(written)) == len(written)
        assert all("#" in address for _, address in written)


@pytest.mark.parametrize("kind", kinds())
def test_the_samples_are_small_and_all_used(kind: str) -> None:
    """A sample is written by hand to show a case; none lies about unused."""
    samples = sorted((FOLDER / kind / "samples").iterdir())

    assert sorted({name for case in cases(kind) for name in case["answers"].values()}) == [
        path.name for path in samples
    ]
    assert all(path.stat().st_size < 20_000 for path in samples)


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_connector_touches_neither_network_nor_disk_nor_clock(path: Path) -> None:
    """Connectors are pure: they import nothing that reads the world and ask for no time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {name for node in ast.walk(tree) for name in _imported(node)}
    called = {name for node in ast.walk(tree) for name in _called(node)}

    assert set() == {name for name in found if name.split(".")[0] in IMPURE or name in IMPURE_PARTS}
    assert set() == {
        name for name in found if name.split(".")[0] in ("tasks", "shared") and not name.startswith(OURS)
    }
    assert set() == called & (CLOCKS | CALLS)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _called(node: ast.AST) -> list[str]:
    if not isinstance(node, ast.Call):
        return []
    if isinstance(node.func, ast.Attribute):
        return [node.func.attr] if node.func.attr in CLOCKS else []
    return [node.func.id] if isinstance(node.func, ast.Name) else []


@pytest.mark.parametrize("kind", kinds())
def test_an_empty_payload_is_malformed_or_empty(kind: str) -> None:
    """Zero bytes never become records."""
    from tasks.feeds.connector import Malformed

    try:
        records = parse(source(kind), payload(b""))
    except Malformed:
        return
    assert [] == [record for record in records if not isinstance(record, Described | Rejected)]
