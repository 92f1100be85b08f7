"""Timetables as agencies zip them."""

import io
import zipfile
from collections.abc import Callable

import pytest

from tasks.feeds.connector import (
    Described,
    Malformed,
    Record,
    Rejected,
    Service,
    Thing,
    TransitRoute,
    TransitTrip,
)
from tasks.feeds.connectors.gtfs_static import package
from tasks.feeds.reading import zips
from tasks.feeds.reading.service_days import seconds_of
from tests.support.feeds import parse, payload, source
from tests.support.timetables import TABLES, timetable, zipped


def read(content: bytes) -> list[Record]:
    """Parse a package."""
    return parse(source("gtfs_static"), payload(content, "gtfs"))


def reasons(records: list[Record]) -> list[tuple[str, str]]:
    """Return where and why records were set aside."""
    return [(record.record, record.reason) for record in records if isinstance(record, Rejected)]


@pytest.mark.parametrize("name", package.REQUIRED)
def test_a_package_without_a_required_table_names_it(name: str) -> None:
    """An admin reads which file to ask the agency for."""
    with pytest.raises(Malformed, match=f"gtfs: {name}.txt is missing"):
        read(timetable(**{name: None}))


@pytest.mark.parametrize("name", package.REQUIRED)
def test_a_required_table_that_is_empty_names_itself(name: str) -> None:
    """A file of no bytes is no table."""
    with pytest.raises(Malformed, match=rf"{name}.txt: empty"):
        read(timetable(**{name: ""}))


@pytest.mark.parametrize("names", [("calendar", "shapes"), ("calendar",), ("shapes",)])
def test_tables_that_are_optional_may_be_missing_or_empty(names: tuple[str, ...]) -> None:
    """Many agencies have calendar_dates alone; nothing is set aside for it."""
    missing = read(timetable(**dict.fromkeys(names)))

    assert [] == reasons(missing)
    assert missing == read(timetable(**dict.fromkeys(names, "")))


def test_a_page_instead_of_a_zip_is_malformed() -> None:
    """Captive portals answer 200 with HTML."""
    with pytest.raises(Malformed, match="no zip file"):
        read(b"<html>sign in</html>")


def test_a_table_that_cannot_be_unpacked_is_malformed() -> None:
    """A wrong checksum is no timetable; the table is named."""
    content = bytearray(zipped_raw({f"{name}.txt": text for name, text in TABLES.items()}))
    place = content.index(b"t-night,25:35")
    content[place : place + 7] = b"t-NIGHT"

    with pytest.raises(Malformed, match=r"stop_times\.txt cannot be unpacked"):
        read(bytes(content))


def zipped_raw(members: dict[str, str]) -> bytes:
    """Make a zip whose members are not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content.replace("{zone}", "Europe/London"))
    return buffer.getvalue()


def test_a_bomb_is_refused_before_anything_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tables claim to unpack to is bounded, and no more than that is ever read of them."""
    monkeypatch.setattr(zips, "MOST_BYTES", 1000)

    with pytest.raises(Malformed, match="unpacks to 1,"):
        read(timetable(stops=TABLES["stops"] + " " * 500))


def test_a_zip_of_too_many_members_is_refused() -> None:
    """A timetable has some twenty."""
    many = {f"{number}.bin": b"" for number in range(zips.MOST_MEMBERS)}

    with pytest.raises(Malformed, match="1,005 members"):
        read(zipped({**many, **{f"{name}.txt": TABLES[name] for name in package.REQUIRED}}))


def test_members_that_point_elsewhere_are_not_the_tables() -> None:
    """Nothing is written anywhere, and the tables are those that stand together."""
    tables = {f"gtfs/{name}.txt": text.replace("{zone}", "Europe/London") for name, text in TABLES.items()}
    evil = {"../stops.txt": "evil", "/etc/routes.txt": "evil", "a/b/c/trips.txt": "evil"}

    assert read(timetable()) == read(zipped({**evil, **tables}))


def test_blanks_marks_and_line_ends_change_nothing() -> None:
    """The same rows are read from what spreadsheets make of them."""
    wild = {
        name: "\ufeff" + text.replace(",", " , ").replace("\n", "\r\n").replace("{zone}", "Europe/London")
        for name, text in TABLES.items()
    }

    assert read(timetable()) == read(timetable(**wild))


def test_columns_may_come_in_any_order_and_unknown_ones_are_let_be() -> None:
    """A header says where a column is."""
    stops = "x,stop_lon,stop_lat,stop_name,stop_id\n1,-0.1,51.5,Old Harbour,s1\n2,-0.11,51.51,Market,s2\n"

    found = [record for record in read(timetable(stops=stops)) if isinstance(record, Thing)]

    assert [("s1", "Old Harbour", -0.1), ("s2", "Market", -0.11)] == [
        (stop.external_id, stop.name, stop.lon) for stop in found
    ]


