"""Tables of service requests as other cities and other portals write them."""

from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from tasks.feeds.connector import Feature, Malformed
from tests.support.feeds import parse, payload, source


def read(document: Any) -> Feature:
    """Return the one feature of a document."""
    (record,) = parse(source("socrata"), payload(orjson.dumps(document)))
    assert isinstance(record, Feature), record
    return record


def told(feature: Feature) -> tuple[Any, ...]:
    """Return what an operator looks at first."""
    place = feature.geometry and feature.geometry["coordinates"]
    begins, ends = feature.starts_at, feature.ends_at
    return (
        feature.external_id,
        feature.title,
        feature.status,
        f"{begins:%H}",
        f"{ends:%H}",
        feature.address,
        place,
    )


DAY = "2026-11-20"


@pytest.mark.parametrize(
    "row",
    [
        {
            "sr_number": "7", "sr_type_desc": "Loose Dog", "sr_status_desc": "Closed", "sr_status_date": f"{DAY}T23:00:00",
            "sr_created_date": f"{DAY}T10:00:00", "sr_closed_date": f"{DAY}T11:00:00", "sr_location": "1 Main",
            "sr_location_x": "3113000", "sr_location_lat": "30.5", "sr_location_long": "-97.5",
        },
        {
            "Case Number": "7", "Type": "Loose Dog", "Case Status": "Closed", "Case Created dttm": f"{DAY} 10:00:00",
            "Case Closed dttm": f"{DAY} 11:00:00", "Incident Address 1": "1 Main", "Latitude": "30.5", "Longitude": "-97.5",
        },
        {
            "SERVICEREQUESTID": "7", "SERVICECODEDESCRIPTION": "Loose Dog", "SERVICEORDERSTATUS": "CLOSED",
            "ADDDATE": "2026/11/20 10:00:00+00", "RESOLUTIONDATE": "2026/11/20 11:00:00+00", "STREETADDRESS": "1 Main",
            "LATITUDE": 30.5, "LONGITUDE": -97.5, "XCOORD": 397000.1,
        },
        {
            "CASEID": 7, "TYPENAME": "Loose Dog", "CASESTATUS": "Closed", "OPENEDDATETIME": f"{DAY} 10:00",
            "CLOSEDDATETIME": f"{DAY} 11:00", "ADDRESS": "1 Main", "XCOORD": -97.5, "YCOORD": 30.5,
        },
        {
            "Unique Key": "7", "Service Request Type": "Loose Dog", "Status": "Closed", "Created Date": f"{DAY} 10:00",
            "Closed Date": f"{DAY} 11:00", "Address": "1 Main", "Lat_Long Location": "(30.5, -97.5)",
        },
        {
            "id_dmr": "7", "type_declaration": "Loose Dog", "statut": "Terminé", "datedecl": f"{DAY} 10:00",
            "date_cloture": f"{DAY} 11:00", "adresse": "1 Main", "geo_point_2d": "30.5, -97.5",
        },
        {
            "contacto": "7", "categoria": "Loose Dog", "estado_del_contacto": "Cerrado", "fecha_ingreso": f"{DAY} 10:00",
            "fecha_cierre": f"{DAY} 11:00", "direccion": "1 Main", "lugar": {"lon": -97.5, "lat": 30.5},
        },
    ],
    ids=["prefix and suffix", "words around", "offset", "coordinates", "content", "french", "spanish"],
)  # fmt: skip
def test_a_request_is_the_same_under_the_names_of_every_city(row: dict[str, Any]) -> None:
    """Columns are found by their names, less what a system puts around all of them, and by what they hold."""
    assert ("7", "Loose Dog", "closed", "10", "11", "1 Main", [-97.5, 30.5]) == told(read([row]))


ROW = {"request_id": "7", "status": "Closed", "location": {"lon": -97.5, "lat": 30.5}}


