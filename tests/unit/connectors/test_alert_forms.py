"""The forms of warnings that other offices send: spellings, shapes, wrappers, and the API's other answers."""

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tasks.feeds.connector import Described, Feature, Malformed, Record, Rejected
from tasks.feeds.registry import connector
from tests.support.feeds import drive, parse, payload, positions, run, source

CAP = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>W1</identifier><sender>Met Office</sender>
<sent>2026-11-20T01:00:00+00:00</sent><status>{status}</status><msgType>{kind}</msgType><scope>public</scope>
<references>{references}</references><info><event>Wind</event><area><areaDesc>Isle</areaDesc>{shape}</area></info>
</alert>"""


def cap(status: str = "Actual", kind: str = "Alert", references: str = "", shape: str = "") -> Record:
    """Read one CAP message."""
    text = CAP.format(status=status, kind=kind, references=references, shape=shape)
    (record,) = parse(source("cap"), payload(text.encode()))
    return record


def test_a_name_that_is_broken_over_lines_is_told_in_one() -> None:
    """Offices indent their XML within the names of places and of themselves."""
    text = CAP.format(status="Actual", kind="Alert", references="", shape="")
    named = "<event>High \n   wind</event><senderName>Met\n Office</senderName>"
    told = text.replace("<event>Wind</event>", named).replace("Isle", "Isle of\n    Man")
    (record,) = parse(source("cap", area="Isle of Man"), payload(told.encode()))

    assert isinstance(record, Feature)
    assert ("High wind", "High wind", "Isle of Man", "Met Office") == (
        record.title,
        record.category,
        record.address,
        record.properties["sender"],
    )


@pytest.mark.parametrize("status", ["actual", "ACTUAL", " Actual\n"])
def test_a_warning_is_real_in_any_spelling(status: str) -> None:
    """Whoever writes `actual` warns none the less."""
    assert isinstance(cap(status), Feature)


@pytest.mark.parametrize(
    ("status", "reason"), [("test", "not_actual"), ("DRAFT", "not_actual"), ("", "not_actual")]
)
def test_a_test_is_none_in_any_spelling(status: str, reason: str) -> None:
    """Nor is a draft shown."""
    record = cap(status)

    assert isinstance(record, Rejected)
    assert reason == record.reason


def test_a_cancellation_withdraws_in_any_spelling() -> None:
    """And finds the message of a sender whose name has a space."""
    record = cap(
        kind="CANCEL", references="\n Met Office,W0,2026-11-19T01:00:00Z\tx@y,W9,2026-11-19T02:00:00Z "
    )

    assert isinstance(record, Feature)
    assert ("Met Office,W0,2026-11-19T01:00:00Z", True) == (record.external_id, record.withdrawn)


@pytest.mark.parametrize(
    "shape",
    [
        "<polygon>10.0, 20.0 10.0 ,21.0\n11.0 , 21.0 10.0,20.0</polygon>",
        "<circle>10.5,20.5, 5</circle>",
        "<circle>10.5, 20.5 5</circle>",
        "<polygon>10 20 10 21 11 21 10 20</polygon>",
        "<polygon>10,20;10,21;11,21;10,20</polygon>",
        "<polygon>10,20,300 10,21,300 11,21,0 10,20,300</polygon>",
    ],
)
def test_stray_spaces_and_commas_move_no_place(shape: str) -> None:
    """Senders write pairs as people do."""
    found = list(positions([cap(shape=shape)]))

    assert found
    assert all(20 <= lon <= 21 and 10 <= lat <= 11 for lon, lat in found)


@pytest.mark.parametrize(
    ("radius", "km"),
    [("10", 10), ("10km", 10), ("10 km", 10), ("10000m", 10), ("10 mi", 16.09), ("5 NM", 9.26)],
)
def test_a_radius_is_of_the_unit_it_names(radius: str, km: float) -> None:
    """The standard knows kilometres only; a mile is none."""
    lats = [lat for _, lat in positions([cap(shape=f"<circle>10,20 {radius}</circle>")])]

    assert km == pytest.approx((max(lats) - 10) * 111.32, abs=0.01)


@pytest.mark.parametrize(
    "shape",
    [
        "<circle>-17,179.9 100</circle>",
        "<circle>-17,-179.9 100</circle>",
        "<polygon>-17,179 -17,-179 -18,-179 -18,179 -17,179</polygon>",
        "<polygon>-17,179 -17,181 -18,181 -18,179 -17,179</polygon>",
    ],
)
def test_an_area_across_the_antimeridian_is_cut_there(shape: str) -> None:
    """No band around the whole Earth is drawn, and no warning is lost."""
    record = cap(shape=shape)

    assert isinstance(record, Feature)
    assert record.geometry is not None
    assert "MultiPolygon" == record.geometry["type"]
    for part in record.geometry["coordinates"]:
        lons = [lon for lon, _ in part[0]]
        assert max(lons) - min(lons) < 2
        assert all(-180 <= lon <= 180 for lon in lons)


@pytest.mark.parametrize(
    "shape",
    [
        "<circle>nan,20 5</circle>",
        "<circle>1</circle>",
        "<circle>1,2 3 ells</circle>",
        "<circle>1,2 3.3.3</circle>",
        "<polygon>1,2,3 4,5</polygon>",
        "<polygon>1 2 3</polygon>",
    ],
)
def test_a_warning_that_cannot_be_drawn_is_none_the_less_a_warning(shape: str) -> None:
    """It has no shape then, also no part of one, and says why."""
    record = cap(shape=f"<polygon>10,20 10,21 11,21 10,20</polygon>{shape}")

    assert isinstance(record, Feature)
    assert (None, "Isle") == (record.geometry, record.address)
    assert record.properties["shape_problem"].startswith("bad_geometry: ")


def test_each_message_without_a_word_has_an_address_of_its_own() -> None:
    """A Cancel beside a warning is a record beside it."""
    warning = CAP.format(status="Actual", kind="Alert", references="", shape="")
    bare = re.sub("<info>.*</info>", "", CAP, flags=re.DOTALL).replace("W1", "W2")
    cancel = bare.format(status="Actual", kind="Cancel", references="Met Office,W1,2026-11-20T01:00:00+00:00")
    for text in (f"<alerts>{warning}{cancel}</alerts>", f"<alerts>{cancel}{warning}</alerts>"):
        records = parse(source("cap"), payload(text.encode()))

        assert {"payload#0", "payload#1"} == {record.record for record in records}
        assert 2 == len(records)


@pytest.mark.parametrize("name", ["alerts", "EDXLDistribution", "feed", "rss"])
def test_a_wrapper_without_messages_is_a_quiet_sky(name: str) -> None:
    """Nothing is wrong with the feed then, and nothing is counted."""
    assert [] == parse(source("cap"), payload(f'<x:{name} xmlns:x="urn:x"/>'.encode()))


def test_a_blank_line_before_the_declaration_costs_no_warning() -> None:
    """Some servers begin with one."""
    text = CAP.format(status="Actual", kind="Alert", references="", shape="")
    (record,) = parse(source("cap"), payload(f'\n  <?xml version="1.0"?>{text}'.encode()))

    assert isinstance(record, Feature)


def test_markup_in_a_warning_is_no_text() -> None:
    """A sign that only looks like a tag stays."""
    event = "<event>Wind</event><description>{}</description>"
    told = "Stay in.&lt;br/&gt;Call 112 &lt;b&gt;only&lt;/b&gt; if hurt&amp;nbsp;!"
    texts = []
    for description in (told, "Gusts &lt;90 km/h &amp; rain.\n\nStay in."):
        text = CAP.format(status="Actual", kind="Alert", references="", shape="")
        text = text.replace("<event>Wind</event>", event.format(description))
        texts += [
            record.description
            for record in parse(source("cap"), payload(text.encode()))
            if isinstance(record, Feature)
        ]

    assert ["Stay in.\nCall 112 only if hurt !", "Gusts <90 km/h & rain.\n\nStay in."] == texts


SPOKEN: dict[str, Any] = {
    "identifier": "W1",
    "sender": "Met Office",
    "sent": "2026-11-20T01:00:00+00:00",
    "status": "Actual",
    "msgType": "Alert",
    "scope": "public",
    "references": None,
    "info": [
        {
            "event": "Wind",
            "category": ["Met"],
            "area": [{"areaDesc": "Isle", "polygon": ["10.0,20.0 10.0,21.0 11.0,21.0 10.0,20.0"]}],
        }
    ],
}


@pytest.mark.parametrize(
    "document",
    [
        SPOKEN,
        [SPOKEN],
        {"timestamp": "x", "alerts": [SPOKEN]},
        {"warnings": [{"alert": SPOKEN, "uuid": "x"}]},
        {"W1": SPOKEN},
    ],
)
def test_a_message_in_json_is_that_of_its_xml(document: Any) -> None:
    """Alone, in a list, in a wrapper, or by its identifier, as those keep it who gather Germany's one by one."""
    shape = "<polygon>10.0,20.0 10.0,21.0 11.0,21.0 10.0,20.0</polygon>"

    assert [cap(shape=shape)] == parse(source("cap"), payload(orjson.dumps(document)))


