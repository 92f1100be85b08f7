"""Reading publishers' times."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import Permanent, Rejection
from tasks.feeds.reading.times import LocalTimes, from_posix, from_rfc2822, from_rfc3339
from tasks.feeds.reading.times_written import is_day_first, looks_day_first


def utc(*parts: int) -> datetime:
    """Return a moment in UTC."""
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]  # year, month, day and so on


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-01-21 13:47:00", utc(2022, 1, 21, 18, 47)),
        ("2022-07-21T13:47:00.500", utc(2022, 7, 21, 17, 47, 0, 500_000)),
        ("2022-01-21T13:47:00-08:00", utc(2022, 1, 21, 21, 47)),
        ("2022-01-21T13:47:00Z", utc(2022, 1, 21, 13, 47)),
        ("2022-01-21", utc(2022, 1, 21, 5)),
        ("04/18/2019 09:55:45 PM", utc(2019, 4, 19, 1, 55, 45)),
        ("04/18/2019 12:00:00 AM", utc(2019, 4, 18, 4)),
        ("04/18/2019 12:30 pm", utc(2019, 4, 18, 16, 30)),
        ("4/8/2019", utc(2019, 4, 8, 4)),
        ("1/2/22 3:04", utc(2022, 1, 2, 8, 4)),
        ("2012 Aug 15 03:00:00 PM", utc(2012, 8, 15, 19)),
        ("2012/08/15 03:00:00", utc(2012, 8, 15, 7)),
        ("Aug 15, 2012 03:00 p.m.", utc(2012, 8, 15, 19)),
        ("2022/01/21 13:47:00+00", utc(2022, 1, 21, 13, 47)),
        ("2022/01/21 13:47:00.5-0330", utc(2022, 1, 21, 17, 17, 0, 500_000)),
        ("2022-01-21 13:47:00 -0800", utc(2022, 1, 21, 21, 47)),
        ("1/21/2022 1:47 PM +05:30", utc(2022, 1, 21, 8, 17)),
        ("Jan 21, 2022 13:47 GMT", utc(2022, 1, 21, 13, 47)),
        ("  2022-01-21  ", utc(2022, 1, 21, 5)),
    ],
)
def test_a_naive_time_is_the_citys_own(text: str, expected: datetime) -> None:
    """The zone of the city decides, unless the text names an offset."""
    assert expected == LocalTimes("America/New_York").parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "21/01/2022 01:47:00 p. m.",
        "21/01/2022 01:47 p.\xa0m.",
        "21.1.2022 13.47",
        "21-JAN-22 01.47.00.000000 PM",
        "21.01.2022 13:47 Uhr",
        "21/01/2022 à 13h47",
        "21/01/2022 - 13:47",
        "13:47 21/01/2022",
        "20220121134700",
        "202201211347",
        "2022年1月21日 13:47",
        "2022年1月21日 下午1:47",
        "2022/01/21 午後 01:47:00",
        "２０２２-０１-２１ 13:47",
        "Friday, January 21st, 2022 at 1:47 PM",
        "vendredi 21 janvier 2022 à 13:47",
        "viernes, 21 de enero de 2022 13:47",
        "21 января 2022 г., 13:47",
        "Fri Jan 21 13:47:00 EST 2022",
        "Fri Jan 21 2022 13:47:00 GMT-0500 (Eastern Standard Time)",
        "Fri, 21 Jan 2022 13:47:00 -0500",
        "2022-01-21 13:47:00 EST",
        "2022-01-21T13:47:00-05:00[America/New_York]",
        "21/Jan/2022:13:47:00 -0500",
        "/Date(1642790820000)/",
        "/Date(1642790820000-0500)/",
    ],
)
def test_a_time_is_read_as_people_and_programs_say_it(text: str) -> None:
    """The form differs by country and by program, and not the moment."""
    assert utc(2022, 1, 21, 18, 47) == LocalTimes("America/New_York", day_first=True).parse(text)


def test_the_short_name_of_a_zone_is_the_citys_own_first() -> None:
    """Of the CST that there are it means the one that its clocks show."""
    told = "Fri Jan 21 13:47:00 CST 2022"

    assert utc(2022, 1, 21, 19, 47) == LocalTimes("America/Chicago").parse(told)
    assert utc(2022, 1, 21, 5, 47) == LocalTimes("Asia/Shanghai").parse(told)
    assert utc(2022, 1, 21, 8, 17) == LocalTimes("Asia/Kolkata").parse("2022-01-21 13:47 IST")
    with pytest.raises(Rejection, match="bad_time"):
        LocalTimes("Europe/London").parse("2022-01-21 13:47 XYZ")


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00", "0000-00-00 00:00:00", "0001-01-01T00:00:00", "9999-12-31 23:59:59", "1899-12-30", "12/30/1899",
        "01/01/0001 12:00:00 AM", "31/12/9999", "00/00/0000",
    ],
)  # fmt: skip
def test_the_first_and_the_last_of_all_days_are_none(text: str) -> None:
    """Databases hold them where nobody knows a day, or there is no end."""
    assert LocalTimes("America/New_York").parse(text) is None


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("15. März 2022", 3),
        ("15 maja 2022", 5),
        ("15 listopada 2022", 11),
        ("15. marraskuuta 2022", 11),
        ("15. maaliskuuta 2022", 3),
        ("15 Ağustos 2022", 8),
        ("15 мая 2022", 5),
        ("15 Μαΐου 2022", 5),
        ("15 Ιουλίου 2022", 7),
        ("15-MRZ-2022", 3),
        ("15 mrt 2022", 3),
        ("15-ENE-2022", 1),
        ("15 febbraio 2022", 2),
        ("15 févr. 2022", 2),
        ("15 AOÛT 2022", 8),
        ("15 juin 2022", 6),
        ("15 juillet 2022", 7),
        ("15 de septiembre de 2022", 9),
        ("15 de outubro de 2022", 10),
        ("15. dez. 2022 00:00", 12),
        ("décembre 15, 2022", 12),
    ],
)
def test_a_month_is_known_in_the_languages_of_cities(text: str, month: int) -> None:
    """With its accents or without, whole or shortened."""
    assert utc(2022, month, 15) == LocalTimes("UTC").parse(text)


def test_day_first_swaps_the_two_numbers() -> None:
    """03/04/2022 is April the third where days come first, and 03.04.2022 everywhere."""
    assert utc(2022, 4, 3, 10) == LocalTimes("UTC").parse("3.4.2022 10:00")
    assert utc(2022, 4, 3) == LocalTimes("UTC", day_first=True).parse("03/04/2022")
    assert utc(2022, 3, 4) == LocalTimes("UTC").parse("03/04/2022")


@pytest.mark.parametrize(
    "text",
    [
        "13/13/2022",
        "yesterday",
        "25:00",
        "02/30/2022",
        "2022-01-21 25:00",
        "2022/01/21 13:47+99",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """A record with an unreadable time is set aside with the text in its reason."""
    with pytest.raises(Rejection, match="bad_time"):
        LocalTimes("UTC").parse(text)


@pytest.mark.parametrize(
    ("zone", "is_first"),
    [
        ("America/New_York", False),
        ("America/Indiana/Knox", False),
        ("America/Toronto", False),
        ("Asia/Manila", False),
        ("UTC", False),
        ("Europe/London", True),
        ("America/Argentina/Buenos_Aires", True),
        ("Australia/Sydney", True),
        ("Asia/Kolkata", True),
    ],
)
def test_where_no_date_tells_the_country_does(zone: str, is_first: bool) -> None:
    """All of a day's rows may be of the fifth of November; one of the twenty-first settles it anywhere."""
    assert is_first == is_day_first(zone, ["05/11/2026", "05/11/2026 10:00"])
    assert is_day_first(zone, ["05/11/2026", "21/11/2026"])
    assert not is_day_first(zone, ["05/11/2026", "11/21/2026"])


