"""[p] Texts in which publishers left markup, as plain text."""

import html
import re
from typing import Final

import nh3

_ESCAPED_AT_MOST: Final = 4
#: What a text has beyond is left out: nothing of it would be shown, and to undo tags within tags takes their square.
MOST_CHARACTERS: Final = 100_000
MOST_TAGS: Final = 2_000
#: Of a line that stands for a title.
_LONGEST_TITLE: Final = 120
_BREAK: Final = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]*>", re.IGNORECASE)
_MARKUP: Final = re.compile(r"</?[a-z][^<>]*>|<!--|&(?:[a-z]{2,8}|#\d{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)


def plain(text: str) -> str:
    """Return a text that may hold markup as plain text; one that has no whole tag and no entity stays as it is."""
    return cleaned(text) if _MARKUP.search(text) else text


def cleaned(text: str) -> str:
    """Return text without markup: no tag, no script, no entity is left; breaks and paragraphs end lines."""
    text, before = _BREAK.sub("\n", text[:MOST_CHARACTERS]), ""
    for _ in range(_ESCAPED_AT_MOST):
        # Publishers escape markup twice, and thrice: what appears when it is undone must go as well.
        text, before = html.unescape(nh3.clean(_bounded(text), tags=set())), text
        if text == before:
            break
    return text.replace("\xa0", " ")


def _bounded(text: str) -> str:
    return text if text.count("<") <= MOST_TAGS else "<".join(text.split("<", MOST_TAGS + 1)[:-1])


def first_line(text: str | None) -> str | None:
    """Return the first line of a plain text, as a title for what has none; cut after a word where it is long."""
    line = text.strip().splitlines()[0].strip() if text and text.strip() else ""
    if len(line) > _LONGEST_TITLE:
        line = line[: _LONGEST_TITLE + 1].rpartition(" ")[0] or line[:_LONGEST_TITLE]
    return line or None
