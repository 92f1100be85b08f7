"""Calendars as other publishers write them: cut off, unclosed, repeated, with spaces in their rules."""

import pytest

from tasks.feeds.connector import Feature, Malformed, Record, Rejected
from tests.support.feeds import parse, payload, source

WHOLE = "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:20261120T100000Z\r\nSUMMARY:{title}\r\nEND:VEVENT\r\n"
OPEN = WHOLE.replace("END:VEVENT\r\n", "")


def read(body: str) -> list[Record]:
    """Parse a calendar."""
    return parse(source("icalendar"), payload(body.encode()))


def framed(*events: str) -> str:
    """Write a calendar around events."""
    return f"BEGIN:VCALENDAR\r\n{''.join(events)}END:VCALENDAR\r\n"


def event(uid: str = "a", title: str = "A", more: str = "", form: str = WHOLE) -> str:
    """Write one event."""
    return form.format(uid=uid, title=title).replace("SUMMARY", f"{more}SUMMARY")


@pytest.mark.parametrize(
    "body",
    [
        framed(event("a", form=OPEN), event("b")),
        framed(event("a"), event("b", form=OPEN)),
        "BEGIN:VCALENDAR\r\n" + event("a") + event("b", form=OPEN),
        event("a") + event("b"),
        framed(event("a")) + framed(event("b")),
    ],
    ids=["next begins", "calendar ends", "cut off", "no calendar around", "two calendars"],
)
def test_no_event_is_lost_to_a_missing_line(body: str) -> None:
    """Both are there."""
    assert ["a", "b"] == [one.external_id for one in read(body) if isinstance(one, Feature)]


def test_an_empty_event_of_a_whole_calendar_is_counted() -> None:
    """It has no time; a calendar that is cut off there has no event."""
    empty = "BEGIN:VEVENT\r\nEND:VEVENT\r\n"
    (record,) = read(framed(empty))

    assert isinstance(record, Rejected)
    assert "bad_time" == record.reason
    assert [] == read(f"BEGIN:VCALENDAR\r\n{empty}")


def test_of_events_of_one_uid_the_same_wins_in_any_order() -> None:
    """Where neither SEQUENCE nor a time of change tells."""
    one, other = event(title="A"), event(title="B")

    def won(*events: str) -> list[str]:
        return [record.title for record in read(framed(*events)) if isinstance(record, Feature)]

    assert 1 == len(won(one, other))
    assert won(one, other) == won(other, one)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYDAY=MO, TU, WE, TH, FR, SA, SU",
        "FREQ=DAILY; COUNT=20",
        "RSCALE=GREGORIAN;FREQ=DAILY;COUNT=20",
    ],
)
def test_spaces_in_a_rule_do_not_cost_the_event(rule: str) -> None:
    """The next occurrences are found."""
    (record,) = read(framed(event(more=f"RRULE:{rule}\r\n")))

    assert isinstance(record, Feature)
    assert len(record.properties["occurrences"]) > 5


@pytest.mark.parametrize(
    "end", ["DTEND:soon", "DTEND:20261399T000000Z", "DURATION:an hour", "DTEND:20261119T100000Z"]
)
def test_an_event_whose_end_cannot_be_read_begins_none_the_less(end: str) -> None:
    """As one that ends before it begins: how long it lasts is unknown."""
    (record,) = read(framed(event(more=f"{end}\r\n")))

    assert isinstance(record, Feature)
    assert (10, None) == (record.starts_at and record.starts_at.hour, record.ends_at)


OWN = """BEGIN:VTIMEZONE\r
TZID:{name}\r
BEGIN:STANDARD\r
DTSTART:16010101T020000\r
TZOFFSETFROM:-0400\r
TZOFFSETTO:-0500\r
{standard}END:STANDARD\r
BEGIN:DAYLIGHT\r
DTSTART:16010101T020000\r
TZOFFSETFROM:-0500\r
TZOFFSETTO:-0400\r
{daylight}END:DAYLIGHT\r
END:VTIMEZONE\r
"""
RULES = {
    "standard": "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11\r\n",
    "daylight": "RRULE:BYDAY=2SU;BYMONTH=3;FREQ=YEARLY\r\n",
}


