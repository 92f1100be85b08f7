"""[p] Payloads as documents: JSON, and XML that can reach neither files nor network."""

import json
from typing import Any

import orjson
from lxml import etree

from tasks.feeds.connector import Malformed, Payload
from tasks.feeds.reading.json_size import too_much

#: Each element of a few bytes becomes a hundred of them in memory.
MOST_TAGS = 4_000_000
_EXCERPT = 500


def load_json(payload: Payload) -> Any:  # Any: JSON of a publisher.
    """
    Return the JSON document of a payload.

    Raises: Malformed.
    """
    return json_of(payload.read(), payload.name)


def json_of(content: bytes, name: str) -> Any:  # Any: as above.
    """
    Return a JSON document; NaN and Infinity, which some programs write where they know nothing, are null.

    Raises: Malformed, naming the payload.
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    if why := too_much(content):
        raise Malformed(f"{name}: {why}")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in content and b"Infinity" not in content:
            raise Malformed(f"{name}: not JSON: {error}") from None
    try:
        # Written anew, so that nothing gets past that the usual way refuses.
        return orjson.loads(orjson.dumps(json.loads(content)))
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed(f"{name}: not JSON: {error}") from None


def load_xml(payload: Payload) -> etree._Element:
    """
    Return the root of an XML payload; entities, DTDs and XInclude are never resolved.

    Raises: Malformed, also for a document type: no format of ours needs one, and attacks do.
    """
    content = payload.read()
    if content.count(b"<") > MOST_TAGS:
        raise Malformed(f"{payload.name}: XML of more than {MOST_TAGS:,} tags")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        # Some servers begin with a blank line, before the declaration.
        root = etree.fromstring(content.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Malformed(f"{payload.name}: not XML: {error!s:.200}") from None
    if root is None:
        raise Malformed(f"{payload.name}: not XML: no element")
    # The stubs of lxml do not know `doctype`.
    if getattr(root.getroottree().docinfo, "doctype", ""):
        raise Malformed(f"{payload.name}: XML with a document type is refused")
    return root


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