def test_an_hour_that_comes_twice_is_the_first() -> None:
    """01:30 on the night the clocks go back is still daylight time."""
    assert utc(2022, 11, 6, 5, 30) == LocalTimes("America/New_York").parse("2022-11-06 01:30:00")


def test_an_hour_that_is_skipped_keeps_the_offset_before() -> None:
    """02:30 on the night the clocks go forward is read as if they had not."""
    assert utc(2022, 3, 13, 7, 30) == LocalTimes("America/New_York").parse("2022-03-13 02:30:00")


@settings(deadline=None)
@given(
    st.datetimes(datetime.fromisoformat("1950-01-01"), datetime.fromisoformat("2090-01-01")),
    st.sampled_from(
        [
            "America/New_York",
            "Europe/London",
            "Australia/Lord_Howe",
            "America/Sao_Paulo",
            "Asia/Kolkata",
            "America/St_Johns",
        ]
    ),
)
def test_the_fast_path_agrees_with_the_zone(moment: datetime, name: str) -> None:
    """Offsets remembered by day give what the zone itself gives, to the second."""
    expected = moment.replace(tzinfo=ZoneInfo(name)).astimezone(UTC)

    assert expected == LocalTimes(name).to_utc(moment)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1663292851, utc(2022, 9, 16, 1, 47, 31)),
        ("1663292851", utc(2022, 9, 16, 1, 47, 31)),
        (1663292851000, utc(2022, 9, 16, 1, 47, 31)),
        (0, None),
        (None, None),
        ("", None),
    ],
)
def test_posix_times_are_seconds_or_milliseconds(value: object, expected: datetime | None) -> None:
    """0 and absent mean unknown."""
    assert expected == from_posix(value)