def in_own_zone(time: str, more: str = "", name: str = "Customized Time Zone", **rules: str) -> list[Record]:
    """Read an event of a zone that the calendar defines; the city's is UTC."""
    begins = f'DTSTART;TZID="{name}":{time}\r\n{more}'
    return read(
        framed(
            OWN.format(name=name, **{**RULES, **rules}),
            event(form=WHOLE.replace("DTSTART:20261120T100000Z\r\n", begins)),
        )
    )


@pytest.mark.parametrize(("time", "hour"), [("20261120T100000", 15), ("20260720T100000", 14)])
def test_a_zone_that_the_calendar_defines_is_its_own(time: str, hour: int) -> None:
    """Outlook calls any zone `Customized`; its rules tell which."""
    (record,) = in_own_zone(time)

    assert isinstance(record, Feature)
    assert hour == (record.starts_at and record.starts_at.hour)


def test_a_series_keeps_its_hour_over_the_change_of_a_zone_of_its_own() -> None:
    """Ten o'clock stays ten o'clock there."""
    (record,) = in_own_zone(
        "20261001T100000", "RRULE:FREQ=WEEKLY\r\nEXDATE;TZID=Customized Time Zone:20261203T100000\r\n"
    )

    assert isinstance(record, Feature)
    assert ["2026-11-26T15:00:00Z", "2026-12-10T15:00:00Z"] == record.properties["occurrences"][:2]


def test_a_zone_that_the_world_knows_is_that_of_the_world() -> None:
    """Whatever a calendar says of it."""
    (record,) = in_own_zone("20261120T100000", name="Europe/Berlin")

    assert isinstance(record, Feature)
    assert 9 == (record.starts_at and record.starts_at.hour)


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=SECONDLY\r\n",
        "RRULE:FREQ=YEARLY;BYSECOND=1\r\n",
        "RRULE:FREQ=YEARLY;INTERVAL=0\r\n",
        "RRULE:nonsense\r\n",
        "RDATE:soon\r\n",
    ],
)
def test_a_zone_that_cannot_be_made_is_that_of_the_city(rule: str) -> None:
    """Or has no rules then; no calendar is lost to it, nor a worker held up."""
    (record,) = in_own_zone("20261120T100000", standard=rule, daylight=rule)

    assert isinstance(record, Feature)


def test_a_calendar_without_events_whose_zone_is_none_is_malformed() -> None:
    """It may have lost more than that; one whose zone is whole is a quiet month, and events are never lost to it."""
    zone = OWN.format(name="Own", **RULES)
    broken = zone.replace("-0400", "+5744")

    assert [] == read(framed(zone))
    assert [Feature] == [type(one) for one in read(framed(broken, event()))]
    with pytest.raises(Malformed, match="whose zone 'Own' is none"):
        read(framed(broken))


@pytest.mark.parametrize("interval", ["0", "00", "-1", "", "x"])
def test_a_rule_that_leads_nowhere_is_set_aside(interval: str) -> None:
    """It would be counted through for ever."""
    (record,) = read(framed(event(more=f"RRULE:FREQ=DAILY;INTERVAL={interval}\r\n")))

    assert isinstance(record, Rejected)
    assert "bad_rule" == record.reason


@pytest.mark.parametrize(
    ("written", "utc", "all_day"),
    [
        ("2026-11-20T10:00:00", "20T16:00", False),
        ("20261120T100000-0500", "20T15:00", False),
        ("2026-11-20T10:00:00Z", "20T10:00", False),
        ("2026-11-20", "20T06:00", True),
    ],
)
def test_times_with_dashes_and_offsets_are_read(written: str, utc: str, all_day: bool) -> None:
    """No calendar may write them so, and some do."""
    form = WHOLE.replace("DTSTART:20261120T100000Z", f"DTSTART;TZID=America/Chicago:{written}")
    (record,) = read(framed(event(form=form)))

    assert isinstance(record, Feature)
    assert (utc, all_day) == (f"{record.starts_at:%dT%H:%M}", record.properties.get("all_day", False))


