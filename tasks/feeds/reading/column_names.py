"""[p] The names that cities give to the columns of their tables."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from unicodedata import normalize

#: Part -> names portals give it, best first; compared without case, spaces and punctuation.
NAMES: Final[Mapping[str, Sequence[str]]] = {
    "external_id": (
        "uniquekey", "caseenquiryid", "casenumber", "caseid", "casereference", "casereferencenumber",
        "servicerequestid", "servicerequestnumber", "servicerequestsrnumber", "srnumber", "srid", "requestid",
        "requestnumber", "reqid", "ticketid", "ticketnumber", "ticketno", "issueid", "incidentid", "incidentnumber",
        "reportid", "identifiant", "iddemandeunique", "numerodemande", "numero", "identificador", "idincidencia",
        "folio", "contacto", "iddmr", "radicado", "vorgangsnummer", "meldungsnummer", "meldingsnummer", "identificativo", "tunnus", "referenceno", "referencenumber", "idunique", "uniqueid", "iddeclaration",
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
    ),
    "closed_at": (
        "closeddate", "closeddt", "closed", "closedate", "dateclosed", "closeddatetime", "completedts", "completeddate",
        "completiondate", "datecompleted", "resolveddate", "resolutiondate", "dateresolved", "closedat", "closedts",
        "closedon", "resolveddatetime", "servicerequestclosed", "datetimeclosed", "caseclosedate", "datecloture", "datefermeture", "fechacierre",
        "abgeschlossen", "erledigtam", "datachiusura", "datumafgehandeld", "ddsdatefermeture",
    ),
    "updated_at": (
        "updateddatetime", "updated", "updateddate", "lastupdated", "lastupdatedate", "lastupdate", "updatedat",
        "lastmodifieddate", "lastmodified", "modifieddate", "resolutionactionupdateddate", "statuschangedate",
        "laststatuschange", "dateupdated", "updatedate", "datemodified", "datelastupdated", "datedernierstatut",
    ),
    "status": (
        "status", "casestatus", "srstatus", "requeststatus", "ticketstatus", "currentstatus", "statusdescription",
        "srstatusdescription", "servicerequeststatus", "state", "publicstatus", "serviceorderstatus", "estadodelcontacto", "statut", "dernierstatut", "etat", "estado", "stato", "zustand", "tila",
    ),
    "title": (
        "complainttype", "casetitle", "servicename", "servicerequesttype", "requesttype", "srtype", "issuetype", "type",
        "typename", "srdescription", "servicecodedescription", "problemtype", "requestcategory", "category", "nature",
        "subject", "name", "title", "typedemande", "nature", "activitenom", "categorie", "tipo", "asunto", "kategorie", "betreff",
        "categoria", "onderwerp", "rubriek", "categoryname", "servicecategory", "typedeclaration", "titre", "titulo", "titel", "otsikko",
        "primarytype", "projname", "purpose",
    ),
    "description": (
        "descriptor", "description", "servicedetails", "requestdetails", "details", "detail", "comments",
        "servicerequestdescription", "requestdescription", "problem", "descriptio",
    ),
    "category": ("category", "subject", "servicecode", "department", "agency", "agencyname", "responsibleagency"),
    "address": (
        "incidentaddress", "address", "streetaddress", "srlocation", "fulladdress", "location", "locationaddress",
        "locationstreetname", "requestaddress", "siteaddress", "blockaddress", "finaladdress", "intersection", "adresse", "direccion",
    ),
    "latitude": ("latitude", "lat", "latitud", "latitudine", "breitengrad", "loclatitude", "loclat", "geolat", "locationlat", "latitudecoordinate", "pointy", "ylat", "ycoord", "y"),
    "longitude": ("longitude", "long", "longitud", "longitudine", "laengengrad", "langengrad", "loclongitude", "lon", "lng", "loclong", "loclon", "geolong", "locationlong", "longitudecoordinate", "pointx", "xlong", "xcoord", "x"),
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
_AROUND: Final = re.compile(f"(?:{_BEFORE})?(.+?)(?:{_BEHIND})?")


def letters(name: str) -> str:
    """Return a name without case, accents, spaces and punctuation."""
    return re.sub(r"[^a-z0-9]", "", normalize("NFKD", name).lower())


def bare(name: str) -> str:
    """Return letters of a name without what some systems put around every name."""
    found = _AROUND.fullmatch(name)
    return found.group(1) if found else name
