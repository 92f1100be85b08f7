"""Judge every feed's freshness and tell browsers which changed."""

from shared.clock import utcnow
from shared.feeds.judging import close_silent_runs, judge_all
from shared.messages import JudgeFeeds
from tasks.base import Job, handles


@handles(JudgeFeeds, limit_seconds=30)
def judge_feeds(message: JudgeFeeds, job: Job) -> None:
    """Judge feeds by the clock alone: what no run can tell is that there was none."""
    with job.finish() as tx:
        close_silent_runs(tx)
        judge_all(tx, utcnow())
