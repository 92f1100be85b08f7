"""The supervisor waits longer after each failure, but never for ever."""

from deploy.local.supervisor import delay_seconds


def test_the_delay_doubles_from_half_a_second_to_half_a_minute() -> None:
    """A child that cannot start costs less and less, and is back within 30 s of being cured."""
    assert [0.5, 1, 2, 4, 8, 16, 30, 30] == [delay_seconds(failures) for failures in range(8)]
    assert 30 == delay_seconds(1000)
