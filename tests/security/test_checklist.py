"""The list itself: each row has tests, and the tests it names are there."""

import ast

import pytest

from deploy.local.testing import ROOT
from tests.security.checklist import ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.area)
def test_the_tests_a_row_names_are_there(row: object) -> None:
    """A test that was renamed must not silently leave the list."""
    missing = []
    for place in row.elsewhere:  # type: ignore[attr-defined]  # pytest hands parameters on as objects
        module, _, name = place.partition("::")
        tree = ast.parse((ROOT / module).read_text())
        names = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        if name and name not in names:
            missing.append(place)

    assert [] == missing


def test_the_rows_are_numbered_as_the_list_is() -> None:
    """From 1, without gaps."""
    assert list(range(1, len(ROWS) + 1)) == [row.number for row in ROWS]
