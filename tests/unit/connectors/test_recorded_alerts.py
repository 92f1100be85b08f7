"""The warning connectors (CAP and weather alerts as GeoJSON) on recorded messages, and on hostile ones."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.feeds.connector import Described, Feature, Malformed, Rejected
from tests.support.feeds import Recording, check_recording, parse, payload, recordings, source

KINDS = {"cap": "cap", "alerts-geojson": "nws_alerts"}


@pytest.mark.parametrize("recording", recordings(*KINDS))
def test_a_recorded_list_of_alerts_is_accounted_for(recording: Recording) -> None:
    """Each info block or feature becomes one record, in UTC and inside the bounds."""
    feed = source(KINDS[recording.kind])
    if recording.fails:
        with pytest.raises(Malformed):
            parse(feed, payload(recording.path))
        return
    check_recording(recording, parse(feed, payload(recording.path)))


@pytest.mark.parametrize("recording", recordings("alerts-geojson"))
def test_tests_are_never_shown(recording: Recording) -> None:
    """What is not Actual is set aside."""
    if recording.fails:
        pytest.skip("no list of alerts")
    records = parse(source("nws_alerts"), payload(recording.path))
    sent = orjson.loads(recording.path.read_bytes())["features"]
    tests = [one for one in sent if one["properties"].get("status") not in (None, "Actual")]

    assert len(tests) == sum(
        isinstance(record, Rejected) and record.reason == "not_actual" for record in records
    )


@pytest.mark.parametrize("recording", recordings("alerts-geojson", "cap"))
def test_a_shuffled_list_gives_the_same_alerts(recording: Recording) -> None:
    """Chains do not depend on the order in which messages stand."""
    if recording.kind == "cap" or recording.fails:
        pytest.skip("one message")
    document = orjson.loads(recording.path.read_bytes())
    turned = orjson.dumps(document | {"features": document["features"][::-1]})
    feed = source("nws_alerts")

    def known(content: bytes | Path) -> set[tuple[str, bool]]:
        return {
            (one.external_id, one.withdrawn)
            for one in parse(feed, payload(content))
            if isinstance(one, Feature)
        }

    assert known(recording.path) == known(turned)


ALERT = """<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{id}</identifier><sender>s</sender>
<sent>2026-11-20T0{hour}:00:00+00:00</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>
<references>{references}</references><info><event>Wind</event></info></alert>"""


def message(number: int, kind: str = "Alert", references: str = "") -> str:
    """Write a message of a chain."""
    return ALERT.format(id=f"W{number}", hour=number, kind=kind, references=references)


def reference(number: int) -> str:
    """Write a reference to a message of the chain."""
    return f"s,W{number},2026-11-20T0{number}:00:00+00:00"


def test_of_a_chain_only_the_newest_message_is_shown() -> None:
    """Three messages that replace each other are one alert, known by the first."""
    messages = [message(1), message(2, "Update", reference(1)), message(3, "Update", reference(2))]
    first, second, third = parse(source("cap"), payload(f"<feed>{''.join(messages)}</feed>".encode()))

    assert ["superseded", "superseded"] == [first.reason, second.reason]  # type: ignore[union-attr]
    assert isinstance(third, Feature)
    assert "s,W1,2026-11-20T01:00:00Z" == third.external_id


def test_a_chain_keeps_its_name_over_runs() -> None:
    """The second run no longer sees the first message, and remembers."""
    from tasks.feeds.registry import connector
    from tests.support.feeds import run

    names = []
    feed = source("cap", "https://office.example/cap")
    for number, references in ((1, ""), (2, reference(1)), (3, reference(2)), (4, reference(3))):
        sent = message(number, "Update" if references else "Alert", references).encode()
        (record,), cursor = run(feed, {feed.url: sent})
        names.append(record.external_id)  # type: ignore[union-attr]
        feed = source("cap", "https://office.example/cap", cursor=cursor)

    assert ["s,W1,2026-11-20T01:00:00Z"] * 4 == names
    assert "cap" == connector("cap").manifest.kind


def test_a_cancellation_withdraws_the_alert() -> None:
    """Those who were told are told again."""
    (record,) = parse(source("cap"), payload(message(2, "Cancel", reference(1)).encode()))

    assert isinstance(record, Feature)
    assert ("s,W1,2026-11-20T01:00:00Z", True) == (record.external_id, record.withdrawn)


@pytest.mark.parametrize(
    "hostile",
    [
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]><alert><info><event>&x;</event></info></alert>',
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1/evil.dtd"><alert><info/></alert>',
        '<!DOCTYPE a [<!ENTITY a "xx"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><alert><info>&c;</info></alert>',
        "<alert>" * 300 + "</alert>" * 300,
    ],
    ids=["external entity", "external dtd", "entity bomb", "deep"],
)
def test_hostile_xml_is_malformed_or_harmless(hostile: str) -> None:
    """Nothing is read from files or network, nothing explodes."""
    try:
        records = parse(source("cap"), payload(hostile.encode()))
    except Malformed as error:
        said = str(error)
    else:
        said = repr(records)
    assert "root:" not in said


def test_xinclude_is_not_followed() -> None:
    """An include stays an element that nobody knows."""
    sent = message(1).replace(
        "<event>Wind</event>",
        '<event xmlns:xi="http://www.w3.org/2001/XInclude">Wind<xi:include href="file:///etc/passwd" parse="text"/></event>',
    )
    (record,) = parse(source("cap"), payload(sent.encode()))

    assert isinstance(record, Feature)
    assert "Wind" == record.title


@pytest.mark.parametrize("kind", ["cap", "nws_alerts"])
@given(content=st.binary(max_size=200))
def test_arbitrary_bytes_are_malformed_and_nothing_else(kind: str, content: bytes) -> None:
    """A payload that is none raises the one error the pipeline knows."""
    with pytest.raises(Malformed):
        parse(source(kind), payload(content))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**53), 2**53) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(
    ["id", "sent", "references", "geocode", "affectedZones", "messageType", "status", "ends", "event"]
)
ROWS = st.lists(
    JSON
    | st.fixed_dictionaries(
        {"properties": JSON | st.dictionaries(NAMES, JSON), "geometry": JSON, "id": JSON}
    ),
    max_size=4,
)


@given(ROWS)
def test_a_feature_of_any_shape_gives_one_record(rows: list[object]) -> None:
    """Whatever stands in a row, it becomes one alert or one rejection."""
    records = parse(source("nws_alerts"), payload(orjson.dumps({"features": rows})))

    assert len(rows) == len(records)
    assert all(isinstance(record, Feature | Rejected | Described) for record in records)