@pytest.mark.parametrize(
    "document",
    [
        {"total_count": 1, "results": [ROW]},
        {"success": True, "result": {"fields": [], "records": [ROW], "total": 1}},
        {"rows": [ROW], "fields": {}, "total_rows": 1},
        {"@odata.context": "x", "value": [ROW]},
        {"nhits": 1, "records": [{"recordid": "x", "fields": ROW, "geometry": None}]},
        {"data": [ROW]},
        {"d": {"results": [ROW]}},
        {"code": 0, "errorMsg": "", "data": {"items": [ROW], "paginationToken": "x"}},
        {"responseHeader": {"status": 0}, "response": {"numFound": 1, "docs": [ROW]}},
        {"data": {"requests": [ROW]}, "links": []},
    ],
    ids=[
        "opendatasoft 2",
        "ckan",
        "carto",
        "odata",
        "opendatasoft 1",
        "data",
        "odata 2",
        "items",
        "solr",
        "named",
    ],
)
def test_rows_are_found_in_what_a_portal_puts_around_them(document: dict[str, Any]) -> None:
    """Each has a wrapper of its own."""
    found = read(document)

    assert ("7", "closed", [-97.5, 30.5]) == (
        found.external_id,
        found.status,
        (found.geometry or {})["coordinates"],
    )


def test_a_record_has_its_own_id_and_place_where_its_fields_have_none() -> None:
    """Opendatasoft tells them beside the fields."""
    place = {"type": "Point", "coordinates": [-97.5, 30.5]}
    found = read({"records": [{"recordid": "x", "fields": {"status": "Closed"}, "geometry": place}]})

    assert ("x", place) == (found.external_id, found.geometry)


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [-97.5, 30.5]}, "properties": {}},
        {"longitude": "-97.5", "latitude": "30.5", "human_address": "{}"},
        {"lng": -97.5, "lat": 30.5},
    ],
)
def test_a_place_is_read_from_every_object_of_one(shape: dict[str, Any]) -> None:
    """Also from a feature in a cell."""
    found = read([{"id": "7", "geom": shape}])

    assert [-97.5, 30.5] == (found.geometry or {})["coordinates"]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"success": False, "error": {"message": "Not found: Resource"}}, "Not found: Resource"),
        ({"error": "syntax error at WHERE"}, "syntax error"),
        ({"result": "nothing"}, "no rows"),
    ],
)
def test_a_portal_that_refuses_is_quoted(document: dict[str, Any], said: str) -> None:
    """The admin reads why there are no rows."""
    with pytest.raises(Malformed, match=said):
        read(document)


def test_projected_coordinates_are_no_degrees() -> None:
    """Columns of that name hold feet or metres in most cities."""
    found = read([{"id": "7", "x": 3113000.5, "y": 10070000.5}])

    assert None is found.geometry


def test_the_number_of_a_service_is_not_that_of_a_request() -> None:
    """Two requests for one service are two."""
    rows = [
        {"service_id": 5, "status": "Closed", "note": "a"},
        {"service_id": 5, "status": "Closed", "note": "b"},
    ]
    records = parse(source("socrata"), payload(orjson.dumps(rows)))

    assert 2 == len({record.external_id for record in records if isinstance(record, Feature)})


@pytest.mark.parametrize(
    ("row", "external_id", "status"),
    [
        ({"ID_UNIQUE": "m1", "NATURE": "Requete", "DDS_DATE_CREATION": f"{DAY}T10:00:00", "DERNIER_STATUT": "Terminée"}, "m1", "closed"),
        ({"ID DECLARATION": "p1", "TYPE DECLARATION": "Graffitis", "DATE DECLARATION": DAY}, "p1", "open"),
        ({"SR_NUMBER": "c1", "SR_STATUS": "CLSD", "SR_TYPE": "Pothole", "DATE_CREATED": f"{DAY} 10:00"}, "c1", "closed"),
        ({"workorder_": "k1", "open_date_time": f"{DAY}T10:00:00", "current_status": "resolved"}, "k1", "closed"),
        ({"id": "i1", "workorder_": "same", "created": DAY, "status": "new"}, "i1", "open"),
    ],
    ids=["Montreal", "Paris", "Cincinnati", "Kansas City", "an id besides"],
)  # fmt: skip
def test_an_id_and_a_state_are_found_by_the_names_of_the_city(
    row: Any, external_id: str, status: str
) -> None:
    """A request without its own id is a new one with each change; one without its state stays open for ever."""
    found = read([row])

    assert (external_id, status) == (found.external_id, found.status)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [
        ("START_DATE", "END_DATE"), ("starttime", "endtime"), ("EFFECTIVEDATE", "EXPIRATIONDATE"),
        ("work_start_date", "work_end_date"), ("applicationstartdate", "applicationenddate"), ("Planned start", "Planned end"),
        ("date_debut", "date_fin"), ("Fecha inicio", "Fecha fin"), ("begindatum", "einddatum"), ("Beginn", "Ende"),
    ],
)  # fmt: skip
def test_what_is_planned_is_not_observed_yet(begins: str, ends: str) -> None:
    """A closure of next year is no record of the future, and has an end."""
    row = {
        "permit_no": "7",
        "purpose": "New sewer",
        begins: "2031-05-01T08:00:00",
        ends: "2031-05-02T17:00:00",
    }
    found = read([row])
    entered = read([row | {"created_date": f"{DAY}T10:00:00"}])

    assert ("New sewer", None) == (found.title, found.observed_at)
    assert "01T08 02T17" == f"{found.starts_at:%dT%H} {found.ends_at:%dT%H}"
    assert (found.starts_at, found.ends_at) == (entered.starts_at, entered.ends_at)
    assert f"{DAY} 10" == f"{entered.observed_at:%Y-%m-%d %H}"


