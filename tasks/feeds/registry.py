"""Find the connectors: each is a folder under `tasks/feeds/connectors`, and nothing else knows their names."""

import importlib
import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

from shared.errors import Permanent
from tasks.feeds.connector import Manifest, Named, Outline, Payload, Plan, Record, Source
from tasks.feeds.encoding.blocks import Block

FOLDER = Path(__file__).parent / "connectors"
MODULE = "connector.py"
REPLACEABLE = frozenset({"vehicles", "features", "trip_updates", "things"})


class Connector(Protocol):
    """What `connector(kind)` returns: a connector folder's two functions, and what follows from them."""

    manifest: Manifest

    def plan(self, source: Source) -> Plan:
        """Say what to fetch."""
        ...

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Turn what was fetched into records."""
        ...

    def blocks(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record | Block]:
        """Turn what was fetched into the same records, those of long tables in blocks."""
        ...


class Zoning(Protocol):
    """What the module `zones` of a connector offers whose records name places that they do not draw."""

    def named(self, payloads: Sequence[Payload], source: Source) -> Sequence[str]:
        """Return the URLs of the places whose outlines are needed."""
        ...

    def read(self, content: bytes) -> Outline:
        """Read what stands at such a URL; raises Malformed."""
        ...


class Naming(Protocol):
    """What the module `naming` of a connector offers whose records refer to a timetable."""

    def named(self, payloads: Sequence[Payload]) -> Named:
        """Return the ids that payloads name; raises Malformed."""
        ...


class _Loaded:
    """A connector folder, loaded."""

    def __init__(self, manifest: Manifest, module: ModuleType) -> None:
        self.manifest = manifest
        self._module = module

    @property
    def zoning(self) -> Zoning | None:
        """Return how the connector knows its zones, if it has any."""
        return getattr(self._module, "zones", None)

    @property
    def naming(self) -> Naming | None:
        """Return how the connector refers to a timetable, if it does."""
        return getattr(self._module, "naming", None)

    def plan(self, source: Source) -> Plan:
        """Say what to fetch."""
        return self._module.plan(source)  # type: ignore[no-any-return]  # a module found by its name

    def parse(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
        """Turn what was fetched into records."""
        return self._module.parse(payloads, source)  # type: ignore[no-any-return]  # as above

    def blocks(self, payloads: Sequence[Payload], source: Source) -> Iterator[Record | Block]:
        """Turn what was fetched into records, in blocks where the connector can."""
        return getattr(self._module, "blocks", self._module.parse)(payloads, source)  # type: ignore[no-any-return]  # as above


def kinds() -> list[str]:
    """Name the connectors there are, sorted."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{MODULE}"))


def connector(kind: str) -> Connector:
    """
    Load the connector of a kind of feed.

    Raises: Permanent that names the known kinds if there is none.
    """
    if kind not in kinds():
        raise Permanent(f"no connector {kind!r:.60}; known kinds: {', '.join(kinds())}")
    return _load(kind)


@cache
def _load(kind: str) -> Connector:
    manifest = read_manifest(FOLDER / kind / "manifest.toml")
    module = importlib.import_module(f"tasks.feeds.connectors.{kind}.connector")
    return _Loaded(manifest, module)


def read_manifest(path: Path) -> Manifest:
    """
    Read and check a `manifest.toml`.

    Raises: Permanent that names the file and what is wrong in it.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        manifest = Manifest(**values | {"replaces": frozenset(values.get("replaces", ()))})
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise Permanent(f"{path.parent.name}/{path.name}: {error}") from error
    if problem := _problem(manifest, path.parent.name):
        raise Permanent(f"{path.parent.name}/{path.name}: {problem}")
    return manifest


def _problem(manifest: Manifest, folder: str) -> str | None:
    if manifest.kind != folder:
        return f"kind {manifest.kind!r} is not the folder's name"
    if unknown := manifest.replaces - REPLACEABLE:
        return f"replaces holds {sorted(unknown)}, not of {sorted(REPLACEABLE)}"
    numbers = (manifest.parser_version, manifest.late_seconds, manifest.stale_seconds, manifest.dead_seconds)
    if not all(isinstance(number, int) for number in (*numbers, manifest.min_interval_seconds)):
        return "a version or a number of seconds is no whole number"
    if not 0 < manifest.late_seconds < manifest.stale_seconds < manifest.dead_seconds:
        return "late_seconds, stale_seconds and dead_seconds do not grow"
    if manifest.parser_version < 1 or manifest.min_interval_seconds < 1:
        return "parser_version and min_interval_seconds begin at 1"
    return None
