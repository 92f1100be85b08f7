"""Beginning a connector."""

import ast
import importlib.util
from pathlib import Path

import pytest

from shared.errors import Permanent
from tasks.feeds import registry, scaffold
from tasks.feeds.connector import Rejected, Thing
from tests.support.feeds import payload, source


def test_a_new_connector_is_whole_and_works(tmp_path: Path) -> None:
    """The folder has every part, its manifest is valid, and its sample parses to what it expects."""
    target = scaffold.write("parking_lots", tmp_path, tmp_path / "kinds")
    spec = importlib.util.spec_from_file_location("parking_lots_connector", target / "connector.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sent = payload(target / "samples" / "places.json", "places")
    thing, rejected = module.parse([sent], source("parking_lots"))

    assert "parking_lots" == registry.read_manifest(target / "manifest.toml").kind
    assert (
        Thing(
            external_id="a",
            record="places#0",
            observed_at=thing.observed_at,
            kind="parking_lots",
            name="First place",
        )
        == thing
    )
    assert isinstance(rejected, Rejected)
    assert "Freshness" in (target / "README.md").read_text()
    assert ast.parse((target / "__init__.py").read_text()).body
    assert "class ParkingLotsOptions(Options):" in (tmp_path / "kinds" / "parking_lots.py").read_text()


@pytest.mark.parametrize("name", ["", "Parking", "1st", "../escape", "a", "with-dash", "gbfs"])
def test_a_name_that_is_none_or_taken_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped command writes nothing and says why."""
    before = registry.kinds()

    assert 1 == scaffold.main([name])
    assert capsys.readouterr().err
    assert before == registry.kinds()


def test_a_connector_is_never_overwritten(tmp_path: Path) -> None:
    """Running it twice is refused."""
    scaffold.write("parking", tmp_path, tmp_path / "kinds")
    with pytest.raises(Permanent, match="already"):
        scaffold.write("parking", tmp_path, tmp_path / "kinds")
