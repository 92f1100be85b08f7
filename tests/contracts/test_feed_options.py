"""What feeds may be told is declared once: each connector reads what is declared, and nothing else."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.feeds.option_types import PARTS, Options, TableOptions, TimetabledOptions
from shared.feeds.options import described, kinds, options_of, problems
from tasks.feeds import registry
from tasks.feeds.reading.column_names import NAMES
from tests.support.feeds import cases

FEEDS = registry.FOLDER.parent
PACKS = sorted(Path("deploy/cities").glob("*/city.toml"))
#: Read where feeds are stored, by SQL.
IN_PLACE = {"hours", "keep_days"}


def trees(folder: Path) -> Iterator[tuple[Path, ast.AST]]:
    """Yield the modules of a folder."""
    for path in sorted(folder.rglob("*.py")):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def attributes(folder: Path) -> set[str]:
    """Return the names that the modules of a folder read of anything."""
    return {
        node.attr for _, tree in trees(folder) for node in ast.walk(tree) if isinstance(node, ast.Attribute)
    }


def test_each_connector_declares_its_options() -> None:
    """A kind that the API accepts can run, and the other way round."""
    assert tuple(registry.kinds()) == kinds()


@pytest.mark.parametrize("kind", kinds())
def test_a_connector_reads_every_option_that_it_declares(kind: str) -> None:
    """What nobody reads would be promised and ignored."""
    own = options_of(kind).model_fields.keys() - TableOptions.model_fields.keys()
    shared = options_of(kind).model_fields.keys() - own - IN_PLACE

    read = attributes(registry.FOLDER / kind)
    assert set() == own - read - TimetabledOptions.model_fields.keys()
    assert set() == shared - read - attributes(FEEDS)


def test_options_are_read_by_their_declaration_alone() -> None:
    """No module of feeds looks into the table of options itself."""
    looks = [
        f"{path.relative_to(FEEDS)}:{node.lineno}"
        for path, tree in trees(FEEDS)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr == "get" and _is_options(node.value))
        or (isinstance(node, ast.Subscript) and _is_options(node.value))
    ]

    assert [] == looks


def _is_options(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "options"


def test_columns_play_the_parts_that_may_be_named() -> None:
    """The option `fields` names what tables are read for."""
    assert NAMES.keys() == PARTS


@pytest.mark.parametrize("kind", kinds())
def test_every_option_says_what_it_is(kind: str) -> None:
    """An admin reads its type, what is allowed and what it means."""
    told = described(kind)

    assert Options.model_fields.keys() <= {option["name"] for option in told}
    assert [] == [option for option in told if not (option["meaning"].endswith(".") and option["allowed"])]


@pytest.mark.parametrize("kind", kinds())
def test_the_samples_of_a_connector_have_options_that_can_be_saved(kind: str) -> None:
    """What its folder shows works through the API, too."""
    assert [] == [wrong for case in cases(kind) for wrong in problems(kind, case.get("options", {}))]


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.parent.name)
def test_the_feeds_of_a_city_pack_can_be_saved(path: Path) -> None:
    """A city that ships with us can be seeded."""
    feeds = tomllib.loads(path.read_text(encoding="utf-8"))["feeds"]

    assert [] == [wrong for feed in feeds for wrong in problems(feed["kind"], feed.get("options", {}))]