def test_calls_in_any_order_of_rows_are_in_the_order_of_their_sequence() -> None:
    """Only time that runs backwards along the trip is wrong, wherever the row stands."""
    header, *rows = TABLES["stop_times"].splitlines()
    turned = "\n".join([header, *reversed(rows)]) + "\n"
    late = turned + "t-day,7:00:00,7:00:00,s2,9\n"

    assert [] == reasons(read(timetable(stop_times=turned)))
    assert [("stop_times#6", "decreasing_times")] == reasons(read(timetable(stop_times=late)))


def test_a_call_between_others_must_be_between_their_times() -> None:
    """A row that comes later in the file is held against both of its neighbours."""
    text = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n" + "".join(
        f"t-day,{at},{at},s1,{sequence}\n"
        for at, sequence in [("8:00:00", 1), ("", 3), ("9:00:00", 5), ("9:01:00", 4), ("8:30:00", 2)]
    )

    assert [("stop_times#3", "decreasing_times")] == reasons(read(timetable(stop_times=text)))


def test_a_call_on_demand_names_an_area_and_no_stop() -> None:
    """GTFS-Flex is legal; without an area a call must name its stop."""
    text = "trip_id,stop_id,location_id,stop_sequence\nt-day,,zone-1,1\nt-day,,,2\n"

    assert [("stop_times#1", "unknown_stop")] == reasons(read(timetable(stop_times=text)))


def test_a_call_within_hours_on_demand_may_name_its_area_as_a_stop() -> None:
    """So had drafts of GTFS-Flex, which agencies still write; a stop that is told elsewhere remains unknown."""
    header = "trip_id,stop_id,stop_sequence,start_pickup_drop_off_window,end_pickup_drop_off_window\n"
    text = header + "t-day,zone-1,1,08:00:00,17:00:00\nt-day,zone-1,2,,\nt-day,s1,3,08:00:00,17:00:00\n"
    records = read(timetable(stop_times=text))

    assert [("stop_times#1", "unknown_stop")] == reasons(records)
    assert [["s1"], []] == [record.stop_ids for record in records if isinstance(record, TransitTrip)]


@pytest.mark.parametrize(
    ("url", "link"), [("https://ta.example/s1", "https://ta.example/s1"), ("javascript:alert(1)", None)]
)
def test_a_stop_links_to_the_web_alone(url: str, link: str | None) -> None:
    """What else is written there has no business on our pages."""
    stops = f"stop_id,stop_name,stop_lat,stop_lon,stop_url\ns1,Old Harbour,51.5,-0.1,{url}\n"
    (stop,) = (record for record in read(timetable(stops=stops)) if isinstance(record, Thing))

    assert link == stop.properties.get("url")


def test_the_days_of_a_service_are_those_of_both_calendars() -> None:
    """A service may have a week, dates, or both; a row that cannot be read says nothing."""
    dates = (
        "service_id,date,exception_type\ndaily,20261225,2\ndaily,20261224,1\nfair,20261128,1\ndaily,soon,1\n"
    )
    trips = "route_id,service_id,trip_id\nr7,daily,a\nr7,fair,b\nr7,never,c\n"

    found = [
        record
        for record in read(timetable(calendar_dates=dates, trips=trips))
        if isinstance(record, TransitTrip)
    ]

    assert [
        Service("daily", "1111111", "20200101", "20991231", ("20261224",), ("20261225",)),
        Service("fair", added=("20261128",)),
        Service("never"),
    ] == [trip.service for trip in found]


def test_trips_of_frequencies_run_again_and_again() -> None:
    """A row that is none says nothing; without the table no trip does."""
    rows = "trip_id,start_time,end_time,headway_secs\nt-day,6:00:00,9:00:00,600\n,,,\nt-gone,6:00:00,9:00:00,60\n"

    found = [record for record in read(timetable(frequencies=rows)) if isinstance(record, TransitTrip)]

    assert {"t-day": True, "t-night": False} == {trip.trip_id: trip.is_repeated for trip in found}


def test_a_route_is_drawn_by_the_shape_that_most_of_its_trips_follow() -> None:
    """One line for each direction, its points in their order; broken points are left out."""
    trips = "route_id,service_id,trip_id,direction_id,shape_id\n" + "".join(
        f"r7,daily,{number},{direction},{shape}\n"
        for number, (direction, shape) in enumerate([(0, "a"), (0, "b"), (0, "b"), (1, "c")])
    )
    points = "shape_id,shape_pt_lon,shape_pt_lat,shape_pt_sequence\n" + "".join(
        f"{row}\n"
        for row in ("b,2,2,9", "b,1,1,2", "b,x,1,3", "c,0,0,1", "c,0,1,2", "a,5,5,1", "a,6,6,2", "d,1,1,1")
    )

    found = [
        record for record in read(timetable(trips=trips, shapes=points)) if isinstance(record, TransitRoute)
    ]

    assert {"type": "MultiLineString", "coordinates": [[[1, 1], [2, 2]], [[0, 0], [0, 1]]]} == found[
        0
    ].geometry


