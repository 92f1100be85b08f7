"""[p] The meetings of a document: JSON or XML, with whatever services put around them."""

from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.connectors.legistar import parts
from tasks.feeds.reading.documents import all_text, children, excerpt, load_json, load_xml, local_name

_WRAPPERS: Final = ("value", "events", "meetings", "items", "results", "data", "d", "_embedded")
#: Where services tell the address of the next page: in the answer itself, or in what tells of it.
_NEXT: Final = ("next_rest_url", "@odata.nextLink", "odata.nextLink", "__next", "next")
_TELLS_NEXT: Final = ("links", "meta", "d")
#: The most that Legistar answers at once.
_FULL_PAGE: Final = 1000
_OF_OCCURRENCES: Final = ("start", "end", "all_day")
#: What each meeting of CivicClerk's API has (https://<city>.api.civicclerk.com/v1/Events), and its times.
_OF_CIVICCLERK: Final = frozenset(("id", "eventName", "startDateTime"))
_ONE_OF_CIVICCLERK: Final = frozenset(("isDeleted", "publishedFiles"))
_CLOCKS_OF_CIVICCLERK: Final = frozenset(("startDateTime", "endDateTime", "eventDate"))
_MEETING: Final = "GranicusEvent"
_XML: Final = (f"ArrayOf{_MEETING}", _MEETING)


def meetings(payload: Payload) -> list[Any]:
    """
    Return the meetings of a payload, in the publisher's order.

    Raises: Malformed if it is no list, nor one meeting.
    """
    if payload.read().lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _xml_rows(payload)
    document = load_json(payload)
    rows = _listed(document)
    if rows is None:
        raise Malformed(f"{payload.name}: no list of meetings: {excerpt(document):.200}")
    return [_bare(row) for row in rows]


def next_page(payload: Payload, url: str) -> str | None:
    """
    Return the address of the page behind one, at the same host, since a key may go with it; none behind the last.

    Raises: Malformed if the page is no JSON.
    """
    if payload.read().lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return None
    document, asked = load_json(payload), urlsplit(url)
    told = _told_next(document)
    if told is None:
        is_full = isinstance(document, list) and len(document) == _FULL_PAGE and asked.query.find("$top") < 0
        return _skipped(asked) if is_full else None
    following = urlsplit(urljoin(url, told))
    is_here = following.netloc == asked.netloc
    return urlunsplit(following._replace(scheme=asked.scheme)) if is_here else None


def _told_next(document: Any) -> str | None:  # Any: JSON of a publisher.
    if not isinstance(document, dict):
        return None
    told = (document, *(document.get(name) for name in _TELLS_NEXT))
    links = (one.get(name) for one in told if isinstance(one, dict) for name in _NEXT)
    found = (link.get("href") if isinstance(link, dict) else link for link in links)
    return next((link for link in found if isinstance(link, str) and link.strip()), None)


def _skipped(asked: SplitResult) -> str:
    """Return the address of what follows a full page of Legistar, which tells none."""
    query = dict(parse_qsl(asked.query, keep_blank_values=True))
    skipped = query.get("$skip", "")
    query["$skip"] = str(_FULL_PAGE + (int(skipped) if skipped.isascii() and skipped.isdigit() else 0))
    return urlunsplit(asked._replace(query=urlencode(query, safe="$")))


def _xml_rows(payload: Payload) -> list[Any]:
    """Return the meetings of the API's XML, which some clients of it answer with whatever they are asked for."""
    root = load_xml(payload)
    if local_name(root) not in _XML:
        said = " ".join(all_text(root).split())
        raise Malformed(f"{payload.name}: no list of meetings but <{local_name(root)}>: {said:.200}")
    found = [root] if local_name(root) == _MEETING else children(root, _MEETING)
    return [{local_name(part): all_text(part) for part in meeting} for meeting in found]


def _listed(document: Any) -> list[Any] | None:  # Any: JSON of a publisher.
    """Return the meetings of a document: a list, also in what services put around it, or one meeting."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        return None
    wrapped: list[Any] | None = next(
        (document[name] for name in _WRAPPERS if isinstance(document.get(name), list)), None
    )
    if not wrapped and _is_meeting(document):
        return [document]
    if wrapped is not None:
        return wrapped
    within = next((document[name] for name in _WRAPPERS if isinstance(document.get(name), dict)), None)
    if within is not None:
        return _by_id(within) or _listed(within)
    lists = (value for value in document.values() if isinstance(value, list))
    return [row for rows in lists if any(map(_is_meeting, rows[:1])) for row in rows] or None


def _by_id(within: dict[str, Any]) -> list[Any]:
    """Return meetings that stand under their ids."""
    if not within or not all(map(_is_meeting, within.values())):
        return []
    return [{"id": name, **said} for name, said in within.items()]


def _is_meeting(said: Any) -> bool:  # Any: as above.
    """Tell whether an object has a name and a day."""
    if not isinstance(said, dict):
        return False
    row = parts.named(said)
    has_day = any(parts.text(row, part) for part in ("start", "date"))
    return "eventid" in row or (has_day and parts.text(row, "title") is not None)


def _by_its_clock(row: dict[str, Any]) -> dict[str, Any]:
    """
    Return a meeting of CivicClerk by the clock of the city, behind which it writes a Z, with its own number as such.

    Source: what those who read it for their cities found: a council that meets at seven is told at 19:00Z.
    """
    local = {
        name: value.removesuffix("Z")
        for name, value in row.items()
        if name in _CLOCKS_OF_CIVICCLERK and isinstance(value, str)
    }
    return {**row, **local, "eventId": row["id"]}


def _of_wix(row: dict[str, Any], when: dict[str, Any]) -> dict[str, Any]:
    """
    Return an event of a Wix site with its times and its page as such.

    Source: https://dev.wix.com/docs/rest/business-solutions/events/events-v3/event-object
    """
    page = row.get("eventPageUrl")
    url = "".join(str(page.get(part)) for part in ("base", "path")) if isinstance(page, dict) else None
    return {**row, "start": when.get("startDate"), "end": when.get("endDate"), "url": url}


def _bare(row: Any) -> Any:  # Any: JSON of a publisher.
    """
    Return a meeting without what is put around it.

    Readers of Legistar's pages put it before its agenda, Localist into an object of its own, whose next occurrence
    has the times, and JSON:API into its attributes.
    """
    if isinstance(row, list) and row and isinstance(row[0], dict):
        return row[0]
    if isinstance(row, dict) and row.keys() >= _OF_CIVICCLERK and row.keys() & _ONE_OF_CIVICCLERK:
        return _by_its_clock(row)
    if isinstance(row, dict) and isinstance(when := row.get("dateAndTimeSettings"), dict):
        return _of_wix(row, when)
    if isinstance(row, dict) and "id" in row and isinstance(row.get("attributes"), dict):
        return {"id": row["id"], **row["attributes"]}
    held = row.get("event") if isinstance(row, dict) and len(row) == 1 else None
    if not isinstance(held, dict):
        return row
    occurrences = held.get("event_instances")
    first = occurrences[0] if isinstance(occurrences, list) and occurrences else None
    occurrence = first.get("event_instance") if isinstance(first, dict) else None
    if not isinstance(occurrence, dict):
        return held
    return {**held, **{name: value for name, value in occurrence.items() if name in _OF_OCCURRENCES}}