def test_texts_are_plain_and_a_list_keeps_its_escaped_commas() -> None:
    """Calendars on the web hold the markup of their pages."""
    more = "DESCRIPTION:Come <b>all</b>\\,<br>by noon&nbsp;!\r\nCATEGORIES:Arts\\, Crafts,Music\r\n"
    (record,) = read(framed(event(more=more)))

    assert isinstance(record, Feature)
    assert ("Come all,\nby noon !", "Arts, Crafts") == (record.description, record.category)


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("Eastern Standard Time", 15),
        ("Eastern Time (US & Canada)", 15),
        ("(UTC-05:00) Eastern Time (US & Canada)", 15),
        ("(GMT-08.00) Pacific Time (US & Canada)", 18),
        ("(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", 9),
        ("tzone://Microsoft/Utc", 10),
        ("(UTC) Coordinated Universal Time", 10),
        ("UTC-5", 15),
        ("GMT+0530", 4),
        ("UTC+99", 19),
        ("Nowhere", 19),
    ],
)
def test_a_zone_is_known_by_what_windows_shows_for_it(zone: str, hour: int) -> None:
    """Where the calendar does not define it; what nobody knows is the city's."""
    told = f'BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID="{zone}":20261120T100000\r\nEND:VEVENT\r\n'
    (record,) = parse(source("icalendar", timezone="Pacific/Gambier"), payload(framed(told).encode()))

    assert isinstance(record, Feature)
    assert record.starts_at is not None
    assert hour == record.starts_at.hour


@pytest.mark.parametrize("where", ["41.8;-87.6", "41.8,-87.6", "41.8\\;-87.6"])
def test_a_place_is_read_with_either_mark_between(where: str) -> None:
    """The standard asks for a semicolon."""
    (record,) = read(framed(event(more=f"GEO:{where}\r\n")))

    assert isinstance(record, Feature)
    assert {"type": "Point", "coordinates": [-87.6, 41.8]} == record.geometry


@pytest.mark.parametrize("rule", ["RRULE:", "RRULE: ", "RDATE:", "RRULE:FREQ=DAILY;COUNT=2\r\nEXDATE:"])
def test_an_empty_rule_or_date_is_none(rule: str) -> None:
    """Lists of holidays write one beside each day."""
    (record,) = read(framed(event(more=f"{rule}\r\n")))

    assert isinstance(record, Feature)
    assert (20, 10) == (record.starts_at and record.starts_at.day, record.starts_at and record.starts_at.hour)
    assert ("COUNT" in rule) == ("rule" in record.properties)


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY;COUNT=4;UNTIL=20261231T000000Z", [22, 23]),
        ("FREQ=DAILY;UNTIL=20261122T100000Z;COUNT=40", [22]),
        ("UNTIL=20261122;FREQ=DAILY;COUNT=40", [22]),
    ],
)
def test_a_rule_that_counts_and_ends_ends_with_what_comes_first(rule: str, days: list[int]) -> None:
    """The standard allows one of them; telephones write both."""
    (record,) = read(framed(event(more=f"RRULE:{rule}\r\n")))

    assert isinstance(record, Feature)
    assert days == [int(one[8:10]) for one in record.properties["occurrences"]]


