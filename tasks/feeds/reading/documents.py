"""[p] Payloads as documents: JSON, and XML that can reach neither files nor network."""

import json
import re
from typing import Any

import orjson
from lxml import etree

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading.delimited import MENDED, SNIFFED_BYTES, encoding_of
from tasks.feeds.reading.json_size import too_much

#: Each element of a few bytes becomes a hundred of them in memory.
MOST_TAGS = 4_000_000
_EXCERPT = 500
_DECLARATION = 200
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]{0,200}>\s*+)?(?:<!doctype\s+html|<html)\b", re.IGNORECASE
)
_TITLE = re.compile(rb"<title[^<>]{0,200}>([^<]{0,500})", re.IGNORECASE)
_WESTERN = re.compile(
    rb"<\?xml[^>]*encoding\s*=\s*[\"'](?:iso-8859-1|latin-?1|windows-1252|cp1252)[\"']", re.IGNORECASE
)


def load_json(payload: Payload) -> Any:  # Any: JSON of a publisher.
    """
    Return the JSON document of a payload.

    Raises: Malformed.
    """
    return json_of(payload.read(), payload.name)


def json_of(content: bytes, name: str, encoding: str = "") -> Any:  # Any: as above.
    """
    Return a JSON document, in whatever encoding it is if none is told; NaN and Infinity, which some programs write
    where they know nothing, are null.

    Raises: Malformed, naming the payload.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    if why := too_much(content):
        raise Malformed(f"{name}: {why}")
    return parsed(content, name, encoding)


def parsed(content: bytes, name: str, encoding: str = "") -> Any:  # Any: as above.
    """Return a JSON document as `json_of` does; who calls has judged what it costs."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if (written := _in_utf_8(content, encoding)) != content:
            return json_of(written, name)
        if b"NaN" not in content and b"Infinity" not in content:
            raise Malformed(f"{name}: {html_page(content) or f'not JSON: {error}'}") from None
    try:
        # Written anew, so that nothing gets past that the usual way refuses.
        return orjson.loads(orjson.dumps(json.loads(content)))
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed(f"{name}: not JSON: {error}") from None


def _in_utf_8(content: bytes, encoding: str) -> bytes:
    """Write a text anew that is in another encoding, found as that of a table is if none is told."""
    try:
        return content.decode(encoding or encoding_of(content[:SNIFFED_BYTES]), MENDED).encode()
    except UnicodeError:
        return content


def load_xml(payload: Payload) -> etree._Element:
    """
    Return the root of an XML payload; entities, DTDs and XInclude are never resolved.

    Raises: Malformed, also for a document type: no format of ours needs one, and attacks do.
    """
    content = payload.read()
    if content.count(b"<") > MOST_TAGS:
        raise Malformed(f"{payload.name}: XML of more than {MOST_TAGS:,} tags")
    # Some servers begin with a blank line, before the declaration.
    content = content.lstrip(b"\xef\xbb\xbf \t\r\n")
    if page := html_page(content):
        raise Malformed(f"{payload.name}: {page}")
    problem = "no element"
    try:
        root: etree._Element | None = _tree(content, "utf-8" if _is_utf_8_none_the_less(content) else None)
    except (etree.XMLSyntaxError, ValueError) as error:
        root, problem = _as_it_is(content), f"{error!s:.200}"
    if root is None:
        raise Malformed(f"{payload.name}: not XML: {problem}")
    # The stubs of lxml do not know `doctype`.
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise Malformed(f"{payload.name}: XML with a document type is refused")
    return root


def html_page(content: bytes) -> str | None:
    """Return what a content is that is a page for people, with its title, as services answer that are out of order."""
    if not _HTML.match(content):
        return None
    title = _TITLE.search(content)
    said = " ".join(decoded(title[1]).split()) if title else ""
    return f"an HTML page{said and f' ({said:.100})'}"


def _tree(content: bytes, encoding: str | None) -> etree._Element:
    """Return the root of a content, in an encoding whatever it declares."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        encoding=encoding,
    )
    return etree.fromstring(content, parser)


def _is_utf_8_none_the_less(content: bytes) -> bool:
    """Tell whether a content that declares a Western set is UTF-8, as programs write that never change their declaration."""
    if not _WESTERN.match(content[:_DECLARATION]) or content.isascii():
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_it_is(content: bytes) -> etree._Element | None:
    """Return the root of a content that is not in the encoding it declares; none if it is no XML in any."""
    try:
        return _tree(decoded(content).encode(), "utf-8")
    except (etree.XMLSyntaxError, ValueError):
        return None


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace; comments and instructions have none."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def all_text(element: etree._Element) -> str:
    """Return the text of an element and of all within it, trimmed."""
    return "".join(str(part) for part in element.itertext()).strip()


def child_text(element: etree._Element, name: str) -> str | None:
    """Return the text of the first child of that name in any namespace; empty is nothing."""
    for child in element:
        if local_name(child) == name:
            return all_text(child) or None
    return None


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """Return the children of that name in any namespace."""
    return [child for child in element if local_name(child) == name]


def excerpt(value: Any) -> str:  # Any: JSON or an XML element.
    """Show as much of a record as a reject keeps."""
    if isinstance(value, etree._Element):
        return etree.tostring(value, encoding="unicode", with_tail=False)[:_EXCERPT]
    try:
        return orjson.dumps(value).decode()[:_EXCERPT]
    except TypeError:
        return repr(value)[:_EXCERPT]


def decoded(content: bytes) -> str:
    """Read text as what it begins with says, else as UTF-8 unless that leaves nothing but the old Western set."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
