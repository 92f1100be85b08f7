"""Events that calendars of cities and libraries tell as news, in the dialects of those who make them."""

from typing import Any

import pytest

from tasks.feeds.connector import Feature
from tests.support.feeds import as_json, parse, payload, source

SPACES = "".join(
    f' xmlns:{name}="https://{name.lower()}.example/"'
    for name in ("ev", "xCal", "bc", "libcal", "mec", "calendarEvent", "gd", "x-microsoft")
)
PUBLISHED = "<pubDate>Fri, 02 Oct 2026 15:19:37 -0600</pubDate>"


def entries(*inside: str, **options: Any) -> list[Feature]:
    """Read a feed of entries in Chicago."""
    items = "".join(
        f"<item>{'' if '<title>' in one else '<title>T</title>'}{PUBLISHED}{one}</item>" for one in inside
    )
    text = f"<rss version='2.0'{SPACES}><channel>{items}</channel></rss>"
    found = parse(source("news", timezone="America/Chicago", **options), payload(text.encode()))
    return [record for record in found if isinstance(record, Feature)]


def when(inside: str) -> tuple[Any, ...]:
    """Return the kind, the beginning, the end, and whether it is a whole day, of one entry."""
    (record,) = map(as_json, entries(inside))
    told = record.get("properties", {})
    return record["kind"], record.get("starts_at"), record.get("ends_at"), told.get("all_day", False)


def civic(dates: str, times: str = "") -> str:
    """Write what CivicPlus tells of an event."""
    return (
        f"<calendarEvent:EventDates> {dates} </calendarEvent:EventDates>"
        f"<calendarEvent:EventTimes>{times}</calendarEvent:EventTimes>"
    )


def libcal(begins: str, ends: str) -> str:
    """Write what LibCal tells of an event."""
    return f"<libcal:date>2026-11-24</libcal:date><libcal:start>{begins}</libcal:start><libcal:end>{ends}</libcal:end>"


def mec(days: tuple[str, str], hours: tuple[str, str] = ("", "")) -> str:
    """Write what Modern Events Calendar tells of an event."""
    return (
        f"<mec:startDate>{days[0]}</mec:startDate><mec:startHour>{hours[0]}</mec:startHour>"
        f"<mec:endDate>{days[1]}</mec:endDate><mec:endHour>{hours[1]}</mec:endHour>"
    )


HOUR = ("event", "2026-11-24T22:00:00Z", "2026-11-24T23:00:00Z", False)
DAY = ("event", "2026-11-24T06:00:00Z", "2026-11-25T06:00:00Z", True)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (civic("November 24, 2026", "04:00 PM - 05:00 PM"), HOUR),
        (libcal("16:00:00", "17:00:00"), HOUR),
        (mec(("2026-11-24", "2026-11-24"), ("4:00 pm", "5:00 pm")), HOUR),
        (
            "<bc:start_date>2026-11-24T22:00:00Z</bc:start_date><bc:end_date>2026-11-24T23:00:00Z</bc:end_date>",
            HOUR,
        ),
        ('<gd:when startTime="2026-11-24T22:00:00Z" endTime="2026-11-24T23:00:00Z"/>', HOUR),
        (
            "<xCal:dtstart>2026-11-24T16:00:00</xCal:dtstart><xCal:dtend>2026-11-24T23:00:00Z</xCal:dtend>",
            HOUR,
        ),
        (
            "<ev:startdate>2026-11-24T22:00:00.0000000Z</ev:startdate>"
            "<ev:enddate>Tue, 24 Nov 2026 17:00:00 -0600</ev:enddate>",
            HOUR,
        ),
    ],
)
def test_an_event_begins_when_it_happens_and_not_when_it_was_announced(
    inside: str, expected: tuple[Any, ...]
) -> None:
    """Each dialect has its own names; hours without a zone are the city's."""
    assert expected == when(inside)


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (civic("November 24, 2026", "12:00 AM - 11:59 PM"), DAY),
        (civic("November 24, 2026"), DAY),
        (libcal("00:00:00", "23:59:59"), DAY),
        ("<ev:startdate>2026-11-24</ev:startdate>", DAY),
        (
            "<xCal:dtstart>2026-11-24T06:00:00Z</xCal:dtstart><xCal:dtend>2026-11-25T06:00:00Z</xCal:dtend>"
            "<x-microsoft:cdo-alldayevent>true</x-microsoft:cdo-alldayevent>",
            DAY,
        ),
        (
            civic("October 31, 2026 - November 1, 2026"),
            ("event", "2026-10-31T05:00:00Z", "2026-11-02T06:00:00Z", True),
        ),
        (mec(("2026-11-24", "2026-11-25")), ("event", DAY[1], "2026-11-26T06:00:00Z", True)),
    ],
)
def test_days_are_whole_and_the_last_of_them_is_one(inside: str, expected: tuple[Any, ...]) -> None:
    """Who writes days for people means the last one too; of two the clock may change between them."""
    assert expected == when(inside)


