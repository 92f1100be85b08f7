"""Feeds of news as other publishers write them: old document types, places, times and links of every form."""

import pytest

from tasks.feeds.connector import Feature, Malformed
from tests.support.feeds import parse, payload, source

SPACES = (
    'xmlns:geo="http://www.w3.org/2003/01/geo/wgs84_pos#" xmlns:georss="http://www.georss.org/georss"'
    ' xmlns:gml="http://www.opengis.net/gml"'
)


def entry(inside: str, before: str = "") -> Feature:
    """Read a feed of one entry."""
    text = f"{before}<rss version='2.0' {SPACES}><channel><link>https://town.example/</link><item><title>T</title>{inside}</item></channel></rss>"
    (record,) = parse(source("news", timezone="Europe/Berlin"), payload(text.encode()))
    assert isinstance(record, Feature)
    return record


def test_parameter_entities_of_old_document_types_do_no_harm() -> None:
    """They are never read; the names of HTML are known without them."""
    before = '<!DOCTYPE rss [<!ENTITY % HTMLlat1 PUBLIC "-//W3C//ENTITIES Latin 1//EN" "http://127.0.0.1:9/x"> %HTMLlat1;]>'

    assert "T" == entry("", before).title


@pytest.mark.parametrize("entity", ['x "M&#252;nster"', "x 'M&#252;nster'", 'x "M\u00fcnster"'])
def test_an_entity_of_plain_text_is_written_out(entity: str) -> None:
    """As content systems declare a letter, or the address of their site; markup in it would be none of theirs."""
    read = entry(
        "<description>in &x;, &amp;x;</description>", f'<!DOCTYPE rss [\n<!ENTITY {entity}><!ENTITY y "">\n]>'
    )

    assert "in M\u00fcnster, &x;" == read.description


@pytest.mark.parametrize(
    "entity",
    [
        'x SYSTEM "file:///etc/passwd"',
        'x PUBLIC "a" "http://127.0.0.1:9/x"',
        'y "xx"><!ENTITY x "&y;&y;"',
        'x "<script>"',
        'x "%p;"',
        f'x "{"x" * 1001}"',
    ],
)
def test_other_entities_are_refused(entity: str) -> None:
    """Neither files nor bombs."""
    with pytest.raises(Malformed, match="entities"):
        entry("<description>&x;</description>", f"<!DOCTYPE rss [<!ENTITY {entity}>]>")


def test_an_article_may_tell_how_entities_are_declared() -> None:
    """What stands as text declares none, and is used by none."""
    text = '<![CDATA[Write &y; and <!ENTITY x SYSTEM "file:///etc/passwd"> above.]]>'
    read = entry(f"<description>&y; {text}</description>", '<!DOCTYPE rss [<!ENTITY y "Now:">]>')

    assert (read.description or "").startswith("Now: Write &y; and")


def test_entities_of_plain_text_become_no_bomb() -> None:
    """Thousands of uses of a long one are refused."""
    with pytest.raises(Malformed, match="1,000,000 bytes"):
        entry(f"<description>{'&x;' * 2000}</description>", f'<!DOCTYPE rss [<!ENTITY x "{"x" * 900}">]>')


@pytest.mark.parametrize(
    ("system", "pair"),
    [
        ("EPSG:4326", "45.2 -71.9"),
        ("urn:ogc:def:crs:EPSG::4326", "45.2 -71.9"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "45.2 -71.9"),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "45.2 -71.9"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "-71.9 45.2"),
        ("http://www.opengis.net/def/crs/OGC/1.3/CRS84", "-71.9 45.2"),
        ("EPSG", "45.2 -71.9"),
    ],
)
def test_a_place_by_gml_is_read_by_every_name_of_its_reference_system(system: str, pair: str) -> None:
    """Of latitude and longitude, the other first, or none that is known."""
    place = entry(
        f'<georss:where><gml:Point srsName="{system}"><gml:pos>{pair}</gml:pos></gml:Point></georss:where>'
    )

    assert {"type": "Point", "coordinates": [-71.9, 45.2]} == place.geometry