@pytest.mark.parametrize(
    "name", ["worktypedescription", "permit_type", "EVENT_NAME", "ProjectName", "primary_type", "purpose"]
)
def test_a_title_is_found_under_what_it_is_the_title_of(name: str) -> None:
    """A map of hundreds of things called `Service request` says nothing."""
    assert "New sewer" == read([{"permit_no": "7", name: "New sewer"}]).title


def test_a_request_is_not_closed_by_the_day_that_was_planned_for_it() -> None:
    """What is estimated is no end."""
    row = {"case_id": "7", "created_date": DAY, "estimated_completion_date": "2031-05-02"}

    assert ("open", None) == (read([row]).status, read([row]).ends_at)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_work_whose_end_is_a_word_is_kept_without_one(form: str) -> None:
    """Nobody is to miss a closure that lasts until further notice."""
    rows = [
        {"permit_no": str(number), "start_date": DAY, "end_date": "TBD" if number == 3 else "2031-05-02"}
        for number in range(6)
    ]
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    content = orjson.dumps(rows) if form == "json" else "\n".join(lines).encode()
    found = parse(source("socrata", feature_kind="road_work"), payload(content))

    assert [False, False, False, True, False, False] == [
        one.ends_at is None for one in found if isinstance(one, Feature)
    ]


def test_work_that_will_be_completed_was_not_observed_then() -> None:
    """Of a request the day on which it was closed is one that was; of road works it may be next year's."""
    row = {"case_id": "7", "created_date": f"{DAY}T10:00:00", "completion_date": "2031-05-02T17:00:00"}
    (work,) = parse(source("socrata", feature_kind="road_work"), payload(orjson.dumps([row])))

    assert isinstance(work, Feature)
    assert (work.starts_at, "2031") == (work.observed_at, f"{work.ends_at:%Y}")
    assert "2031" == f"{read([row]).observed_at:%Y}"


def test_signs_that_an_encoding_makes_two_of_end_no_run() -> None:
    """Hong Kong's Big5 has a letter and its accent in two bytes; the accent alone it does not have."""
    content = (
        b"id,title\n1,"
        + b"\x88\x62\x88\x64\x88\xa3\x88\xa5\xa4\xa4\xa4\xe5\xa6\x72\xa5\xab\xac\x46\xa9\xb2" * 3
    )
    (record,) = parse(source("socrata"), payload(content))

    assert "1" == getattr(record, "external_id", None)