@pytest.mark.parametrize(
    ("told", "days"),
    [
        ("EXDATE;VALUE=DATE:20261124", [22, 23, 25]),
        ("EXDATE:20261124", [22, 23, 25]),
        ("EXDATE;TZID=America/Chicago:20261124T180000", [22, 23, 25]),
        ("EXDATE:20261125T000000Z", [22, 23, 25]),
    ],
)
def test_a_day_on_which_a_series_of_evenings_is_off_is_one_of_its_own_zone(
    told: str, days: list[int]
) -> None:
    """At 18:00 in Chicago it is the next day already in UTC."""
    text = (
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTART;TZID=America/Chicago:20261122T180000\r\nSUMMARY:A\r\n"
        f"RRULE:FREQ=DAILY;COUNT=4\r\n{told}\r\nEND:VEVENT\r\n"
    )
    (record,) = parse(source("icalendar", timezone="America/Chicago"), payload(framed(text).encode()))

    assert isinstance(record, Feature)
    assert [f"2026-11-{day + 1}T00:00:00Z" for day in days] == record.properties["occurrences"]


@pytest.mark.parametrize("told", ["EXDATE:20261124T000000", "EXDATE;VALUE=DATE:20261124"])
def test_a_series_of_whole_days_is_off_on_a_day(told: str) -> None:
    """Also where its beginning is told with it."""
    text = (
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20261122\r\nSUMMARY:A\r\n"
        f"RRULE:FREQ=DAILY;COUNT=4\r\n{told}\r\nEND:VEVENT\r\n"
    )
    (record,) = read(framed(text))

    assert isinstance(record, Feature)
    assert [22, 23, 25] == [int(one[8:10]) for one in record.properties["occurrences"]]


def occurrences(record: Record) -> list[str]:
    """Return the days and hours of the coming occurrences of an event."""
    assert isinstance(record, Feature), record
    return [moment[5:16] for moment in record.properties["occurrences"]]


def series(rule: str, begins: str = ":20261103T120000Z", more: str = "") -> str:
    """Write a series of hours."""
    return event(
        form=WHOLE.replace(":20261120T100000Z", begins), more=f"RRULE:{rule}\r\nDURATION:PT1H\r\n{more}"
    )


def replacing(occurrence: str, begins: str, more: str = "") -> str:
    """Write an event that replaces one, or more, of the series."""
    return event(
        title="Other",
        form=WHOLE.replace(":20261120T100000Z", begins),
        more=f"RECURRENCE-ID{occurrence}\r\n{more}",
    )


