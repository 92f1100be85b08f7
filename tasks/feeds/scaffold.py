"""
Begin a connector: `make connector name=parking` writes the folder `tasks/feeds/connectors/parking`.

Beside it comes what feeds of the kind may be told, `shared/feeds/kinds/parking.py`: the API judges by it, too.

What it writes works: a connector of a JSON list of places, with a sample and what it gives. Change it in place;
`python -m tests.support.feeds parking` writes what comes out of the samples into `expected.json`.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Final

from shared.errors import Permanent
from shared.feeds import kinds as declared
from tasks.feeds.registry import FOLDER

#: Where the options of kinds are declared.
KINDS: Final = Path(declared.__path__[0])
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
_TITLE: Final = "@TITLE@"
_KIND: Final = "@KIND@"

_CONNECTOR: Final = '''"""
[p] @TITLE@: say in one sentence what the publisher sends and what it becomes.

Source: https://where.the.format/is-described
"""

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from shared.errors import Rejection
from tasks.feeds.connector import Malformed, Payload, Plan, Record, Rejected, Request, Source, Thing
from tasks.feeds.reading.times import from_posix


def plan(source: Source) -> Plan:
    """Fetch the one file there is; there is no cursor."""
    yield Request("places", source.url)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one thing per row.

    Raises: Malformed if a payload is no list.
    """
    for payload in payloads:
        for number, row in enumerate(_rows(payload)):
            record = f"{payload.name}#{number}"
            try:
                yield _thing(row, record)
            except Rejection as why:
                yield Rejected(record=record, reason=why.reason, detail=why.detail, excerpt=repr(row)[:500])


def _rows(payload: Payload) -> list[Any]:
    try:
        rows = orjson.loads(payload.read())
    except orjson.JSONDecodeError as error:
        raise Malformed(f"{payload.name}: not JSON: {error}") from None
    if not isinstance(rows, list):
        raise Malformed(f"{payload.name}: no list of places")
    return rows


def _thing(row: Any, record: str) -> Thing:  # Any: JSON of a publisher.
    if not isinstance(row, dict) or not row.get("id"):
        raise Rejection("no_identity", "the row has no id")
    return Thing(
        external_id=str(row["id"]),
        record=record,
        observed_at=from_posix(row.get("updated")),
        kind="@KIND@",
        name=str(row.get("name") or row["id"]),
    )
'''
_MANIFEST: Final = """kind = "@KIND@"
name = "@TITLE@"
parser_version = 1
standard = "https://where.the.format/is-described"
# What each run lists completely, so that what is missing has vanished.
replaces = ["things"]
# Ages of the newest entity at which the feed is late, stale and dead; say in the README what they rest on.
late_seconds = 3600
stale_seconds = 21600
dead_seconds = 604800
"""
_OPTIONS: Final = '''"""[p] What a feed of @TITLE@ may be told."""

from shared.feeds.option_types import Options


class @CLASS@Options(Options):
    """Options of feeds of @TITLE@: a field each, with its default, its range and a line of meaning."""
'''
_README: Final = """# @TITLE@

What the publisher sends. Source: <https://where.the.format/is-described>.

- **URL**: what it points to. **Options**: none yet.
- **Becomes**: things of kind `@KIND@`.
- **Times**: whose they are and in which zone.
- **Set aside**: a row without an id (`no_identity`).
- **Freshness**: what the limits in `manifest.toml` rest on.
"""
_SAMPLE: Final = (
    '[{"id": "a", "name": "First place", "updated": 1700000000}, {"name": "Place without an id"}]\n'
)
_URL: Final = "https://publisher.example/places.json"


def write(kind: str, folder: Path = FOLDER, kinds: Path = KINDS) -> Path:
    """
    Write a connector folder that works and passes its tests, and the module of its options.

    Raises: Permanent if the name is not one, or taken.
    """
    if not _NAME.fullmatch(kind):
        raise Permanent(f"{kind!r:.60} is no name for a connector: lower case, digits and underscores")
    target = folder / kind
    if target.exists():
        raise Permanent(f"there is a connector {kind} already: {target}")
    title = kind.replace("_", " ").capitalize()
    (target / "samples").mkdir(parents=True)
    for name, text in {
        "__init__.py": f'"""[p] {title}."""\n',
        "connector.py": _CONNECTOR,
        "manifest.toml": _MANIFEST,
        "README.md": _README,
        "samples/places.json": _SAMPLE,
        "expected.json": _expected(kind),
    }.items():
        (target / name).write_text(text.replace(_TITLE, title).replace(_KIND, kind), encoding="utf-8")
    kinds.mkdir(parents=True, exist_ok=True)
    told = _OPTIONS.replace(_TITLE, title).replace("@CLASS@", kind.title().replace("_", ""))
    (kinds / f"{kind}.py").write_text(told, encoding="utf-8")
    return target


def _expected(kind: str) -> str:
    thing = {
        "type": "Thing",
        "external_id": "a",
        "record": "places#0",
        "observed_at": "2023-11-14T22:13:20Z",
        "kind": kind,
        "name": "First place",
    }
    rejected = {
        "type": "Rejected",
        "record": "places#1",
        "reason": "no_identity",
        "detail": "the row has no id",
        "excerpt": "{'name': 'Place without an id'}",
    }
    case = {
        "case": "a list of places",
        "url": _URL,
        "answers": {_URL: "places.json"},
        "cursor_after": {},
        "records": [thing, rejected],
    }
    return json.dumps([case], indent=1) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Begin a connector.")
    parser.add_argument("name", help="its kind, for example parking")
    try:
        target = write(parser.parse_args(arguments).name)
    except Permanent as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"wrote {target}; run: pytest tests/contracts/test_connectors.py\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
