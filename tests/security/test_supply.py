"""The questions about packages: what is found is told, and who cannot be asked is never taken for a yes."""

import sys

import pytest

from tests.security.supply import audit, lint

SAYS = (sys.executable, "-c")


@pytest.mark.row(20)
def test_no_code_of_ours_is_careless() -> None:
    """By the rules of flake8-bandit, over everything that runs."""
    assert "ok" == lint()


@pytest.mark.row(20)
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("pass", "ok"),
        ("raise SystemExit('ConnectionError: no route to the service')", "SKIP"),
        ("print('celery  Dependency not found on PyPI and could not be audited')", "SKIP"),
        ("raise SystemExit('Found 1 known vulnerability in 1 package')", "OPEN"),
        ("raise SystemExit(1)", "OPEN"),
    ],
)
def test_an_audit_passes_only_when_it_was_made(code: str, expected: str) -> None:
    """No answer is no pass, and a fault is never taken for no answer."""
    assert expected == audit("base", (*SAYS, code)).split()[0]