@pytest.mark.parametrize(
    "where",
    [
        "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>x</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>",
        "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList></gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>",
        "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>1</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>",
        "<gml:Envelope><gml:pos>1 2</gml:pos><gml:pos>3 4</gml:pos></gml:Envelope>",
        '<gml:Point srsName="urn:EPSG:x"><gml:pos>a b</gml:pos></gml:Point>',
    ],
)
def test_a_place_that_cannot_be_read_costs_no_other_entry(where: str) -> None:
    """What reads feeds would give up all of it."""
    other = "<gml:Point><gml:pos>45.2 -71.9</gml:pos></gml:Point>"
    items = "".join(f"<item><title>{at}</title>{one}</item>" for at, one in enumerate((where, other)))
    text = f"<rss version='2.0' {SPACES}><channel>{items}</channel></rss>"
    bad, good = parse(source("news"), payload(text.encode()))

    assert isinstance(bad, Feature)
    assert isinstance(good, Feature)
    assert (None, [-71.9, 45.2]) == (bad.geometry, (good.geometry or {}).get("coordinates"))


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ("<geo:lat>45.2</geo:lat><geo:long>-71.9</geo:long>", "Point"),
        ("<geo:Point><geo:lat>45.2</geo:lat><geo:long>-71.9</geo:long></geo:Point>", "Point"),
        ("<geo:lat>45.2</geo:lat><geo:lon>-71.9</geo:lon>", "Point"),
        ("<georss:circle>45.2 -71.9 1000</georss:circle>", "Polygon"),
        ("<georss:circle>45.2,-71.9,0</georss:circle>", "Point"),
        (
            "<georss:where><gml:Envelope><gml:lowerCorner>45 -72</gml:lowerCorner>"
            "<gml:upperCorner>46 -71</gml:upperCorner></gml:Envelope></georss:where>",
            "Polygon",
        ),
    ],
)
def test_every_form_of_a_place_is_found(inside: str, kind: str) -> None:
    """Longitude comes first in what is stored."""
    place = entry(inside).geometry

    assert place is not None
    assert kind == place["type"]
    assert "-7" in str(place["coordinates"])[:6]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("Fri, 20 Nov 2026 12:00:00 CET", "20T11:00"),
        ("Fri, 20 Nov 2026 12:00:00 EST", "20T17:00"),
        ("Fri, 20 Nov 2026 12:00:00 GMT", "20T12:00"),
        ("Nov 20, 2026 1:00 PM CET", "20T12:00"),
        ("1795176000", "20T12:00"),
        ("Friday, November 20, 2026 - 1:00pm", "20T12:00"),
        ("Nov. 20, 2026 at 1:00 p.m.", "20T12:00"),
        ("20.11.2026 13:00", "20T12:00"),
        ("Fri, 20 Nov 2026 13:00:00", "20T12:00"),
        ("Fri, 20 Nov 2026 12:00:00 Z", "20T12:00"),
        ("Fri, 20 Nov 2026 13:00:00 +0100", "20T12:00"),
        ("Fri Nov 20 07:00:00 EST 2026", "20T12:00"),
        ("Fri Nov 20 13:00:00 CET 2026", "20T12:00"),
        ("Fri Nov 20 13:00:00 2026", "20T12:00"),
        ("Fr, 20. Nov. 2026 13:00:00 MEZ", "20T12:00"),
        ("ven., 20 nov. 2026 13:00:00 +0100", "20T12:00"),
        ("viernes, 20 de noviembre de 2026 13:00", "20T12:00"),
        ("sexta-feira, 20 nov 2026 13:00:00", "20T12:00"),
        ("20.11.2026, 13:00 Uhr", "20T12:00"),
        ("Fri, 20 Nov 2026", "19T23:00"),
        ("20/11/2026 - 13:00", "20T12:00"),
        ("Friday 20 November 2026 13:00", "20T12:00"),
        ("Fri, 20 Nov 2026 13:00:00 +01:00", "20T12:00"),
        ("Fri, 20 Nov 2026 10:30:00 GMT-01:30", "20T12:00"),
        ("Fri, 20 Nov 2026 13:00:00 UTC+0100", "20T12:00"),
        ("Fri, 20 Nov 2026 13:00:00 MT", "20T12:00"),
        ("Fri, 20 Nov 2026 12:00:00 UT", "20T12:00"),
    ],
)
def test_a_time_is_of_the_zone_it_names_or_the_citys(written: str, utc: str) -> None:
    """An abbreviation that only the city knows is the city's, and an afternoon is no morning."""
    published = entry(f"<pubDate>{written}</pubDate>").published_at

    assert published is not None
    assert utc == f"{published:%dT%H:%M}"


@pytest.mark.parametrize(
    "written",
    [
        "Mon, 01 Jan 0001 00:00:00 +0000",
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "1970-01-01T00:00:00",
        "0001-01-01",
    ],
)
def test_a_time_that_programs_write_for_none_is_unknown(written: str) -> None:
    """No news are of that day."""
    found = entry(f"<pubDate>{written}</pubDate>")

    assert (None, None) == (found.published_at, found.starts_at)


