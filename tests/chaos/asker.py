"""One who asks for work and may die over it: `CHAOS_POINT=inserted python -m tests.chaos.asker`."""

from shared.jobs.points import reach
from tests.chaos.ledger import Ledger
from tests.chaos.work import ChaosWork

if __name__ == "__main__":
    Ledger().put_one(ChaosWork())
    reach("committed")