@pytest.mark.parametrize("value", ["soon", [], {}, float("nan"), float("inf"), 1e300])
def test_what_is_no_posix_time_is_refused(value: object) -> None:
    """Nothing but a number inside the calendar is a POSIX time."""
    with pytest.raises(Rejection, match="bad_time"):
        from_posix(value)


def test_a_time_that_needs_an_offset_is_refused_without_one() -> None:
    """RFC 3339 times name their offset; a naive one is not guessed."""
    assert utc(2021, 12, 30, 17, 59, 23) == from_rfc3339("2021-12-30T18:59:23+01:00")
    with pytest.raises(Rejection, match="offset"):
        from_rfc3339("2021-12-30T18:59:23")


def test_mail_times_are_read() -> None:
    """RSS writes times as mail does."""
    assert utc(2024, 3, 19, 13, 27, 19) == from_rfc2822("Tue, 19 Mar 2024 09:27:19 -0400")
    assert from_rfc2822(" ") is None
    with pytest.raises(Rejection, match="bad_time"):
        from_rfc2822("Tue, 99 Foo 2024")


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_time_or_refused(text: str) -> None:
    """No text raises anything but a rejection, and what is read is in UTC."""
    for read in (LocalTimes("Europe/London").parse, from_rfc3339, from_rfc2822, from_posix):
        try:
            moment = read(text)
        except Rejection:
            continue
        assert moment is None or moment.tzinfo is UTC


def test_samples_tell_which_number_is_the_day() -> None:
    """One number above 12 decides; without one nobody can tell."""
    assert looks_day_first(["04/02/2022", "21/01/2022 13:47:00"]) is True
    assert looks_day_first(["04/18/2019 09:55:45 PM"]) is False
    assert looks_day_first(["04/02/2022", ""]) is None


def test_a_zone_that_does_not_exist_is_named() -> None:
    """A city with a mistyped zone fails with a sentence."""
    with pytest.raises(Permanent, match="Mars/Olympus"):
        LocalTimes("Mars/Olympus")


def test_small_letters_part_and_end_a_time_too() -> None:
    """RFC 3339 lets programs write them."""
    assert datetime(2026, 11, 20, 10, tzinfo=UTC) == LocalTimes("America/Chicago").parse(
        "2026-11-20t10:00:00z"
    )
    assert datetime(2026, 11, 20, 10, tzinfo=UTC) == from_rfc3339("2026-11-20t10:00:00z")


def test_utc_written_out_is_an_offset() -> None:
    """Postgres and Ruby write `UTC` behind a blank, which ISO 8601 does not know."""
    local = LocalTimes("America/New_York")

    assert local.parse("2024-07-02T03:04:05Z") == local.parse("2024-07-02 03:04:05 UTC")
    assert local.parse("2024-07-02T03:04:05.5Z") == local.parse("2024-07-02 03:04:05.500 UTC")
    with pytest.raises(Rejection):
        local.parse("soon UTC")


@pytest.mark.parametrize(
    "text", ["2024-12-31T24:00:00+01:00", "2024-12-31 24:00+01:00", "2024-12-31T24:00:00.000+01:00"]
)
def test_a_day_ends_with_the_next_ones_beginning(text: str) -> None:
    """As XML writes it; a minute later is no time."""
    assert datetime(2024, 12, 31, 23, tzinfo=UTC) == from_rfc3339(text)
    with pytest.raises(Rejection):
        from_rfc3339(text.replace("24:00", "24:01"))