def test_what_replaces_an_occurrence_and_all_that_follow_is_a_series_of_its_own() -> None:
    """The series ends before it; the rest is as much later as the first, and as long."""
    first, rest = read(
        framed(
            series("FREQ=WEEKLY"),
            replacing(";RANGE=THISANDFUTURE:20261208T120000Z", ":20261209T150000Z", "DURATION:PT2H\r\n"),
        )
    )

    assert ["11-24T12:00", "12-01T12:00"] == occurrences(first)
    assert ["12-09T15:00", "12-16T15:00", "12-23T15:00"] == occurrences(rest)[:3]
    assert isinstance(rest, Feature)
    assert rest.starts_at
    assert rest.ends_at
    assert ("a/20261208T120000Z", 2) == (rest.external_id, (rest.ends_at - rest.starts_at).seconds // 3600)


def test_the_rest_of_a_series_ends_where_it_is_replaced_again() -> None:
    """Nor has it what is replaced alone; a cancelled rest is withdrawn."""
    _, second, alone, third = read(
        framed(
            series("FREQ=WEEKLY"),
            replacing(";RANGE=THISANDFUTURE:20261201T120000Z", ":20261201T130000Z"),
            replacing(":20261208T120000Z", ":20261208T180000Z"),
            replacing(";RANGE=THISANDFUTURE:20261222T120000Z", ":20261222T120000Z", "STATUS:CANCELLED\r\n"),
        )
    )

    assert ["12-01T13:00", "12-15T13:00"] == occurrences(second)
    assert isinstance(alone, Feature)
    assert "occurrences" not in alone.properties
    assert isinstance(third, Feature)
    assert third.withdrawn


def test_the_rest_of_a_series_keeps_its_hour_over_a_change_of_the_clock() -> None:
    """An hour later in summer is an hour later in winter, by the clock of the series."""
    _, rest = read(
        framed(
            series("FREQ=WEEKLY", ";TZID=Europe/Paris:20261006T120000"),
            replacing(";RANGE=THISANDFUTURE;TZID=Europe/Paris:20261013T120000", ":20261013T110000Z"),
        )
    )

    assert "11-24T12:00" == occurrences(rest)[0]


def test_what_replaces_the_rest_of_no_series_is_one_event() -> None:
    """Its series may be in another calendar."""
    (alone,) = read(framed(replacing(";RANGE=THISANDFUTURE:20261208T120000Z", ":20261209T150000Z")))

    assert isinstance(alone, Feature)
    assert (9, {}) == (alone.starts_at and alone.starts_at.day, alone.properties)


@pytest.mark.parametrize(
    "occurrence", [":20261201T120000Z", ";VALUE=DATE:20261201", ";TZID=Europe/Paris:20261201T130000"]
)
def test_an_occurrence_is_replaced_however_it_is_told(occurrence: str) -> None:
    """By its hour in any zone, or by its day."""
    first, _ = read(framed(series("FREQ=WEEKLY"), replacing(occurrence, ":20261202T120000Z")))

    assert ["11-24T12:00", "12-08T12:00"] == occurrences(first)[:2]


@pytest.mark.parametrize(
    ("zone", "until", "last"),
    [
        ("America/New_York", "20261206T180000", "12-06T23:00"),
        ("America/New_York", "20261206T230000Z", "12-06T23:00"),
        ("America/New_York", "20261206T225959Z", "11-29T23:00"),
        ("America/New_York", "20261206", "12-06T23:00"),
        ("Asia/Tokyo", "20261206T180000", "12-06T09:00"),
        ("Asia/Tokyo", "20261206T100000", "11-29T09:00"),
        ("America/New_York", "99991231", "01-17T23:00"),
        ("America/New_York", "99991231T235959", "01-17T23:00"),
    ],
)
def test_a_rule_ends_by_the_clock_of_its_event(zone: str, until: str, last: str) -> None:
    """Unless it says UTC; a day is its last, whole."""
    (record,) = read(framed(series(f"FREQ=WEEKLY;UNTIL={until}", f";TZID={zone}:20261101T180000")))

    assert last == occurrences(record)[-1]


@pytest.mark.parametrize(
    "until", ["20261206", "20261206T000000", "20261206T000000Z", "20261205T230000Z", "20261206T120000"]
)
def test_a_rule_of_days_ends_with_a_day(until: str) -> None:
    """However its midnight is written."""
    body = framed(
        series(f"FREQ=DAILY;UNTIL={until}", ";VALUE=DATE:20261120").replace("DURATION:PT1H\r\n", "")
    )
    (record,) = parse(source("icalendar", timezone="Europe/Berlin"), payload(body.encode()))

    assert "12-05T23:00" == occurrences(record)[-1]


@pytest.mark.parametrize(
    ("parts", "hours"),
    [
        ("BYHOUR=12;BYMINUTE=0;BYSECOND=0", ["24T12:00", "25T12:00"]),
        ("BYHOUR=9,12", ["24T12:00", "25T09:00", "25T12:00"]),
    ],
)
def test_a_rule_may_tell_the_hours_of_a_day(parts: str, hours: list[str]) -> None:
    """Some programs always do."""
    (record,) = read(framed(series(f"FREQ=DAILY;{parts}", ":20261124T120000Z")))

    assert [f"11-{hour}" for hour in hours] == occurrences(record)[: len(hours)]


@pytest.mark.parametrize(
    "rule", ["FREQ=SECONDLY", "FREQ=DAILY;BYHOUR=9,10,11,12,13;BYMINUTE=0,10,20,30,40", "FREQ=HOURLY"]
)
def test_a_rule_of_hundreds_a_day_is_set_aside(rule: str) -> None:
    """No city's events repeat so."""
    (record,) = read(framed(series(rule)))

    assert isinstance(record, Rejected)
    assert "bad_rule" == record.reason


def test_a_letter_may_be_folded_in_two() -> None:
    """Lines are folded by bytes; the calendar is UTF-8 none the less."""
    body = framed(event(title="Café")).encode().replace(b"\xc3\xa9", b"\xc3\r\n \xa9")
    (record,) = parse(source("icalendar"), payload(body))

    assert isinstance(record, Feature)
    assert "Café" == record.title


def test_a_calendar_may_cancel_what_it_holds() -> None:
    """And the next one in the file none of it."""
    off, on = read(framed("METHOD:CANCEL\r\n", event("a")) + framed(event("b")))

    assert isinstance(off, Feature)
    assert isinstance(on, Feature)
    assert (True, False) == (off.withdrawn, on.withdrawn)


@pytest.mark.parametrize(
    ("title", "is_off"),
    [
        ("Legal Committee Meeting (Cancelled)", True),
        ("CANCELED - Story time", True),
        ("Cancelled: Story time", True),
        ("[POSTPONED] Story time", True),
        ("Story time - CANCELLED!", True),
        ("Story time (cancelled due to snow)", True),
        ("Abgesagt: Lesung", True),
        ("Canceled", True),
        ("Cancelled Plans, a film", False),
        ("How the show was cancelled", False),
        ("Story time", False),
    ],
)
def test_an_event_may_be_called_off_in_its_name(title: str, is_off: bool) -> None:
    """Calendars of web sites have no other place for it; a word that is not set apart belongs to the name."""
    (record,) = read(framed(event("a", title=title)))

    assert isinstance(record, Feature)
    assert (is_off, "cancelled" if is_off else None) == (record.withdrawn, record.status)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(";VALUE=DATE:20261124", ":20261124"), (";VALUE=DATE:20261124T000000", ":20261125T000000")],
)
def test_a_whole_day_is_one_however_its_end_is_written(begins: str, ends: str) -> None:
    """As on the day it begins, or with a midnight behind it."""
    body = event(form=WHOLE.replace(":20261120T100000Z", begins), more=f"DTEND;VALUE=DATE{ends}\r\n")
    (record,) = read(framed(body))

    assert isinstance(record, Feature)
    assert (24, 25, True) == (
        record.starts_at and record.starts_at.day,
        record.ends_at and record.ends_at.day,
        record.properties.get("all_day"),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<!DOCTYPE html><title>Sign in</title>", r"an HTML page \(Sign in\)"),
        ("", "it does not begin with BEGIN"),
    ],
)
def test_what_is_no_calendar_is_named(content: str, said: str) -> None:
    """So that whoever looks after it knows what came instead."""
    with pytest.raises(Malformed, match=f"no calendar: {said}"):
        read(content)