def test_germanys_json_has_its_positions_the_other_way_round() -> None:
    """And a place in the sea off Africa where it knows none."""
    info = {
        "event": "Wind",
        "area": {"areaDesc": "Isle", "polygon": "-1.0,-1.0 20.0,10.0 21.0,10.0 21.0,11.0 20.0,10.0"},
    }
    (record,) = parse(source("cap"), payload(orjson.dumps({**SPOKEN, "code": ["DVN:1"], "info": info})))

    assert cap(shape="<polygon>10.0,20.0 10.0,21.0 11.0,21.0 10.0,20.0</polygon>") == record


def test_a_cancellation_in_json_may_say_nothing_more() -> None:
    """Its info is null then."""
    cancel = {
        **SPOKEN,
        "identifier": "W2",
        "msgType": "Cancel",
        "info": None,
        "references": "Met Office,W1,2026-11-20T01:00:00+00:00",
    }
    old, new = parse(source("cap"), payload(orjson.dumps({"alerts": [SPOKEN, cancel]})))

    assert isinstance(old, Rejected)
    assert isinstance(new, Feature)
    assert new.withdrawn


@pytest.mark.parametrize("document", [{"alerts": []}, []])
def test_no_messages_in_json_are_a_quiet_sky(document: Any) -> None:
    """Nothing is wrong with the feed then."""
    assert [] == parse(source("cap"), payload(orjson.dumps(document)))