STOPS = "".join(f"n{number},Stop,51.5,-0.1,0,\n" for number in range(6))
#: As many stops as one cell cannot hold.
MANY_STOPS = "".join(f"m{number},Stop,51.5,-0.1,0,\n" for number in range(7_000))


@pytest.mark.parametrize(
    ("rest", "others"),
    [
        (STOPS, 6),
        (MANY_STOPS, 7_000),
        (STOPS + 'x,"Mill",51.5,-0.1,0,\n', 7),
        ("", 0),
    ],
    ids=["to the end", "beyond what a cell may hold", "to the next quote", "in the last line"],
)
def test_a_quote_that_nothing_ends_costs_its_stop_alone(rest: str, others: int) -> None:
    """The stops behind it, and their calls, are read."""
    stops = TABLES["stops"] + 'b,"Mill,51.5,-0.1,0,\n' + rest
    found = read(timetable(stops=stops))

    assert [("stops#3", "bad_row")] == reasons(found)
    assert 3 + others == len([one for one in found if isinstance(one, Thing)])


def test_a_cell_may_have_lines() -> None:
    """The standard leaves that to quotes."""
    stops = TABLES["stops"] + 'b,"Mill\n(by the river,\nnorth)",51.5,-0.1,0,\nc,Sea,51.5,-0.1,0,\n'
    found = read(timetable(stops=stops))

    assert [] == reasons(found)
    assert ["Mill\n(by the river,\nnorth)", "Sea"] == [one.name for one in found if isinstance(one, Thing)][
        3:
    ]


def test_a_row_that_no_reader_can_split_is_set_aside_alone() -> None:
    """A quote that never closes swallows at most what one cell may hold."""
    long = "t-day,8:30:00,8:30:00,s3," + "9" * 140_000 + "\n"

    found = read(timetable(stop_times=TABLES["stop_times"] + long + "t-day,8:40:00,8:40:00,s3,10\n"))

    assert [("stop_times#6", "bad_row")] == reasons(found)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("08:05:00", 29_100), ("8:05:00", 29_100), (" 8:05:00", 29_100), ("25:35:00", 92_100),
        ("00:00:00", 0), ("101:00:01", 363_601), ("8:05", 29_100), ("", None), ("  ", None),
    ],
)  # fmt: skip
def test_hours_go_on_after_midnight(text: str, seconds: int | None) -> None:
    """A service day has more than 24 hours."""
    assert seconds == seconds_of(text)


@pytest.mark.parametrize("text", ["8:60", "8", "8:60:00", "-1:00:00", "8.05.00", "٨:05:00", "1000:00:00"])
def test_what_is_no_time_is_set_aside(text: str) -> None:
    """The row says why."""
    rows = f"trip_id,arrival_time,departure_time,stop_id,stop_sequence\nt-day,{text},{text},s1,1\n"

    assert [("stop_times#0", "bad_time")] == reasons(read(timetable(stop_times=rows)))


def written(text: str) -> dict[str, str]:
    """Return all tables with numbers as programs write them that know no whole ones."""
    calls = (
        TABLES["stop_times"].replace("s1,1", "s1,1.0").replace("s2,2", "s2,2.00").replace("s3,3", "s3,3.0")
    )
    return {
        "stop_times": calls,
        "stops": TABLES["stops"].replace(",0,", f",0{text},"),
        "routes": TABLES["routes"].replace("Line,3,", f"Line,3{text},"),
        "trips": TABLES["trips"].replace("Top,0,", f"Top,0{text},"),
        "calendar": TABLES["calendar"].replace(",1", f",1{text}").replace("0101", f"0101{text}"),
    }


