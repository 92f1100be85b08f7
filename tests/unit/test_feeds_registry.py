"""Finding connectors by their folders."""

from pathlib import Path

import pytest

from shared.errors import Permanent
from tasks.feeds import registry

GOOD = """
kind = "tides"
name = "Tides"
parser_version = 1
standard = "https://standard.example"
replaces = ["things"]
late_seconds = 60
stale_seconds = 120
dead_seconds = 180
"""


def written(tmp_path: Path, text: str) -> Path:
    """Write a manifest into a connector folder of its own."""
    folder = tmp_path / "tides"
    folder.mkdir()
    (folder / "manifest.toml").write_text(text)
    return folder / "manifest.toml"


def test_the_kinds_are_the_folders() -> None:
    """What has a connector.py is a kind, and nothing else has to know."""
    folders = sorted(path.parent.name for path in registry.FOLDER.glob("*/connector.py"))

    assert folders == registry.kinds()
    assert "gbfs" in folders


def test_an_unknown_kind_names_the_known_ones() -> None:
    """An admin who mistypes a kind reads what there is."""
    with pytest.raises(Permanent, match=r"no connector 'gbfz'; known kinds: .*gbfs"):
        registry.connector("gbfz")


def test_a_kind_is_never_a_path() -> None:
    """A kind from a form cannot reach outside the folder."""
    with pytest.raises(Permanent, match="no connector"):
        registry.connector("../connectors/gbfs")


def test_a_manifest_is_read_with_its_defaults(tmp_path: Path) -> None:
    """A minimal manifest is whole."""
    manifest = registry.read_manifest(written(tmp_path, GOOD))

    assert ("tides", frozenset({"things"}), 1) == (
        manifest.kind,
        manifest.replaces,
        manifest.min_interval_seconds,
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "tides"', 'kind = "waves"', "not the folder's name"),
        ('["things"]', '["stars"]', "stars"),
        ("stale_seconds = 120", "stale_seconds = 20", "do not grow"),
        ("parser_version = 1", "parser_version = 0", "begin at 1"),
        ("parser_version = 1", "", "parser_version"),
        ("parser_version = 1", "parser_version = 1\ncolour = 2", "colour"),
        ("late_seconds = 60", 'late_seconds = "60"', "whole number"),
        ('kind = "tides"', "kind = ", "manifest.toml"),
    ],
)
def test_a_wrong_manifest_says_what_is_wrong(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each rule of a manifest is checked and named."""
    with pytest.raises(Permanent, match=message):
        registry.read_manifest(written(tmp_path, GOOD.replace(old, new)))
