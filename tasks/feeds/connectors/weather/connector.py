"""
[p] Weather: Open-Meteo (and its air quality model), the US National Weather Service, METAR, and tables.

Which of them a payload is, its content tells. Options: see README.md.
Source: https://open-meteo.com/en/docs, https://api.weather.gov/openapi.json, WMO-No. 306 (FM 15)
"""

from collections.abc import Iterator, Sequence

from tasks.feeds.connector import Malformed, Payload, Plan, Record, Request, Source
from tasks.feeds.connectors.weather import airports, metar, nws, openmeteo, tables
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.documents import decoded, excerpt, load_json


def plan(source: Source) -> Plan:
    """Fetch the one document there is; there is no cursor."""
    yield with_credential(Request("weather", source.url), source)
    return {}


def parse(payloads: Sequence[Payload], source: Source) -> Iterator[Record]:
    """
    Yield one observation per hour, period, report or row; places come with their first observation.

    Raises: Malformed if a payload is none of the formats, with the service's own words if it failed.
    """
    for payload in payloads:
        content = payload.read()
        if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
            yield from _json(payload, source)
        else:
            text = decoded(content)
            yield from (metar if metar.is_metar(text) else tables).records(text, payload, source)


def _json(payload: Payload, source: Source) -> Iterator[Record]:
    document = nws.as_geojson(load_json(payload))
    places = document if isinstance(document, list) else [document]
    if places and all(openmeteo.is_openmeteo(place) for place in places):
        first = 0
        for place in places:
            yield from openmeteo.records(place, payload, source, first)
            first += openmeteo.count(place)
    elif (reports := airports.rows_of(document)) is not None:
        yield from airports.records(reports, payload)
    elif (periods := nws.periods(document)) is not None:
        yield from nws.forecast(document, periods, payload)
    elif (rows := nws.observations(document)) is not None:
        yield from nws.measured(rows, payload)
    else:
        raise Malformed(f"{payload.name}: no weather we know: {excerpt(document):.200}")
