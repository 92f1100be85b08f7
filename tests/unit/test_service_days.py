"""Times of a timetable as moments: past midnight, and on the days on which a clock changes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tasks.feeds.reading.service_days import Days, day_of, moment, nearest_day

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")
DAILY = Days("1111111", "20200101", "20991231", (), ())


def seconds(text: str) -> int:
    """Read H:MM."""
    hours, minutes = text.split(":")
    return int(hours) * 3600 + int(minutes) * 60


@pytest.mark.parametrize(
    ("zone", "day", "clock", "expected"),
    [
        (LONDON, date(2026, 6, 1), "8:05", "2026-06-01T07:05"),
        (LONDON, date(2026, 12, 1), "25:35", "2026-12-02T01:35"),
        # 29 March: clocks go from 1:00 to 2:00. Noon minus 12 h is 23:00 of the day before, and 8:00 is 8:00 on clocks.
        (LONDON, date(2026, 3, 29), "0:00", "2026-03-28T23:00"),
        (LONDON, date(2026, 3, 29), "8:00", "2026-03-29T07:00"),
        (LONDON, date(2026, 3, 29), "25:35", "2026-03-30T00:35"),
        # The night before runs into it: 25:35 of Saturday is after the clock has changed.
        (LONDON, date(2026, 3, 28), "25:35", "2026-03-29T01:35"),
        # 25 October: clocks go from 2:00 to 1:00.
        (LONDON, date(2026, 10, 25), "0:00", "2026-10-25T00:00"),
        (LONDON, date(2026, 10, 25), "8:00", "2026-10-25T08:00"),
        (LONDON, date(2026, 10, 24), "25:35", "2026-10-25T00:35"),
        # 8 March and 1 November.
        (NEW_YORK, date(2026, 3, 8), "8:00", "2026-03-08T12:00"),
        (NEW_YORK, date(2026, 3, 8), "0:30", "2026-03-08T04:30"),
        (NEW_YORK, date(2026, 3, 7), "26:30", "2026-03-08T07:30"),
        (NEW_YORK, date(2026, 11, 1), "8:00", "2026-11-01T13:00"),
        (NEW_YORK, date(2026, 11, 1), "0:30", "2026-11-01T05:30"),
        (NEW_YORK, date(2026, 11, 1), "25:35", "2026-11-02T06:35"),
    ],
)
def test_a_time_is_counted_from_noon_minus_twelve_hours(
    zone: ZoneInfo, day: date, clock: str, expected: str
) -> None:
    """So that clocks show the written time on the day they change, and no hour is there twice."""
    assert datetime.fromisoformat(expected).replace(tzinfo=UTC) == moment(day, seconds(clock), zone)


@pytest.mark.parametrize(
    ("day", "runs"),
    [
        ("20261127", True), ("20261128", False), ("20261130", True), ("20261204", False), ("20261205", True),
        ("20261231", False),
    ],
)  # fmt: skip
def test_a_service_runs_on_its_weekdays_but_for_dates_of_their_own(day: str, runs: bool) -> None:
    """Monday to Friday in a span, one day removed, one Saturday added."""
    days = Days("1111100", "20261101", "20261230", ("20261205",), ("20261204",))
    read = day_of(day)

    assert read is not None
    assert runs is days.include(read)


@pytest.mark.parametrize(
    ("near", "expected"),
    [
        ("2026-12-01T00:55", date(2026, 11, 30)),
        ("2026-12-01T23:55", date(2026, 12, 1)),
        ("2026-12-01T12:00", date(2026, 11, 30)),
    ],
)
def test_a_trip_that_tells_no_day_is_of_the_one_whose_run_is_nearest(near: str, expected: date) -> None:
    """A night bus at 0:55 set out on the service day before."""
    at = datetime.fromisoformat(near).replace(tzinfo=UTC)

    assert expected == nearest_day(DAILY, seconds("24:50"), seconds("25:35"), at, LONDON)


def test_a_trip_of_a_service_that_runs_on_no_day_near_has_none() -> None:
    """Nothing is guessed."""
    never = Days("0000000", "", "", (), ())

    assert nearest_day(never, 0, 100, datetime(2026, 12, 1, tzinfo=UTC), LONDON) is None
    assert nearest_day(DAILY, 0, 100, datetime.max.replace(tzinfo=UTC), LONDON) is None


@pytest.mark.parametrize("text", [None, "", "2026-12-01", "20261301", "00010101", "99991231", "٢٠٢٦١٢٠١"])
def test_what_is_no_date_is_none(text: str | None) -> None:
    """Service dates are eight digits."""
    assert day_of(text) is None
