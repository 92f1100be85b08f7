"""What the database does about a process that froze in mid-transaction."""

import pytest
from sqlalchemy import text

from shared.db import transaction

pytestmark = pytest.mark.usefixtures("db")


def test_a_silent_transaction_keeps_its_locks_no_longer_than_a_lease() -> None:
    """Every connection of ours carries the limit, so that no deployment can forget it."""
    with transaction() as tx:
        limit = tx.execute(text("SHOW idle_in_transaction_session_timeout")).scalar_one()

    assert limit == "30s"
