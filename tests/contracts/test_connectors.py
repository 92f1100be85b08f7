"""What every connector folder must be: complete, pure, and true to its own samples."""

import ast
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.pulse.queries import ADDS_TO, TILES
from tasks.feeds.connector import Described, Malformed, Rejected
from tasks.feeds.registry import FOLDER, connector, kinds
from tests.support.feeds import cases, feed_of, parse, payload, run_case

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
    "tasks.feeds.connectors",
    "tasks.feeds.credentials",
    "tasks.feeds.encoding",
    "tasks.feeds.quality",
    "tasks.feeds.reading",
    "shared.errors",
    # What feeds may be told, which is judged when they are saved, too: pure as connectors are.
    "shared.feeds.kinds",
    "shared.feeds.mappings",
    "shared.feeds.option_types",
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


@pytest.mark.parametrize("kind", sorted(ADDS_TO))
def test_a_connector_adds_to_no_other_number_than_the_pulse_believes(kind: str) -> None:
    """A feed that was never read is missed in those numbers only."""
    added = {key for case in cases(kind) for record in case["records"] for key in added_to(record)}

    assert added <= {ADDS_TO[kind]}


def added_to(record: dict[str, Any]) -> Iterator[str]:
    """Yield the keys of the numbers that a record adds to."""
    listed = {"Feature": record.get("kind"), "Vehicle": "vehicles_live"}.get(record["type"])
    if record["type"] == "Vehicle" and record["kind"] in ("bicycle", "scooter", "moped", "car"):
        listed = "bicycles"
    names = {f"{listed}_open", listed, *(result["observed_property"] for result in record.get("results", ()))}
    yield from (tile.key for tile in TILES if names & set(tile.totals))


@pytest.mark.parametrize("kind", kinds())
def test_each_record_has_an_address_of_its_own_in_the_run(kind: str) -> None:
    """Record addresses name a payload and a position, so that a rejected row can be found again."""
    for case in cases(kind):
        written = [
            (record["type"], record["record"], record.get("phenomenon_time"), record.get("detail"))
            for record in case["records"]
        ]

        assert len(set(written)) == len(written)
        assert all("#" in address for _, address, *_ in written)


@pytest.mark.parametrize("kind", kinds())
def test_the_samples_are_small_and_all_used(kind: str) -> None:
    """A sample is written by hand to show a case; none lies about unused."""
    samples = sorted((FOLDER / kind / "samples").iterdir())

    assert sorted({name for case in cases(kind) for name in case["answers"].values()}) == [
        path.name for path in samples
    ]
    assert all(path.stat().st_size < 20_000 for path in samples)


FEEDS = FOLDER.parent
PURE = [
    *sorted(path for room in ("connectors", "encoding", "reading") for path in (FEEDS / room).rglob("*.py")),
    *(FEEDS / f"{name}.py" for name in ("connector", "credentials", "quality")),
]


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(FEEDS)))
def test_a_connector_touches_neither_network_nor_disk_nor_clock(path: Path) -> None:
    """Connectors are pure: they import nothing that reads the world and ask for no time."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {name for node in ast.walk(tree) for name in _imported(node)}
    called = {name for node in ast.walk(tree) for name in _called(node)}

    assert set() == {name for name in found if name.split(".")[0] in IMPURE or name in IMPURE_PARTS}
    assert set() == {
        name
        for name in found - {"tasks.feeds"}
        if name.split(".")[0] in ("tasks", "shared") and not name.startswith(OURS)
    }
    assert set() == called & (CLOCKS | CALLS)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        if node.module == "uuid" and [alias.name for alias in node.names] == ["UUID"]:
            return []  # The type alone makes no id.
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
    try:
        records = parse(feed_of(kind, cases(kind)[0]), payload(b""))
    except Malformed:
        return
    assert [] == [record for record in records if not isinstance(record, Described | Rejected)]


BEGINNINGS = st.sampled_from(
    [
        b"",
        b"{",
        b"[",
        b"[{",
        b"<a>",
        b"<?xml version='1.0'?>",
        b"\x1f\x8b",
        b"BEGIN:VCALENDAR\r\n",
        b"\xff\xfe",
    ]
)


@pytest.mark.parametrize("kind", kinds())
@given(beginning=BEGINNINGS, content=st.binary(max_size=200))
def test_arbitrary_bytes_raise_nothing_but_malformed(kind: str, beginning: bytes, content: bytes) -> None:
    """Whatever a publisher sends, the pipeline knows the one error that may come."""
    try:
        records = parse(feed_of(kind, cases(kind)[0]), payload(beginning + content))
    except Malformed as error:
        said = str(error)
    else:
        said = "".join(record.record for record in records) or "nothing"
    assert said


@pytest.mark.parametrize("kind", kinds())
def test_every_sample_cut_anywhere_is_records_or_malformed(kind: str) -> None:
    """A payload that broke off raises nothing that the pipeline does not know."""
    for case, path in _samples(kind):
        content = path.read_bytes()
        for end in range(0, len(content), max(len(content) // 25, 1)):
            with suppress(Malformed):
                assert isinstance(parse(feed_of(kind, case), payload(content[:end])), list)


def _samples(kind: str) -> list[tuple[dict[str, Any], Path]]:
    """Return each sample with the case whose options it is read with."""
    found = {name: case for case in cases(kind) for name in case["answers"].values()}
    return [(case, FOLDER / kind / "samples" / name) for name, case in sorted(found.items())]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", kinds())
@given(data=st.data())
def test_a_sample_with_any_value_in_any_place_raises_nothing_but_malformed(
    kind: str, data: st.DataObject
) -> None:
    """One value of a JSON sample is replaced by any other: a record may be set aside, the run goes on."""
    samples = [(case, path) for case, path in _samples(kind) if path.suffix in (".json", ".geojson")]
    if not samples:
        return
    case, path = data.draw(st.sampled_from(samples))
    document = json.loads(path.read_bytes())
    places = list(_places(document))
    parent, key = data.draw(st.sampled_from(places))
    parent[key] = data.draw(JSON)
    with suppress(Malformed):
        assert isinstance(parse(feed_of(kind, case), payload(orjson.dumps(document))), list)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in list(inner):
        yield value, key
        yield from _places(one)
