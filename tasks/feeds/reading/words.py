"""[p] Words by which programs say that nothing is known, and cities that something is done."""

import re
from functools import lru_cache
from typing import Final
from unicodedata import combining, normalize

#: What databases and spreadsheets write into a cell that is empty; of ids, times and places none is a value.
NOTHING: Final = frozenset(
    ("NULL", "null", "Null", "<NULL>", "<Null>", "<null>", "N/A", "n/a", "#N/A", "None", "none", "NaN", "nan", "NaT")
)  # fmt: skip
#: No word for a state is longer.
_LONGEST: Final = 200
#: How a status begins that says so, in the languages of the cities we know; without case and accents.
_CLOSED: Final = re.compile(
    r"clos|clsd|complet|resolv|solved|cancel|duplicate|fixed|done|referred|withdrawn|reject|declin|archiv"
    r"|no[ _]further[ _]action|unable[ _]to"
    r"|ferm|clotur|termine(?!r)|resolus?\b|resolue|traitee?s?\b|acheve|annul|rejet"  # French
    r"|erledigt|abgeschlossen|geschlossen|behoben|gelost|beendet|abgelehnt|storniert"  # German
    r"|afgehandeld|afgerond|afgesloten|gesloten|opgelost|voltooid|geannuleerd|afgewezen"  # Dutch
    r"|cerrad|resuelt|finalizad|terminad|solucionad|concluid|atendid|rechazad|anulad"  # Spanish
    r"|chius|risolt|terminat|conclus|evas[oaie]\b|respint"  # Italian
    r"|encerrad|fechad|tancad|tancat|finalitzad|finalitzat|resolt"  # Portuguese, Catalan
    r"|lukket|avslutad|avsluttet|afsluttet|atgardad|stangd|suljettu|ratkaistu"  # Scandinavian, Finnish
    r"|zamkniet|zakonczon|rozwiazan"  # Polish
    r"|uzavren|vyresen|inchis|rezolvat|solutionat|lezart|megoldva|kapal|kapand|cozuld|tamamland"  # Czech to Turkish
    r"|решен|закрыт|выполнен|заверш|отклонен|ολοκληρω|κλεισ|επιλυθ"  # Russian, Greek
    r"|完了|解決|対応済|処理済|已完成|已解决|已解決|已办结|已结案|結案|办结|(?:답변|처리|조치)?\s?완료|종결|해결"  # Chinese, Japanese, Korean
)


def is_closed(status: str) -> bool:
    """Tell whether a city's word for the state of a request says that it is closed, by how it begins."""
    return _begins_closed(status.strip()[:_LONGEST])


@lru_cache(maxsize=4096)
def _begins_closed(status: str) -> bool:
    folded = normalize("NFKD", status.casefold())
    # Korean syllables are put together again.
    plain = normalize("NFC", "".join(letter for letter in folded if not combining(letter)))
    return _CLOSED.match(plain) is not None