@pytest.mark.parametrize(
    ("zone", "header", "row"),
    [
        ("America/Recife", "DATA_DEMANDA,SITUACAO,SERVICO_DESCRICAO,LOGRADOURO,LATITUDE,LONGITUDE,PROTOCOLO_ID",
         "2023-01-02,ATENDIDA,Pothole,Main St 1,40.5,20.5,A-1"),
        ("America/Mexico_City", "folio_incidente,fecha_solicitud,tema_solicitud,estatus,latitud,longitud,direccion",
         "A-1,02/01/2023 12:00:00 a. m.,Pothole,CERRADO,40.5,20.5,Main St 1"),
        ("Europe/Rome", "Numero segnalazione,Data apertura,Categoria,Stato,Indirizzo,Latitudine,Longitudine",
         'A-1,02/01/2023,Pothole,Chiusa,Main St 1,"40,5","20,5"'),
        ("Europe/Lisbon", "Id Ocorrência,Data Registo,Tipo,Estado,Morada,Latitude,Longitude",
         "A-1,02/01/2023,Pothole,Concluída,Main St 1,40.5,20.5"),
        ("Europe/Warsaw", "numer_zgloszenia,data_utworzenia,kategoria,status,adres,szerokosc,dlugosc",
         "A-1,2 stycznia 2023,Pothole,Zamknięte,Main St 1,40.5,20.5"),
        ("Europe/Istanbul", "basvuru_no,basvuru_tarihi,konu,durum,adres,enlem,boylam",
         "A-1,02.01.2023,Pothole,Kapalı,Main St 1,40.5,20.5"),
        ("Europe/Oslo", "id,opprettet,kategori,status,adresse,lat,lon", "A-1,02.01.2023,Pothole,Lukket,Main St 1,40.5,20.5"),
        ("Europe/Helsinki", "tunnus,luotu,otsikko,tila,osoite,lat,lon",
         "A-1,2.1.2023 0.00,Pothole,Suljettu,Main St 1,40.5,20.5"),
        ("Europe/Berlin", "Nummer,Eingangsdatum,Betreff,Status,Straße,Breitengrad,Längengrad",
         'A-1,2. Januar 2023,Pothole,Erledigt,Main St 1,"40,5","20,5"'),
        ("Europe/Moscow", "Номер,Дата создания,Категория,Статус,Адрес,Широта,Долгота",
         "A-1,2 января 2023,Pothole,Решено,Main St 1,40.5,20.5"),
        ("Europe/Athens", "Κωδικός,Ημερομηνία,Κατηγορία,Κατάσταση,Διεύθυνση,Lat,Lon",
         "A-1,2 Ιανουαρίου 2023,Pothole,Ολοκληρώθηκε,Main St 1,40.5,20.5"),
        ("Asia/Tokyo", "受付番号,受付日時,分類,対応状況,住所,緯度,経度", "A-1,2023年1月2日,Pothole,完了,Main St 1,40.5,20.5"),
        ("Asia/Taipei", "案件編號,日期,類別,狀態,地址,緯度,經度", "A-1,2023年1月2日,Pothole,已完成,Main St 1,40.5,20.5"),
        ("Asia/Seoul", "접수번호,접수일자,민원분류,처리상태,주소,위도,경도", "A-1,2023-01-02,Pothole,완료,Main St 1,40.5,20.5"),
    ],
)  # fmt: skip
def test_columns_are_known_in_the_languages_of_cities(zone: str, header: str, row: str) -> None:
    """Whatever the script: a request is told apart, dated, named, closed and placed."""
    content = f"{header}\n{row}\n".encode()
    (found,) = parse(source("socrata", timezone=zone), payload(content))

    assert isinstance(found, Feature)
    assert ("A-1", "Pothole", "closed", "Main St 1") == (
        found.external_id,
        found.title,
        found.status,
        found.address,
    )
    assert [20.5, 40.5] == (found.geometry or {})["coordinates"]
    assert found.starts_at is not None
    assert "2023-01-02T00:00:00" == f"{found.starts_at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S}"


def test_the_number_of_a_house_is_not_that_of_a_request() -> None:
    """Recife has no other number: two requests of one house were one."""
    content = b"DATA_DEMANDA,SERVICO_DESCRICAO,LOGRADOURO,NUMERO\n2023-01-02,A,X,10\n2023-01-03,B,X,10\n2023-01-03,B,Y,10\n"

    assert 3 == len({getattr(one, "external_id", None) for one in parse(source("socrata"), payload(content))})


