"""[p] The names that cities give to the columns of their tables."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from unicodedata import normalize

#: Part -> names portals give it, best first; compared without case, accents, spaces and punctuation.
NAMES: Final[Mapping[str, Sequence[str]]] = {
    "external_id": (
        "uniquekey", "caseenquiryid", "casenumber", "caseid", "casereference", "casereferencenumber",
        "servicerequestid", "servicerequestnumber", "servicerequestsrnumber", "srnumber", "srid", "requestid",
        "requestnumber", "reqid", "ticketid", "ticketnumber", "ticketno", "issueid", "incidentid", "incidentnumber",
        "reportid", "identifiant", "iddemandeunique", "numerodemande", "identificador", "idincidencia",
        "folio", "contacto", "iddmr", "radicado", "vorgangsnummer", "meldungsnummer", "meldingsnummer", "identificativo", "tunnus", "referenceno", "referencenumber", "idunique", "uniqueid", "iddeclaration",
        "numeropeticion", "numerosegnalazione", "idocorrencia", "numerzgloszenia", "basvuruno", "номерзаявки",
        "受付番号", "접수번호",
        "id", "globalid", "workorder", "workordernumber", "objectid",
    ),
    "created_at": (
        "createddate", "opendt", "openeddt", "opened", "openeddate", "opendate", "dateopened", "creationdate",
        "createddatetime", "datetimecreated", "datecreated", "createdts", "createdat", "created", "requesteddatetime",
        "requestdatetime", "requestdate", "requesteddate", "daterequested", "servicerequestdate", "servicecalldate",
        "adddate", "entrydate", "dateentered", "enterdate", "receiveddate", "datereceived", "reporteddate",
        "datereported", "reportdate", "submitteddate", "submitdate", "datetimereceived", "datetimesubmitted",
        "ddsdatecreation", "creationts", "datecreation", "datesignalement", "fechacreacion", "fechaalta", "fecha",
        "erstelltam", "meldedatum", "eingangsdatum", "datum", "datacreazione", "data", "datummelding", "luotu", "srcreatedate", "createdon", "opendatetime", "open", "datedecl", "fechaingreso", "fecharadicacion", "initiateddate",
        "fecharegistro", "fechasolicitud", "datademanda", "dataregisto", "dataapertura", "dataabertura", "opprettet",
        "oprettet", "skapad", "datautworzenia", "datazgloszenia", "basvurutarihi", "датасоздания", "датаобращения",
        "ημερομηνια", "受付日時", "受付日", "접수일자", "접수일",
    ),
    "closed_at": (
        "closeddate", "closeddt", "closed", "closedate", "dateclosed", "closeddatetime", "completedts", "completeddate",
        "completiondate", "datecompleted", "resolveddate", "resolutiondate", "dateresolved", "closedat", "closedts",
        "closedon", "resolveddatetime", "servicerequestclosed", "datetimeclosed", "caseclosedate", "datecloture", "datefermeture", "fechacierre",
        "abgeschlossen", "erledigtam", "datachiusura", "datumafgehandeld", "ddsdatefermeture",
        "dataencerramento", "datafecho", "datazamkniecia", "датазакрытия",
    ),
    "updated_at": (
        "updateddatetime", "updated", "updateddate", "lastupdated", "lastupdatedate", "lastupdate", "updatedat",
        "lastmodifieddate", "lastmodified", "modifieddate", "resolutionactionupdateddate", "statuschangedate",
        "laststatuschange", "dateupdated", "updatedate", "datemodified", "datelastupdated", "datedernierstatut",
    ),
    "status": (
        "status", "casestatus", "srstatus", "requeststatus", "ticketstatus", "currentstatus", "statusdescription",
        "srstatusdescription", "servicerequeststatus", "state", "publicstatus", "serviceorderstatus", "estadodelcontacto", "statut", "dernierstatut", "etat", "estado", "stato", "zustand", "tila",
        "estatus", "situacao", "situacion", "estadopeticion", "durum", "статус", "κατασταση", "対応状況", "処理状況", "状態", "状态",
        "狀態", "처리상태", "상태",
    ),
    "title": (
        "complainttype", "casetitle", "servicename", "servicerequesttype", "requesttype", "srtype", "issuetype", "type",
        "typename", "srdescription", "servicecodedescription", "problemtype", "requestcategory", "category", "nature",
        "subject", "name", "title", "typedemande", "nature", "activitenom", "categorie", "tipo", "asunto", "kategorie", "betreff",
        "categoria", "onderwerp", "rubriek", "categoryname", "servicecategory", "typedeclaration", "titre", "titulo", "titel", "otsikko",
        "primarytype", "projname", "purpose",
        "tipopeticion", "temasolicitud", "tema", "servicodescricao", "assunto", "kategoria", "kategori", "konu", "категория", "тема",
        "κατηγορια", "分類", "分类", "類別", "类别", "민원분류", "분류",
    ),
    "description": (
        "descriptor", "description", "servicedetails", "requestdetails", "details", "detail", "comments",
        "servicerequestdescription", "requestdescription", "problem", "descriptio",
    ),
    "category": ("category", "subject", "servicecode", "department", "agency", "agencyname", "responsibleagency"),
    "address": (
        "incidentaddress", "address", "streetaddress", "srlocation", "fulladdress", "location", "locationaddress",
        "locationstreetname", "requestaddress", "siteaddress", "blockaddress", "finaladdress", "intersection", "adresse", "direccion",
        "indirizzo", "morada", "endereco", "logradouro", "adres", "adress", "osoite", "strasse", "domiciliocalle", "адрес",
        "διευθυνση", "住所", "地址", "주소",
    ),
    "latitude": ("latitude", "lat", "latitud", "latitudine", "breitengrad", "loclatitude", "loclat", "geolat", "locationlat", "latitudecoordinate", "pointy", "ylat", "ycoord", "y", "szerokosc", "szerokoscgeograficzna", "enlem", "широта", "緯度", "纬度", "위도"),
    "longitude": ("longitude", "long", "longitud", "longitudine", "laengengrad", "langengrad", "loclongitude", "lon", "lng", "loclong", "loclon", "geolong", "locationlong", "longitudecoordinate", "pointx", "xlong", "xcoord", "x", "dlugosc", "dlugoscgeograficzna", "boylam", "долгота", "経度", "經度", "经度", "경도"),
    "geometry": (
        "thegeom", "geometry", "geom", "shape", "location", "point", "geolocation", "locationpoint", "latlong",
        "latitudelongitude", "coordinates", "geocodedcolumn", "location1", "incidentlocation", "geopoint2d", "geopoint",
    ),
    "url": ("url", "link", "requesturl", "mediaurl"),
    "starts_at": (
        "startdate", "starttime", "startdatetime", "datestart", "start", "begindate", "begintime", "begin", "datefrom",
        "fromdate", "validfrom", "effectivedate", "datedebut", "fechainicio", "datainizio", "beginn", "begindatum",
        "plannedstart", "plannedstartdate", "scheduledstart", "scheduledstartdate",
    ),
    "ends_at": (
        "enddate", "endtime", "enddatetime", "dateend", "end", "dateto", "todate", "validto", "validuntil",
        "expirationdate", "expirydate", "datefin", "fechafin", "datafine", "ende", "einddatum",
        "plannedend", "plannedenddate", "scheduledend", "scheduledenddate",
    ),
    "severity": (),
}  # fmt: skip
#: What some systems put before and behind every name: `sr_status_desc`, `Case Created dttm`, `Incident Address 1`.
_BEFORE: Final = (
    "servicerequest|service|sr|case|incident|ticket|request|issue"
    "|application|permit|project|work|event|closure"
)
_BEHIND: Final = "description|desc|datetime|dttm|timestamp|1"
#: Accents that were taken from their letters are none, nor are blanks.
_NO_LETTERS: Final = re.compile(r"[\W_]")
_AROUND: Final = re.compile(f"(?:{_BEFORE})?(.+?)(?:{_BEHIND})?")


def letters(name: str) -> str:
    """Return a name without case, accents, spaces and punctuation, in whatever script."""
    return normalize("NFC", _NO_LETTERS.sub("", normalize("NFKD", name.casefold())))


def bare(name: str) -> str:
    """Return letters of a name without what some systems put around every name."""
    found = _AROUND.fullmatch(name)
    return found.group(1) if found else name
