"""How much a relay rings ahead."""

from workers.flow import Flow


def test_an_unknown_queue_gets_a_few_messages_a_slot() -> None:
    """Nothing is known of its pace yet."""
    assert Flow().room("bulk", slots=2, in_redis=0, jobs=0, now=0.0) == 8


def test_a_queue_that_drains_fast_gets_half_a_second_of_its_pace() -> None:
    """A thousand a second for a while: about five hundred may lie ready."""
    flow = Flow()
    for turn in range(40):
        flow.room("bulk", 2, 0, 0, now=turn * 0.02)
        flow.pushed("bulk", 20, 20)

    assert 450 <= flow.room("bulk", 2, 0, 0, now=0.8) <= 500


def test_a_queue_of_long_jobs_keeps_only_the_few() -> None:
    """What lies there already counts, and a slow pace opens no window."""
    flow = Flow()
    flow.room("bulk", 2, 0, 0, now=0.0)
    flow.pushed("bulk", 8, 8)

    assert flow.room("bulk", 2, 7, 7, now=1.0) == 1


def test_messages_of_jobs_that_ran_already_are_no_pace() -> None:
    """Rung twice, a job's second message is thrown away at once, however long the jobs are."""
    flow = Flow()
    flow.room("bulk", 2, 400, 2, now=0.0)
    for turn in range(1, 20):
        flow.room("bulk", 2, 400 - 20 * turn, 2, now=turn * 0.02)

    assert flow.room("bulk", 2, 0, 2, now=0.4) == 8


def test_jobs_that_are_to_be_rung_again_are_no_pace() -> None:
    """Their messages still lie in Redis."""
    flow = Flow()
    flow.room("bulk", 2, 6, 200, now=0.0)

    assert flow.room("bulk", 2, 6, 0, now=0.02) == 2


def test_a_flushed_redis_is_not_taken_for_a_fast_worker_for_long() -> None:
    """The pace is an average that forgets."""
    flow = Flow()
    flow.room("bulk", 2, 0, 0, now=0.0)
    flow.pushed("bulk", 1000, 1000)
    for turn in range(1, 200):
        flow.room("bulk", 2, 0, 0, now=turn * 0.02)

    assert flow.room("bulk", 2, 0, 0, now=4.0) == 8
