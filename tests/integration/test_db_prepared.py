"""Statements that are planned once a connection."""

import pytest
from sqlalchemy import text

from shared.db import Prepared, Transaction, engine, transaction

pytestmark = pytest.mark.usefixtures("db")

SUM = Prepared("sum_of_two", "SELECT $1::int + $2::int AS sum", 2)


def names(tx: Transaction) -> list[str]:
    """Return what this connection has planned."""
    return list(
        tx.execute(text("SELECT name FROM pg_prepared_statements WHERE name = 'sum_of_two'")).scalars()
    )


def test_a_statement_is_planned_when_it_is_first_run_and_not_again() -> None:
    """The second run finds it; the values are those of each run."""
    with transaction() as tx:
        assert [3, 7] == [SUM.run(tx, 1, 2).scalar_one(), SUM.run(tx, 3, 4).scalar_one()]
        assert ["sum_of_two"] == names(tx)


def test_a_plan_outlives_the_transaction_that_made_it_also_one_that_is_rolled_back() -> None:
    """Postgres keeps it with the connection, and so is it remembered."""
    with pytest.raises(ZeroDivisionError), transaction() as tx:
        SUM.run(tx, 1, 2)
        raise ZeroDivisionError
    with transaction() as tx:
        assert 3 == SUM.run(tx, 1, 2).scalar_one()


def test_another_connection_plans_it_anew() -> None:
    """Nothing is remembered of one that is gone."""
    with transaction() as tx:
        SUM.run(tx, 1, 2)
    engine().dispose()
    with transaction() as tx:
        assert [] == names(tx)
        assert 3 == SUM.run(tx, 1, 2).scalar_one()