def test_whole_numbers_may_have_a_fraction_of_nothing() -> None:
    """So they come out of programs that hold every number with a fraction; one and a half is none."""
    assert read(timetable()) == read(timetable(**written(".0")))
    assert ["bad_route_type", "bad_location_type", "bad_location_type", "bad_location_type"] == [
        reason for _, reason in reasons(read(timetable(**written(".5")))) if reason.startswith("bad_")
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_tables_may_be_parted_by_other_signs(delimiter: str) -> None:
    """Only where a header has no comma: in a text they part nothing."""
    parted = {name: text.replace(",", delimiter) for name, text in TABLES.items() if name != "agency"}

    assert read(timetable()) == read(timetable(**parted))


@pytest.mark.parametrize(
    "turned",
    [
        lambda text: text.replace("\n", ",\n"),
        lambda text: "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in text.splitlines()),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("cp1252"),
    ],
    ids=["an end too many", "quotes", "utf-16", "cp1252"],
)
def test_the_same_rows_are_read_of_every_writing(turned: Callable[[str], str | bytes]) -> None:
    """Spreadsheets part the end of a line, quote all cells, and write in sets of letters of their own."""
    tables = {name: text.replace("{zone}", "Europe/London") for name, text in TABLES.items()}
    tables["stops"] = tables["stops"].replace("Market", "Marché")
    plain = zipped({f"{name}.txt": text for name, text in tables.items()})

    assert read(plain) == read(zipped({f"{name}.txt": turned(text) for name, text in tables.items()}))


def test_a_table_of_a_header_alone_says_nothing() -> None:
    """Optional tables may be there without a row; those of fares, pathways and demand are not read."""
    headers = {name: TABLES[name].splitlines()[0] + "\n" for name in ("calendar", "shapes")}
    more = {
        f"{name}.txt": "not read\n\0"
        for name in ("fare_attributes", "pathways", "booking_rules", "location_groups")
    }
    tables = {name: text.replace("{zone}", "Europe/London") for name, text in {**TABLES, **headers}.items()}

    assert read(timetable(calendar=None, shapes=None)) == read(
        zipped({**more, **{f"{name}.txt": text for name, text in tables.items()}})
    )


def test_a_stop_without_a_name_is_called_by_its_id() -> None:
    """A name that is blank is none."""
    stops = TABLES["stops"].replace("Market", "  ")

    assert ["Old Harbour", "s2", "Hill Top"] == [
        record.name for record in read(timetable(stops=stops)) if isinstance(record, Thing)
    ]


def test_a_zip_within_a_zip_is_the_package() -> None:
    """Also beside what an archive of another system keeps for itself, and in folders of folders."""
    beside = {"__MACOSX/._gtfs.zip": b"x", "readme.pdf": b"x"}
    deeper = {f"a/b c/{name}.txt": text.replace("{zone}", "Europe/London") for name, text in TABLES.items()}

    assert read(timetable()) == read(zipped({"feed/gtfs.zip": timetable(), **beside}))
    assert read(timetable()) == read(zipped(deeper))


def test_of_several_packages_the_option_names_one() -> None:
    """Their ids are their own, so that each is a feed; who gives none is told their names."""
    both = zipped(
        {"rail.zip": timetable(), "1/bus.zip": timetable(routes=TABLES["routes"].replace("r7", "b7"))}
    )

    with pytest.raises(Malformed, match=r"2 packages within \(1/bus\.zip, rail\.zip\); the option `package`"):
        read(both)
    with pytest.raises(Malformed, match="the option `package` names one"):
        parse(source("gtfs_static", package="tram.zip"), payload(both, "gtfs"))
    for name in ("rail.zip", "bus.zip", "1/bus.zip"):
        assert any(
            isinstance(record, TransitRoute) and record.route_id[1:] == "7"
            for record in parse(source("gtfs_static", package=name), payload(both, "gtfs"))
        )


def test_a_broken_zip_within_a_zip_is_malformed() -> None:
    """As one that stands alone."""
    with pytest.raises(Malformed, match="no zip file"):
        read(zipped({"gtfs.zip": b"x"}))


def test_the_zone_of_the_first_agency_is_that_of_all() -> None:
    """The standard allows no other; an agency that tells one is described with what that means."""
    agencies = (
        "agency_id,agency_name,agency_url,agency_timezone\n"
        "ta,A,https://a.example,Europe/London\ntb,B,https://b.example,Europe/Paris\ntc,C,https://c.example,Europe/London\n"
    )
    records = read(timetable(agency=agencies))
    told = [one.properties.get("timezone_problem") for one in records if isinstance(one, Described)][:3]

    assert [None, "its times are read in Europe/London, as the first agency's", None] == told
    assert ["Europe/London"] == [one.timezone for one in records if isinstance(one, TransitRoute)]


def test_fares_are_neither_read_nor_lost() -> None:
    """What is counted of a package are its agencies, routes, stops, trips and calls."""
    fares = {
        "fare_attributes": "fare_id,price,currency_type,payment_method,transfers\nf,2,USD,0,\n",
        "fare_rules": "fare_id\nf\n",
        "fare_products": "fare_product_id,amount,currency\np,2,USD\n",
        "feed_info": "feed_publisher_name,feed_publisher_url,feed_lang\nx,https://x.example,en\n",
    }

    assert read(timetable()) == read(timetable(**fares))
