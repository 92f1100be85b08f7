"""What the database does about a process that froze in mid-transaction."""

import pytest
from sqlalchemy import text

from shared.db import forget_engine, transaction

pytestmark = pytest.mark.usefixtures("db")


def test_a_silent_transaction_keeps_its_locks_no_longer_than_a_lease() -> None:
    """Every connection of ours carries the limit, so that no deployment can forget it."""
    with transaction() as tx:
        limit = tx.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()

    assert limit == "30s"


def test_a_process_may_ask_for_stricter_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What PGOPTIONS says still holds, and wins."""
    monkeypatch.setenv("PGOPTIONS", "-c statement_timeout=5s -c idle_in_transaction_session_timeout=10s")
    forget_engine()

    with transaction() as tx:
        said = [
            tx.execute(text(f"SHOW {name}")).scalar_one()
            for name in ("statement_timeout", "idle_in_transaction_session_timeout")
        ]

    assert said == ["5s", "10s"]