@pytest.mark.parametrize(
    ("inside", "begins"),
    [
        (civic("November 24, 2026", "04:00 PM"), "2026-11-24T22:00:00Z"),
        (libcal("16:00:00", ""), "2026-11-24T22:00:00Z"),
        (libcal("16:00:00", "15:00:00"), "2026-11-24T22:00:00Z"),
        (civic("every second Tuesday"), None),
    ],
)
def test_what_is_not_told_is_unknown(inside: str, begins: str | None) -> None:
    """The moment of publication stands for neither."""
    assert ("event", begins, None, False) == when(inside)


def test_an_event_tells_where_it_is() -> None:
    """In words without markup, and as a position."""
    told = (
        "<bc:start_date>2026-11-24T22:00:00Z</bc:start_date><bc:location><bc:name>Mount &amp;amp; Park</bc:name>"
        "<bc:number>1</bc:number><bc:street>Main St</bc:street><bc:city>Milpitas</bc:city>"
        "<bc:latitude>37.4</bc:latitude><bc:longitude>-121.9</bc:longitude></bc:location>"
    )
    place = "<calendarEvent:Location>1905 W 1st St&lt;br&gt;Gulf Shores</calendarEvent:Location>"
    first, second = entries(told, civic("November 24, 2026") + place)

    assert ("Mount & Park, 1 Main St, Milpitas", [-121.9, 37.4]) == (
        first.address,
        (first.geometry or {})["coordinates"],
    )
    assert "1905 W 1st St Gulf Shores" == second.address
    assert ["Moora Park", "12 High St"] == [
        one.address
        for one in entries(
            '<gd:where valueString="Moora Park"/><gd:when startTime="2026-11-24T22:00:00Z"/>',
            '<featurename xmlns="http://www.georss.org/georss">12 High St</featurename>',
        )
    ]


def test_what_is_called_off_is_withdrawn() -> None:
    """By a part of its own, or the first word of the title."""
    off = "<bc:is_cancelled>true</bc:is_cancelled><bc:start_date>2026-11-24T22:00:00Z</bc:start_date>"
    title = f"<title>CANCELLED: Storytime</title>{civic('November 24, 2026')}"

    assert [True, True, False] == [one.withdrawn for one in entries(off, title, civic("November 24, 2026"))]


def test_occurrences_of_one_series_are_events_of_their_own() -> None:
    """One calendar gives them all the id of the series, and each a link."""
    series = "<guid>https://hall.example/?p=7</guid>"
    found = entries(
        *(
            f"{series}<link>https://hall.example/yoga?occurrence=2026-11-{day}</link>"
            + mec((f"2026-11-{day}", f"2026-11-{day}"))
            for day in (24, 25)
        )
    )

    assert 2 == len({one.external_id for one in found})


def test_the_option_names_another_kind_and_news_stay_news() -> None:
    """A feed may mix both."""
    both = ("", civic("November 24, 2026"))

    assert ["news", "event"] == [one.kind for one in entries(*both)]
    assert ["road_work", "road_work"] == [one.kind for one in entries(*both, feature_kind="road_work")]
    assert "2026-10-02T21:19:37Z" == when("")[1]


def test_works_on_roads_begin_end_and_are_where_they_are() -> None:
    """England's roads tell it by plain names."""
    (record,) = entries(
        "<latitude>53.39</latitude><longitude>-2.26</longitude>"
        "<overallStart>2026-11-24T22:00:00+00:00</overallStart><overallEnd>2026-11-25T05:00:00+00:00</overallEnd>",
    )

    assert "road_work" == record.kind
    assert ("24T22:00", "25T05:00") == tuple(
        f"{one:%dT%H:%M}" for one in (record.starts_at, record.ends_at) if one
    )
    assert {"type": "Point", "coordinates": [-2.26, 53.39]} == record.geometry