@pytest.mark.parametrize(
    "document", [{"error": "no key"}, {}, [1], [{"id": "mow.1"}], {"alerts": "none"}, {"W2": SPOKEN}]
)
def test_json_of_no_messages_is_malformed(document: Any) -> None:
    """It is quarantined, not taken for a quiet sky."""
    with pytest.raises(Malformed):
        parse(source("cap"), payload(orjson.dumps(document)))


def packed(**files: str) -> bytes:
    """Pack files into a zip."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("_", "."), text)
    return held.getvalue()


def test_messages_packed_into_a_zip_are_read_one_by_one() -> None:
    """Each has an address of its own, also one that replaces its neighbour."""
    first = CAP.format(status="Actual", kind="Alert", references="", shape="")
    later = CAP.format(
        status="Actual", kind="Update", references="Met Office,W1,2026-11-20T01:00:00Z", shape=""
    )
    records = parse(
        source("cap"), payload(packed(a_xml=first, b_xml=later.replace("W1</id", "W2</id"), c_txt="?"))
    )

    assert ["payload#0", "payload#1"] == [record.record for record in records]
    assert [Rejected, Feature] == [type(record) for record in records]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_messages_packed_into_a_tar_are_read_one_by_one(pack: Callable[[bytes], bytes]) -> None:
    """Spain's weather service gives them so; what is no message is passed over."""
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as archive:
        for name in ("b.xml", "a.xml", "notes.txt"):
            text = (
                CAP.format(status="Actual", kind="Alert", references="", shape="")
                .replace("W1", name)
                .encode()
            )
            member = tarfile.TarInfo(f"out/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
        link = tarfile.TarInfo("d.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    content = held.getvalue()
    found = parse(source("cap"), payload(pack(content)))

    assert ["payload#0", "payload#1"] == [record.record for record in found]
    assert [True, True] == ["a.xml" in str(found[0].external_id), "b.xml" in str(found[1].external_id)]
    with pytest.raises(Malformed, match="a broken tar"):
        parse(source("cap"), payload(content[:700]))


def test_an_empty_zip_is_a_quiet_sky() -> None:
    """No warning is in force."""
    assert [] == parse(source("cap"), payload(packed()))


@pytest.mark.parametrize("content", [packed(a_xml=CAP)[:-30], packed(a_xml="no XML"), b"PK\x03\x04"])
def test_a_broken_zip_is_malformed(content: bytes) -> None:
    """Or one that holds what is no message."""
    with pytest.raises(Malformed):
        parse(source("cap"), payload(content))


ALERT = {
    "id": "urn:oid:1",
    "event": "Wind",
    "sent": "2026-11-20T01:00:00-05:00",
    "status": "Actual",
    "messageType": "Alert",
}


def nws(document: Any) -> list[Record]:
    """Read an answer of the weather service."""
    return parse(source("nws_alerts"), payload(orjson.dumps(document)))


def test_a_single_alert_is_a_list_of_one() -> None:
    """`/alerts/{id}` answers so."""
    (record,) = nws({"type": "Feature", "geometry": None, "properties": ALERT})

    assert isinstance(record, Feature)


def test_the_linked_data_form_gives_the_same_alerts() -> None:
    """Who asks for `application/ld+json` gets bare objects, their shapes as text."""
    ring = [[-90.0, 40.0], [-89.0, 40.0], [-89.0, 41.0], [-90.0, 40.0]]
    plain = {"geometry": {"type": "Polygon", "coordinates": [ring]}, "properties": ALERT}
    linked = {**ALERT, "geometry": "POLYGON((-90 40, -89 40, -89 41, -90 40))"}

    assert nws({"features": [plain]}) == nws({"@graph": [linked]})
    assert [] == nws({"@graph": []})
    assert nws({"features": [plain]}) == nws({"@context": [], "@type": "wx:Alert", **linked})


@pytest.mark.parametrize(("pages", "left"), [(10, []), (11, ["not_read"])])
def test_a_list_of_more_pages_than_are_read_says_so(pages: int, left: list[str]) -> None:
    """The service tells the address of each next page."""
    feed = source("nws_alerts", "https://api.weather.gov/alerts/active")
    address = "https://api.weather.gov/alerts/active"
    answers = {
        address if page == 1 else f"{address}?cursor={page}": orjson.dumps(
            {
                "features": [{"geometry": None, "properties": {**ALERT, "id": f"urn:oid:{page}"}}],
                "pagination": {"next": f"{address}?cursor={page + 1}"} if page < pages else {},
            }
        )
        for page in range(1, pages + 1)
    }
    records, _ = run(feed, answers)

    assert left == [one.reason for one in records if isinstance(one, Rejected)]
    assert 10 == sum(isinstance(one, Feature) for one in records)


def test_a_reference_may_be_an_address_alone() -> None:
    """The identifier is its last part."""
    references = [{"@id": "https://api.weather.gov/alerts/urn:oid:1"}]
    old, new = nws(
        {
            "features": [
                {"properties": ALERT},
                {
                    "properties": {
                        **ALERT,
                        "id": "urn:oid:2",
                        "messageType": "Update",
                        "references": references,
                    }
                },
            ]
        }
    )

    assert isinstance(old, Rejected)
    assert ("superseded", "urn:oid:1") == (old.reason, getattr(new, "external_id", None))


def test_what_is_not_for_the_public_is_not_shown() -> None:
    """As in CAP, whose messages these are."""
    (record,) = nws({"features": [{"properties": {**ALERT, "scope": "Private"}}]})

    assert isinstance(record, Rejected)
    assert "not_public" == record.reason


@pytest.mark.parametrize("said", [{"title": "Not Found"}, {"title": "x", "detail": "Not Found"}])
def test_a_problem_is_told_in_the_services_own_words(said: dict[str, str]) -> None:
    """The admin reads what the service says."""
    with pytest.raises(Malformed, match="Not Found"):
        nws(said)


def test_an_alert_of_the_weather_service_that_cannot_be_drawn_is_kept() -> None:
    """Whoever lives there reads it all the same."""
    for shape in (
        {"type": "Polygon", "coordinates": [[[200, 1], [1, 2]]]},
        {"type": "Blob"},
        {"wkt": "POLYGON((1"},
    ):
        (record,) = nws(
            {
                "type": "FeatureCollection",
                "features": [{"type": "Feature", "geometry": shape, "properties": ALERT}],
            }
        )

        assert isinstance(record, Feature)
        assert None is record.geometry
        assert "shape_problem" in record.properties


@pytest.mark.parametrize(
    ("told", "link"),
    [("https://x.example/1", "https://x.example/1"), ("www.x.example", None), ("javascript:alert(1)", None)],
)
def test_only_a_link_is_one(told: str, link: str | None) -> None:
    """Offices write the bare name of their page; other schemes have no business on ours."""
    text = (
        '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>1</identifier><sender>s</sender>'
        "<sent>2026-11-20T12:00:00-06:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>"
        f"<info><event>Wind</event><web>{told}</web></info></alert>"
    )
    (record,) = parse(source("cap"), payload(text.encode()))

    assert isinstance(record, Feature)
    assert link == record.url


def message(name: str, kind: str = "Alert", replaces: str = "", *events: str, response: str = "None") -> str:
    """Write a message of an hour that its name tells, with an info for each event."""
    sent = "2026-11-20T0{}:00:00+00:00"
    references = f"<references>s,{replaces},{sent.format(replaces[1])}</references>" if replaces else ""
    infos = (
        f"<info><event>{event}</event><responseType>Monitor</responseType>"
        f"<responseType>{response}</responseType></info>"
        for event in events
    )
    return (
        f"<alert><identifier>{name}</identifier><sender>s</sender><sent>{sent.format(name[1])}</sent>"
        f"<status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>{references}{''.join(infos)}</alert>"
    )


@pytest.mark.parametrize(
    ("later", "withdrawn"),
    [
        (message("W2", "Cancel", "W1"), {"": True, "#1": True}),
        (message("W2", "Cancel", "W1", "Wind"), {"": True, "#1": True}),
        (message("W2", "Update", "W1", "Rain"), {"": False, "#1": True}),
        (message("W2", "Update", "W1", "Wind", "Rain"), {"": False, "#1": False}),
    ],
    ids=["a bare cancellation", "a cancellation", "an update of one part", "an update of both"],
)
def test_a_part_that_nothing_replaces_is_withdrawn(later: str, withdrawn: dict[str, bool]) -> None:
    """Though the message that held it is still listed."""
    records = parse(
        source("cap"),
        payload(f"<alerts>{message('W1', 'Alert', '', 'Wind', 'Rain')}{later}</alerts>".encode()),
    )
    root = "s,W1,2026-11-20T01:00:00Z"

    assert withdrawn == {
        one.external_id.removeprefix(root): one.withdrawn for one in records if isinstance(one, Feature)
    }


@pytest.mark.parametrize(
    ("kind", "response", "is_over"),
    [("Update", "AllClear", True), ("Update", "Execute", False), ("Alert", "AllClear", False)],
)
def test_an_update_that_gives_the_all_clear_ends_a_warning(kind: str, response: str, is_over: bool) -> None:
    """Canada and Norway cancel only what was an error."""
    replaces = "W1" if kind == "Update" else ""
    (record,) = parse(
        source("cap"), payload(message("W2", kind, replaces, "Wind", response=response).encode())
    )

    assert isinstance(record, Feature)
    assert is_over == record.withdrawn


INDEX = """<feed xmlns="http://www.w3.org/2005/Atom"><entry><link href="https://feeds.example/1"/></entry>
<entry><link href="https://feeds.example/2"/></entry></feed>"""
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><br></body></html>"


def indexed(*contents: bytes) -> tuple[list[Record], dict[str, Any]]:
    """Read an index whose links answer with these contents, and what the cursor keeps."""
    feed = source("cap")
    answers = {"https://feeds.example/": INDEX.encode()}
    answers |= {f"https://feeds.example/{at}": content for at, content in enumerate(contents, start=1)}
    driven = drive(connector("cap").plan(feed), answers)
    return parse(feed, *driven.payloads), dict(driven.cursor)


def test_a_link_that_leads_to_no_message_costs_only_itself() -> None:
    """A page for people behind one of them hides no warning."""
    records, cursor = indexed(PAGE, message("W1", "Alert", "", "Wind").encode())

    assert [Rejected, Feature] == [type(record) for record in records]
    assert isinstance(records[0], Rejected)
    assert ("no_message", "message-1: an HTML page (Sign in)") == (records[0].reason, records[0].detail)
    assert ["s,W1,2026-11-20T01:00:00Z"] == list(cursor["roots"])


def test_what_an_index_links_is_asked_for_as_cap() -> None:
    """Some addresses answer with another form of the warning unless they are."""
    answers = {"https://feeds.example/": INDEX.encode()}
    answers |= {
        f"https://feeds.example/{at}": message(f"W{at}", "Alert", "", "Wind").encode() for at in (1, 2)
    }
    asked = drive(connector("cap").plan(source("cap")), answers).requests

    assert [False, True, True] == [
        request.headers.get("Accept", "").startswith("application/cap+xml,") for request in asked
    ]


@pytest.mark.parametrize(
    "marked",
    [
        '<enclosure url="https://feeds.example/1" type="application/cap+xml" length="9"/>',
        '<content src="https://feeds.example/1" type="application/cap+xml"/>',
        '<link href="https://feeds.example/1" type="application/cap+xml" rel="related"/>',
    ],
)
def test_what_is_marked_as_cap_goes_before_a_link(marked: str) -> None:
    """Which leads people to a page of their own."""
    index = f"<rss><channel><item><link>https://feeds.example/page</link>{marked}</item></channel></rss>"
    answers = {"https://feeds.example/": index.encode()}
    answers["https://feeds.example/1"] = message("W1", "Alert", "", "Wind").encode()
    asked = drive(connector("cap").plan(source("cap")), answers).requests

    assert ["https://feeds.example/", "https://feeds.example/1"] == [request.url for request in asked]


def test_links_that_all_lead_to_no_message_fail_the_run() -> None:
    """What is stored must not vanish for it."""
    with pytest.raises(Malformed, match="an HTML page"):
        indexed(PAGE, PAGE)


def test_an_index_of_more_than_is_read_says_so_of_each_that_is_not() -> None:
    """The newest are read, in whatever order the index has them; the others are none that vanished."""
    entries = "".join(
        f'<entry><link href="https://feeds.example/{day}"/><updated>{told}</updated></entry>'
        for day, told in (
            (1, "2026-11-20T00:00:00Z"),
            (2, "2026-11-22T00:00:00Z"),
            (3, "Sat, 21 Nov 2026 00:00:00 GMT"),
            (4, ""),
        )
    )
    feed = source("cap", max_messages=2)
    answers = {
        f"https://feeds.example/{at}": message(f"W{at}", "Alert", "", "Wind").encode() for at in (2, 3)
    }
    answers["https://feeds.example/"] = f"<feed>{entries}</feed>".encode()
    driven = drive(connector("cap").plan(feed), answers)
    records = parse(feed, *driven.payloads)

    assert [Feature, Feature, Rejected, Rejected] == [type(record) for record in records]
    assert [("message-3#0", "not_read"), ("message-4#0", "not_read")] == [
        (record.record, record.reason) for record in records if isinstance(record, Rejected)
    ]
    assert ["https://feeds.example/1", "https://feeds.example/4"] == [
        record.excerpt for record in records if isinstance(record, Rejected)
    ]


@pytest.mark.parametrize(
    ("declared", "encoding"),
    [
        ("utf-8", "latin-1"),
        ("iso-8859-1", "utf-8"),
        ("Windows-1252", "utf-8"),
        ("utf-16", "utf-8"),
        ("utf-16", "utf-16"),
        ("iso-8859-1", "latin-1"),
        ("iso-8859-2", "iso-8859-2"),
    ],
)
def test_a_warning_is_read_in_the_encoding_it_is_in(declared: str, encoding: str) -> None:
    """Whatever it declares."""
    text = f'<?xml version="1.0" encoding="{declared}"?>{message("W1", "Alert", "", "Stürme über Köln")}'
    (record,) = parse(source("cap"), payload(text.encode(encoding)))

    assert isinstance(record, Feature)
    assert "Stürme über Köln" == record.category


@pytest.mark.parametrize(
    ("onset", "expires", "begins", "problem"),
    [
        ("2026-11-20T05:00:00Z", "until further notice", 5, "expires: 'until further notice' is not a time"),
        ("soon", "", 4, "onset: 'soon' is not a time"),
        ("soon", "later", 4, "onset: 'soon' is not a time"),
    ],
)
def test_a_warning_is_not_lost_to_a_time_that_cannot_be_read(
    onset: str, expires: str, begins: int, problem: str
) -> None:
    """It begins when the message took effect, and its end is unknown; it says why."""
    times = f"<effective>2026-11-20T04:00:00Z</effective><onset>{onset}</onset><expires>{expires}</expires>"
    text = CAP.format(status="Actual", kind="Alert", references="", shape="").replace(
        "<event>", f"{times}<event>"
    )
    (record,) = parse(source("cap"), payload(text.encode()))

    assert isinstance(record, Feature)
    assert (begins, None) == (record.starts_at and record.starts_at.hour, record.ends_at)
    assert record.properties["time_problem"].startswith(problem)


def sent(number: int, kind: str = "Alert", references: str = "") -> str:
    """Write one of several messages, an hour after the one before."""
    text = CAP.format(status="Actual", kind=kind, references="", shape="")
    text = text.replace("W1", f"W{number}").replace("T01:", f"T0{number}:")
    return text.replace("<references>", f"<references>{references}")


def triple(number: int, gap: str = ",") -> str:
    """Write a reference to one of them."""
    return gap.join(["Met Office", f"W{number}", f"2026-11-20T0{number}:00:00+00:00"])


def of_messages(*messages: str) -> list[tuple[str, str]]:
    """Return what became of each message: the reason why it is set aside, or the feature that it is."""
    records = parse(source("cap"), payload(f"<feed>{''.join(messages)}</feed>".encode()))
    return [
        (one.reason, "") if isinstance(one, Rejected) else ("", one.external_id)
        for one in records
        if isinstance(one, Rejected | Feature)
    ]


FIRST = "Met Office,W1,2026-11-20T01:00:00Z"


@pytest.mark.parametrize("kind", ["Update", "Cancel"])
@pytest.mark.parametrize(
    ("meant", "reason"),
    [
        (("Actual", "Test"), "not_actual"),
        (("Actual", "Exercise"), "not_actual"),
        (("Actual", "Draft"), "not_actual"),
        (("public", "Private"), "not_public"),
        (("public", "Restricted"), "not_public"),
    ],
)
def test_an_exercise_that_refers_to_a_real_warning_hides_it_from_nobody(
    kind: str, meant: tuple[str, str], reason: str
) -> None:
    """Nor does what is sent to others than the public."""
    other = sent(2, kind, triple(1)).replace(*meant)

    assert [("", FIRST), (reason, "")] == of_messages(sent(1), other)
    wordless = re.sub(r"<info>.*</info>", "", other)
    assert [("", FIRST)] == of_messages(sent(1), wordless)


@pytest.mark.parametrize("kind", ["Ack", "Error", "Alert"])
def test_warnings_that_another_message_refers_to_stay_apart(kind: str) -> None:
    """Only what replaces them joins them: an office that acknowledges two receives two."""
    first, second, third = of_messages(sent(1), sent(2), sent(3, kind, f"{triple(1)} {triple(2)}"))

    assert [("", FIRST), ("", FIRST.replace("W1", "W2").replace("T01", "T02"))] == [first, second]
    assert third not in (first, second)


@pytest.mark.parametrize("gap", [",", ", ", " , "])
def test_a_reference_is_read_with_spaces_around_its_commas(gap: str) -> None:
    """The update takes the place of what it names."""
    assert [("superseded", ""), ("", FIRST)] == of_messages(sent(1), sent(2, "Update", triple(1, gap)))


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ("<circle>50,-1 0</circle>", "Point"),
        ("<circle>50,-1 0</circle><circle>51,-2 0</circle>", "MultiPoint"),
        ("<circle>50,-1 0</circle><circle>51,-2 20</circle>", "Polygon"),
        ("<circle>51,-2 20</circle><circle>50,-1 0</circle>", "Polygon"),
    ],
)
def test_a_circle_of_no_radius_hides_no_other(shape: str, kind: str) -> None:
    """In any order."""
    record = cap(shape=shape)

    assert isinstance(record, Feature)
    assert record.geometry is not None
    assert kind == record.geometry["type"]