def test_a_time_that_cannot_be_read_whole_is_unknown() -> None:
    """Rather than the first of its month."""
    assert entry("<pubDate>20 พฤศจิกายน 2569</pubDate>").published_at is None


def test_a_relative_link_is_of_the_feeds_own_site() -> None:
    """And no other scheme becomes one."""
    assert "https://town.example/news/1" == entry("<link>/news/1</link>").url
    assert entry("<link>javascript:alert(1)</link>").url is None


def test_a_relative_link_of_a_json_feed_is_of_its_own_site() -> None:
    """As one of the other feeds."""
    told = b'{"version":"https://jsonfeed.org/version/1.1","home_page_url":"https://town.example/","items":[{"id":"1","url":"/a"}]}'
    (record,) = parse(source("news"), payload(told))

    assert isinstance(record, Feature)
    assert "https://town.example/a" == record.url


def test_a_link_that_entries_share_names_none_of_them() -> None:
    """Some feeds link every entry to the page of them all."""
    items = "".join(
        f"<item><title>{title}</title><link>https://town.example/</link></item>" for title in "AB"
    )
    first, second = parse(
        source("news"), payload(f"<rss version='2.0'><channel>{items}</channel></rss>".encode())
    )

    assert first.external_id != second.external_id
    assert "https://town.example/" == entry("<link>https://town.example/</link>").external_id


@pytest.mark.parametrize(
    ("zone", "utc"), [("GMT+1", "11:00"), ("UTC-6", "18:00"), ("GMT+0530", "06:30"), ("GMT", "12:00")]
)
def test_an_offset_may_be_told_from_greenwich(zone: str, utc: str) -> None:
    """In hours, as some content systems write it."""
    item = f"<item><title>A</title><guid>1</guid><pubDate>Fri, 20 Nov 2026 12:00:00 {zone}</pubDate></item>"
    feed = f'<rss version="2.0"><channel><title>t</title>{item}</channel></rss>'
    (record,) = parse(source("news", timezone="America/Chicago"), payload(feed.encode()))

    assert isinstance(record, Feature)
    assert record.published_at is not None
    assert utc == f"{record.published_at:%H:%M}"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("AT&T", "AT&T"),
        ("AT&amp;T & R&D", "AT&T & R&D"),
        ("<![CDATA[AT&T; R&amp;D]]>", "AT&T; R&D"),
        ("&#233;t&eacute;", "été"),
    ],
)
def test_an_ampersand_that_begins_no_entity_is_one(written: str, read: str) -> None:
    """As people write it who know no XML."""
    assert read == entry(f"<description>{written}</description>").description


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!DOCTYPE html><html><head><title>Sign\n in</title></head></html>", r"an HTML page \(Sign in\)"),
        (b"\n<HTML><body>502</body></HTML>", "an HTML page"),
        (b"", "nothing"),
    ],
)
def test_what_is_no_feed_is_named(content: bytes, said: str) -> None:
    """So that whoever looks after it knows what came instead."""
    with pytest.raises(Malformed, match=f"neither RSS nor Atom: {said}$"):
        parse(source("news"), payload(content))


@pytest.mark.parametrize(
    ("shape", "parts"),
    [
        ("<georss:polygon>-17 179 -17 -179 -18 -179 -18 179 -17 179</georss:polygon>", 2),
        ("<georss:box>-18 179 -17 -179</georss:box>", 2),
        ("<georss:box>-18 -179 -17 179</georss:box>", 1),
        ("<georss:polygon>-17 178 -17 179 -18 179 -18 178 -17 178</georss:polygon>", 1),
    ],
)
def test_an_area_across_the_antimeridian_is_cut_there(shape: str, parts: int) -> None:
    """A box that begins in the west may be as wide as the Earth."""
    place = entry(shape).geometry

    assert place is not None
    polygons = place["coordinates"] if place["type"] == "MultiPolygon" else [place["coordinates"]]
    assert parts == len(polygons)
    widths = [max(lon for lon, _ in ring) - min(lon for lon, _ in ring) for (ring,) in polygons]
    assert max(widths) == (358 if "-179 -17 179" in shape else 1)


@pytest.mark.parametrize(
    "where",
    [
        "<georss:point>95 200</georss:point>",
        "<georss:polygon>45 1e999 46 -72 46 -71 45 1e999</georss:polygon>",
        "<georss:box>45 nan 46 -71</georss:box>",
    ],
)
def test_an_entry_is_not_lost_to_its_place(where: str) -> None:
    """It lies nowhere then, and says why."""
    read = entry(where)

    assert ("T", None) == (read.title, read.geometry)
    assert read.properties["shape_problem"].startswith("bad_")