@pytest.mark.parametrize(
    "row",
    [
        {"case_id": "7", "open_date": DAY, "open_time": "14:30:05", "close_date": DAY, "close_time": "16:05"},
        {"contacto": "7", "fecha_ingreso": "20/11/2026", "hora_ingreso": "14:30:05", "fecha_cierre": "20/11/2026",
         "hora_cierre": "16:05:00"},
        {"sr_number": "7", "Date Opened": "11/20/2026", "Time Opened": "2:30:05 PM", "Date Closed": "11/20/2026",
         "Time Closed": "4:05 p.m."},
        {"id": "7", "DATA DEMANDA": f"{DAY}T00:00:00.000", "HORA DEMANDA": "14:30:05", "closed_at": f"{DAY} 16:05"},
        {"Vorgangsnummer": "7", "Meldedatum": "20.11.2026", "Meldeuhrzeit": "14:30:05", "closed": f"{DAY} 16:05"},
        {"id": "7", "date_creation": "20/11/2026", "heure_creation": "14h30", "date_cloture": "20/11/2026",
         "heure_cloture": "16h05"},
        {"folio": "7", "fecha_creacion": DAY, "hora_creacion": "2:30 p. m.", "closed": f"{DAY} 16:05"},
        {"collision_id": "7", "crash_date": f"{DAY}T00:00:00.000", "crash_time": "14:30:05", "closed": f"{DAY} 16:05"},
    ],
    ids=["english", "spanish", "american", "portuguese", "german", "french", "mexican", "by content"],
)  # fmt: skip
def test_a_day_is_read_with_the_clock_in_the_column_beside_it(row: dict[str, Any]) -> None:
    """The clock is told already, and no property."""
    found = read([row])

    assert ("14:30", "16:05", {}) == (f"{found.starts_at:%H:%M}", f"{found.ends_at:%H:%M}", found.properties)


@pytest.mark.parametrize(
    "row",
    [
        {"closed_date": f"{DAY} 10:00", "closed_time": "14:30"},
        {"resolution_date": DAY, "resolution_time": "14:30"},
        {"closed_date": DAY, "closed_time": "14 days"},
        {"closed_date": DAY, "closed_hour": "14:30"},
    ],
    ids=["has a clock", "how long it took", "no clock", "another name"],
)
def test_what_may_be_no_clock_of_a_day_is_none(row: dict[str, str]) -> None:
    """It stays a property."""
    found = read([{"id": "7", **row}])

    assert f"{found.ends_at:%M}" == "00"
    assert 1 == len(found.properties)


@pytest.mark.parametrize("clock", ["", "N/A", "25:00", "noon"])
def test_a_day_without_its_clock_is_a_day(clock: str) -> None:
    """What the other rows have is missing in one."""
    rows = [{"id": str(n), "created_date": DAY, "created_time": "14:30"} for n in range(30)]
    rows[3]["created_time"] = clock
    found = list(parse(source("socrata"), payload(orjson.dumps(rows))))

    assert [f"{record.starts_at:%H}" for record in found if isinstance(record, Feature)].count("14") == 29
    assert isinstance(found[3], Feature)
    assert f"{found[3].starts_at:%H:%M}" == "00:00"


def test_a_service_of_maps_has_clocks_beside_its_days_too() -> None:
    """Its fields of days alone (`esriFieldTypeDateOnly`) are written as they are read here."""
    day = {"objectid": 7, "incident_date": DAY, "incident_time": "14:30:05"}
    answer = {
        "objectIdFieldName": "objectid",
        "fields": [{"name": name, "type": "esriFieldTypeString"} for name in day],
        "features": [{"attributes": day}],
    }
    (record,) = parse(source("arcgis"), payload(orjson.dumps(answer)))

    assert isinstance(record, Feature)
    assert f"{record.starts_at:%H:%M}" == "14:30"


@pytest.mark.parametrize("name", ["Location", "Location 1", "Address"])
def test_an_address_is_told_without_the_numbers_of_its_place(name: str) -> None:
    """Portals write both in one cell; people read the address, and the map has the numbers."""
    address = '"1 A St\nBoston, MA\n(42.35, -71.05)"'
    content = f'Case Number,Status,{name}\n7,Open,{address}\n8,Open,"(42.35, -71.05)"\n'
    content += "".join(f"{number},Open,{address}\n" for number in range(10, 30))
    first, second, *_ = parse(source("socrata"), payload(content.encode()))

    assert isinstance(first, Feature)
    assert isinstance(second, Feature)
    assert ["1 A St\nBoston, MA", None] == [first.address, second.address]
    assert {"type": "Point", "coordinates": [-71.05, 42.35]} == first.geometry == second.geometry


def test_an_address_without_degrees_stays_as_it_is() -> None:
    """What stands in brackets at its end is part of it, also numbers that are no place's."""
    content = b'id,status,address,lat,lon\n7,Open,2 B St (rear),42.35,-71.05\n8,Open,"2 B St (1.5, 2.5)",42.35,-71.05\n'
    found = [record for record in parse(source("socrata"), payload(content)) if isinstance(record, Feature)]

    assert ["2 B St (rear)", "2 B St (1.5, 2.5)"] == [record.address for record in found]