@pytest.mark.parametrize("change", [{"status": "Test"}, {"scope": "Private"}])
def test_an_exercise_of_the_weather_service_hides_no_real_warning(change: dict[str, str]) -> None:
    """As in CAP, whose messages these are."""
    real = {
        "id": "a",
        "sent": "2026-11-20T01:00:00Z",
        "status": "Actual",
        "messageType": "Alert",
        "event": "Wind",
    }
    update = {**real, "id": "b", "messageType": "Update", "references": [{"identifier": "a"}], **change}
    rows = [{"type": "Feature", "properties": one, "geometry": None} for one in (real, update)]
    first, second = parse(source("nws_alerts"), payload(orjson.dumps({"features": rows})))

    assert isinstance(first, Feature)
    assert "a" == first.external_id
    assert isinstance(second, Rejected)


def test_a_warning_that_is_said_twice_is_one() -> None:
    """As an office of fires sends them; what differs is another part of the message."""
    one = "<info><event>Fire</event></info>"
    other = one.replace("Fire", "Wind")
    text = re.sub(r"<info>.*</info>", f"{one}\n  {one}{other}{one}", sent(1))
    records = parse(source("cap"), payload(text.encode()))

    assert [Feature, Described, Feature, Described] == [type(record) for record in records]
    assert [FIRST, f"{FIRST}#1"] == [record.external_id for record in records if isinstance(record, Feature)]


@pytest.mark.parametrize("number", ["1e999", "-1e999", "nan", "1e300"])
@pytest.mark.parametrize("shape", ["<polygon>{} 1,3 2,3 1,2</polygon>", "<polygon>1,2 {} 2,3 1,2</polygon>"])
def test_a_number_beyond_all_costs_a_warning_its_shape_and_no_more(shape: str, number: str) -> None:
    """It is no place on Earth."""
    for pair in (f"1,{number}", f"{number},1"):
        record = cap(shape=shape.format(pair))

        assert isinstance(record, Feature)
        assert record.geometry is None
        assert record.properties["shape_problem"].startswith("bad_geometry")