@pytest.mark.parametrize(
    ("end", "hours"),
    [(":20261124T130000", 1), (":20261124T180000Z", 1), (";TZID=America/Chicago:20261124T130000", 2)],
)
def test_an_end_without_a_zone_is_of_that_of_the_beginning(end: str, hours: int) -> None:
    """Some programs name it once for both."""
    begins = ";TZID=America/New_York:20261124T120000"
    (record,) = read(framed(event(form=WHOLE.replace(":20261120T100000Z", begins), more=f"DTEND{end}\r\n")))

    assert isinstance(record, Feature)
    assert record.starts_at
    assert record.ends_at
    assert hours == (record.ends_at - record.starts_at).seconds // 3600


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        (
            ["DTSTART:19700101T100000Z\r\nDTEND:99991231T235959Z\r\nRRULE:FREQ=YEARLY"],
            [Rejected],
        ),
        (
            [
                "DTSTART:20261101T100000Z\r\nRRULE:FREQ=DAILY",
                "RECURRENCE-ID;RANGE=THISANDFUTURE:20261202T100000Z\r\nDTSTART:99991201T100000Z",
            ],
            [Feature, Rejected],
        ),
        (
            [
                "DTSTART;TZID=America/Chicago:20261101T100000\r\nRRULE:FREQ=DAILY",
                "RECURRENCE-ID;RANGE=THISANDFUTURE:20261202T100000Z\r\nDTSTART:00010101T000000Z",
            ],
            [Feature, Rejected],
        ),
    ],
    ids=["lasts until then", "is moved behind them", "is moved before them"],
)
def test_a_series_beyond_all_years_costs_no_other_event(events: list[str], kinds: list[type]) -> None:
    """Programs write the last year of all for what has no end."""
    told = [f"BEGIN:VEVENT\r\nUID:s\r\n{one}\r\nSUMMARY:S\r\nEND:VEVENT\r\n" for one in events]

    assert [*kinds, Feature] == [type(one) for one in read(framed(*told, event("a")))]


