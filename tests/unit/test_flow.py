"""How much a relay rings ahead."""

from workers.flow import Flow


def test_an_unknown_queue_gets_a_few_messages_a_slot() -> None:
    """Nothing is known of its pace yet."""
    assert Flow().room("bulk", slots=2, in_redis=0, now=0.0) == 8


def test_a_queue_that_drains_fast_gets_half_a_second_of_its_pace() -> None:
    """A thousand a second for a while: about five hundred may lie ready."""
    flow = Flow()
    for turn in range(40):
        flow.room("bulk", 2, 0, now=turn * 0.02)
        flow.pushed("bulk", 20)

    assert 450 <= flow.room("bulk", 2, 0, now=0.8) <= 500


def test_a_queue_of_long_jobs_keeps_only_the_few() -> None:
    """What lies there already counts, and a slow pace opens no window."""
    flow = Flow()
    flow.room("bulk", 2, 0, now=0.0)
    flow.pushed("bulk", 8)

    assert flow.room("bulk", 2, 7, now=1.0) == 1


def test_a_flushed_redis_is_not_taken_for_a_fast_worker_for_long() -> None:
    """The pace is an average that forgets."""
    flow = Flow()
    flow.room("bulk", 2, 0, now=0.0)
    flow.pushed("bulk", 1000)
    for turn in range(1, 200):
        flow.room("bulk", 2, 0, now=turn * 0.02)

    assert flow.room("bulk", 2, 0, now=4.0) == 8
