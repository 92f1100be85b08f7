"""[p] Words by which publishers call an event off, in the languages of the cities we know."""

import re
from typing import Final

#: As a part of an expression that ignores case.
WORDS: Final = (
    r"cancel+(?:ed|ad[oa]|ation)|called off|postponed|\bno meeting\b"
    r"|abgesagt|entf[äa]llt|fällt aus|afgelast|geannuleerd|annul(?:é|lat[oa]\b)|reportée?\b|suspendid[oa]|aplazad[oa]"
    r"|rinviat[oa]|cancel·lat|peruttu|inställ[dt]\b|aflyst|avlyst|odwołan"
)
_MARKED: Final = re.compile(
    rf"\W*(?:{WORDS})\s*(?:\Z|[^\w\s'\"“„])|.*[(\[](?:{WORDS})\b|.*[^\w\s,]\s*(?:{WORDS})\W*\Z",
    re.IGNORECASE | re.DOTALL,
)


def is_marked_off(title: str) -> bool:
    """Tell whether a title calls its event off by a word that is set apart from it: a film may be called so too."""
    return _MARKED.match(title) is not None