def told(*lines: str) -> Feature:
    """Read an event of Chicago by its lines."""
    text = "\r\n".join(
        ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:a", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    )
    (record,) = parse(source("icalendar", timezone="America/Chicago"), payload(text.encode()))
    assert isinstance(record, Feature), record
    return record


@pytest.mark.parametrize(
    ("flag", "begins", "all_day"),
    [
        ("TRUE", "20261126T000000", True),
        ("TRUE", "20261126T090000", False),
        ("FALSE", "20261126T000000", False),
    ],
)
def test_exchange_says_that_hours_are_a_whole_day(flag: str, begins: str, all_day: bool) -> None:
    """Only where they begin with one."""
    record = told(f"DTSTART:{begins}", "DTEND:20261127T000000", f"X-MICROSOFT-CDO-ALLDAYEVENT:{flag}")

    assert all_day == record.properties.get("all_day", False)
    assert record.ends_at
    assert "27T06:00" == f"{record.ends_at:%dT%H:%M}"


@pytest.mark.parametrize("where", ["geo:41.88,-87.63", "geo:41.88,-87.63,181;u=100"])
def test_a_place_is_read_as_apple_tells_it(where: str) -> None:
    """Beside its words, and where the standard's own is missing."""
    apple = f'X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE="City Hall":{where}'

    assert {"type": "Point", "coordinates": [-87.63, 41.88]} == told("DTSTART:20261126", apple).geometry
    assert {"type": "Point", "coordinates": [2.0, 1.0]} == told("DTSTART:20261126", apple, "GEO:1;2").geometry


@pytest.mark.parametrize("where", ["137.3;-122.1", "x;y", "41.8;", "nan;nan", "1e999;2"])
def test_an_event_is_not_lost_to_its_place(where: str) -> None:
    """It lies nowhere then, and says why."""
    record = told("DTSTART:20261126", f"GEO:{where}", "SUMMARY:Fair")

    assert ("Fair", None) == (record.title, record.geometry)
    assert where in ("41.8;", "nan;nan") or record.properties["shape_problem"]


def test_texts_may_be_quoted_as_in_mail() -> None:
    """The standard's forerunner wrote them so, and some content systems still do; such lines go on behind a `=`."""
    record = told(
        "DTSTART:20261126",
        "SUMMARY;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:Caf=C3=A9 at the =",
        "hall",
        "LOCATION:Room 1 =",
        "DESCRIPTION;ENCODING=quoted-printable:Open=0D=0A=",
        "House",
    )

    assert ("Café at the hall", "Room 1 =", "Open\nHouse") == (
        record.title,
        record.address,
        record.description,
    )


def test_a_text_is_told_by_its_markup_where_it_is_told_by_nothing_else() -> None:
    """As Outlook does."""
    markup = "X-ALT-DESC;FMTTYPE=text/html:<p>Bring a <b>mat</b></p>"

    assert "Bring a mat" == told("DTSTART:20261126", markup).description
    assert "Plain" == told("DTSTART:20261126", markup, "DESCRIPTION:Plain").description
