"""
[p] Weather: Open-Meteo (and its air quality model), the US National Weather Service, Australia's Bureau, Spain's AEMET, METAR, and tables.

Which of them a payload is, its content tells. Options: see README.md.
Source: https://open-meteo.com/en/docs, https://api.weather.gov/openapi.json, WMO-No. 306 (FM 15)
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from tasks.feeds.connector import Malformed, Payload, Plan, Record, Request, Source
from tasks.feeds.connectors.weather import (
    aemet,
    airport_lists,
    airports,
    bureau,
    grids,
    metar,
    nws,
    openmeteo,
    openmeteo_csv,
    tables,
)
from tasks.feeds.credentials import with_credential
from tasks.feeds.reading.documents import decoded, excerpt, load_json

_FIRST_BYTES: Final = 1000


def plan(source: Source) -> Plan:
    """Fetch the one document there is, and that of AEMET to which it links; there is no cursor."""
    answer = yield with_credential(Request("weather", source.url), source)
    if (rows := aemet.link(answer, source.url)) is not None:
        yield Request("rows", rows)
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
        elif (reports := _listed(payload, content)) is not None:
            yield from airports.records(reports, payload)
        else:
            yield from _text(decoded(content), payload, source)


def _text(text: str, payload: Payload, source: Source) -> Iterator[Record]:
    if (places := openmeteo_csv.documents(text)) is not None:
        yield from openmeteo.records_of(places, payload, source)
    elif not tables.begins(text) and metar.is_metar(text):
        yield from metar.records(text, payload, source)
    else:
        yield from tables.records(text, payload, source)


def _listed(payload: Payload, content: bytes) -> Sequence[Any] | None:
    """Return the reports of airports that an XML or CSV lists, or nothing if it lists none."""
    if b"<response" in content[:_FIRST_BYTES]:
        return airport_lists.rows_of_xml(payload)
    return airport_lists.rows_of_csv(decoded(content))


def _json(payload: Payload, source: Source) -> Iterator[Record]:
    document = nws.as_geojson(load_json(payload))
    if document == []:
        # No airport reports: so the Aviation Weather Center answers by night.
        return
    if (places := openmeteo.places_of(document)) is not None:
        yield from openmeteo.records_of(places, payload, source)
    elif (reports := airports.rows_of(document)) is not None:
        yield from airports.records(reports, payload)
    elif (periods := nws.periods(document)) is not None:
        yield from nws.forecast(document, periods, payload)
    elif (cell := grids.layers(document)) is not None:
        yield from grids.records(document, cell, payload)
    elif (stations := bureau.measured(document)) is not None:
        yield from bureau.observations(stations, payload)
    elif (days := bureau.periods(document)) is not None:
        yield from bureau.forecast(days, payload)
    elif (rows := aemet.rows_of(document, payload.name)) is not None:
        yield from aemet.records(rows, payload)
    elif (table := tables.of_json(document)) is not None:
        yield from tables.records(table, payload, source)
    elif (rows := nws.observations(document)) is not None:
        yield from nws.measured(rows, payload)
    else:
        raise Malformed(f"{payload.name}: no weather we know: {excerpt(document):.200}")
