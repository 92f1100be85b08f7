"""Nothing, durably."""

from shared.messages import Noop
from tasks.base import Job, handles


@handles(Noop, limit_seconds=30)
def noop(message: Noop, job: Job) -> None:
    """End well; what the benchmarks and the fault tests count."""
