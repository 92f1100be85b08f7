"""
[p] Which encoding a text without a mark is in, that is no UTF-8.

Asian ones by how their characters are made of bytes, those of one byte by the letters of the languages that use them.
What fits none is Windows-1252, which reads anything. Source: https://encoding.spec.whatwg.org/#legacy-encodings.
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass
from typing import Final
from unicodedata import combining

DEFAULT: Final = "cp1252"
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_FEWEST: Final = 10


@dataclass(frozen=True, slots=True)
class _Alphabet:
    """
    The letters beside ASCII of languages.

    Of `telling` ones, which others write otherwise, a text in Latin letters has some; of other scripts most are.
    """

    encodings: tuple[str, ...]
    letters: str
    telling: str


_CYRILLIC: Final = "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїґўђѓѕјљњћќџ"
_GREEK: Final = "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ"
_HEBREW: Final = "אבגדהוזחטיךכלםמןנסעףפץצקרשת"
_LATIN: Final = (
    _Alphabet(("cp1250", "iso8859-2"), "ąćęłńóśźż", "ąłśż"),
    _Alphabet(("cp1250", "iso8859-2"), "áäčďéěíľňóôřšťúůýž", "řšž"),
    _Alphabet(("cp1250", "iso8859-2"), "áéíóöőúüű", "őű"),
    _Alphabet(("cp1250", "iso8859-2"), "čćđšž", "čšž"),
    _Alphabet(("cp1250", "iso8859-2"), "ăâîşţ", "ăşţ"),
    _Alphabet(("cp1254",), "çğıiöşüİâî", "ğış"),
)
_OTHER: Final = (
    _Alphabet(("cp1251", "koi8-r", "iso8859-5", "cp866"), _CYRILLIC, "оеаинтсрвлі"),
    _Alphabet(("cp1253", "iso8859-7"), _GREEK, "αοιετσνηυςρίόά"),
    _Alphabet(("cp1255",), _HEBREW, "יוהלארמתבש"),
)
#: What texts in all languages hold beside letters.
_SIGNS: Final = frozenset("«»‹›“”„‘’‚–—…•·°€£§©®™№\xa0\xad´¿¡ºª²³½")
#: Of the letters beside ASCII so many are of the language; of a script's so many are common ones, and of a telling one
#: in Latin so many are more than a foreign name or two.
_MOST: Final = 0.95
_COMMON: Final = 0.5
_FEW: Final = 0.005
#: Of the bytes above ASCII so many stand beside another in scripts other than Latin.
_BESIDE: Final = 0.8


def fitting(start: bytes) -> str:
    """Return the encoding of a text that is no UTF-8, by its beginning."""
    runs = list(map(len, _HIGH.findall(start)))
    is_script = runs.count(1) <= sum(runs) * (1 - _BESIDE)
    return _asian(start) or (_script(start) if is_script else _latin(start)) or DEFAULT


def _decoded(start: bytes, encoding: str) -> str | None:
    """Return the characters beside ASCII, or none if the bytes are not of the encoding; its last may be half there."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return None
    # An accent that stands behind its letter is of no encoding alone.
    return "".join(character for character in text if character > "\x7f" and not combining(character))


def _asian(start: bytes) -> str | None:
    for encoding, is_it in _ASIAN.items():
        found = _decoded(start, encoding)
        if found and len(set(found)) >= _FEWEST and is_it(found, encoding):
            return encoding
    return None


def _share(text: str, first: str, last: str) -> float:
    return sum(first <= character <= last for character in text) / len(text)


def _is_shift_jis(text: str, encoding: str) -> bool:
    """
    Tell it by its kana, of which each text has some; narrow ones are mostly another encoding's.

    Curved apostrophes and the ASCII letters behind them make signs of it, too: their second byte is always low.
    """
    low = sum(character.encode(encoding)[-1] < 0x80 for character in text)
    return (
        _share(text, "\u3041", "\u30fe") >= 0.03
        and _share(text, "\uff61", "\uff9f") <= 0.2
        and low <= len(text) * 0.7
    )


def _is_euc_jp(text: str, encoding: str) -> bool:
    return _share(text, "\u3041", "\u30fe") >= 0.05


def _is_korean(text: str, encoding: str) -> bool:
    return _share(text, "\uac00", "\ud7a3") >= 0.85


def _is_gb(text: str, encoding: str) -> bool:
    """Tell it by its second bytes: those of Big5 are as often below."""
    pairs = Counter(len(code) == 2 and code[1] >= 0xA1 for code in (sign.encode(encoding) for sign in text))
    return pairs[True] >= len(text) * _MOST and _share(text, "\u4e00", "\u9fff") >= 0.5


def _is_big5(text: str, encoding: str) -> bool:
    """Tell it by its common characters: accented letters, read so, would be rare ones, and signs a few over and over."""
    common = sum(0xA1 <= character.encode(encoding)[0] < 0xC7 for character in text)
    return common * 10 >= len(text) * 7


#: In this order: what is asked of each is true of none before it.
_ASIAN: Final = {
    "cp932": _is_shift_jis,
    "euc_jp": _is_euc_jp,
    "cp949": _is_korean,
    "gb18030": _is_gb,
    "big5hkscs": _is_big5,
}


def _latin(start: bytes) -> str | None:
    """Return the encoding of a language whose letters hold some that Windows-1252 has others for."""
    for alphabet in _LATIN:
        for encoding in alphabet.encodings:
            letters = Counter(letter.lower() for letter in _letters(start, encoding))
            own = sum(letters[letter] for letter in alphabet.letters)
            # A few may be of foreign names.
            telling = sum(letters[letter] > own * _FEW for letter in alphabet.telling)
            if telling >= 2 and own >= letters.total() * _MOST:
                return encoding
    return None


def _script(start: bytes) -> str | None:
    """Return the encoding that gives the most common letters of a script."""
    best = (_COMMON, "")
    for alphabet in _OTHER:
        for encoding in alphabet.encodings:
            letters = [letter.lower() for letter in _letters(start, encoding)]
            own = sum(letter in alphabet.letters for letter in letters)
            if len(set(letters)) >= _FEWEST and own >= len(letters) * _MOST:
                share = sum(letter in alphabet.telling for letter in letters) / len(letters)
                best = max(best, (share, encoding), key=lambda one: one[0])
    return best[1] or None


def _letters(start: bytes, encoding: str) -> list[str]:
    """Return what stands beside ASCII but for signs of all languages: other signs count as letters of none."""
    return [sign for sign in start.decode(encoding, "replace") if sign > "\x7f" and sign not in _SIGNS]
