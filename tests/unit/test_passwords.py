"""What may be a password, and the list of stolen ones asked over HTTP as it really is."""

import gzip
import hashlib

import pytest
from argon2 import PasswordHasher
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from shared.accounts.breaches import is_breached
from shared.accounts.passwords import check_password_rules, hash_new_password, hash_password, verify_password
from shared.errors import Invalid
from shared.settings import get_settings

ADA = ("ada.lovelace@analytical.example.org", "Ada Augusta Lovelace")
STRONG = "seventeen green umbrellas"


def broken_rule(password: str) -> str | None:
    """Return the rule a password of Ada's breaks."""
    try:
        check_password_rules(password, ADA)
    except Invalid as error:
        return error.problems[0].rule
    return None


@pytest.mark.parametrize(
    "password",
    [
        STRONG,
        "correct horse battery staple",
        "kJ8#mq2Lx0",
        "été à Tromsø 1981",
        "密码是很长的一个句子吗",
        "v" + "7w q" * 60,
    ],
)
def test_a_good_password_is_taken(password: str) -> None:
    """Long or odd, in any script, no character asked for."""
    assert broken_rule(password) is None


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short", "length"),
        ("x" * 257, "length"),
        ("password123", "common"),
        ("P4ssw0rd!!", "common"),
        ("qwertyuiop", "common"),
        ("1234567890", "common"),
        ("aaaaaaaaaaaaaaaaaaaa", "common"),
        ("abcabcabcabc", "common"),
        ("iloveyou12", "common"),
        ("Summer2024!", "common"),
        ("ada.lovelace@analytical.example.org", "personal"),
        ("adalovelace", "personal"),
        ("Lovelace1815", "personal"),
        ("Ada Lovelace", "personal"),
        ("citypulse2026", "personal"),
    ],
)
def test_a_poor_password_is_refused_by_its_rule(password: str, rule: str) -> None:
    """Short, common, or known to who knows the person."""
    assert rule == broken_rule(password)


def test_the_longest_password_is_judged_and_told_from_its_neighbour() -> None:
    """Nothing is cut off before it is hashed."""
    longest = (STRONG * 11)[:256]

    assert broken_rule(longest) is None
    assert not verify_password(hash_password(longest), longest[:-1] + "?")


def test_a_hash_costs_what_rfc_9106_recommends(production_hasher: PasswordHasher) -> None:
    """Its second choice, for 64 MiB of memory; salt and tag are of its lengths."""
    costs = f"m={64 * 1024},t=3,p=4"
    kept = production_hasher.hash(STRONG)

    assert kept.startswith(f"$argon2id$v=19${costs}$")
    assert (16, 32) == (production_hasher.salt_len, production_hasher.hash_len)
    assert production_hasher.verify(kept, STRONG)


def serve(server: HTTPServer, *lines: str, packed: bool = False) -> list[Request]:
    """Answer every range with these lines, as the API does; returns what was asked."""
    asked: list[Request] = []

    def answer(request: Request) -> Response:
        asked.append(request)
        body = "\r\n".join(lines).encode()
        if packed:
            return Response(gzip.compress(body), headers={"Content-Encoding": "gzip"}, mimetype="text/plain")
        return Response(body, mimetype="text/plain")

    server.expect_request("/range/" + _digest()[:5]).respond_with_handler(answer)
    return asked


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what we logged."""
    return [each.message for each in caplog.records if each.name == "shared.accounts.breaches"]


def _digest(password: str = STRONG) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


@pytest.mark.parametrize("packed", [False, True])
def test_a_stolen_password_is_found_and_only_five_characters_leave(
    httpserver: HTTPServer, packed: bool
) -> None:
    """k-anonymity: the address is all that is told, with padding asked for."""
    asked = serve(httpserver, "0" * 35 + ":3", _digest()[5:] + ":12", packed=packed)

    assert is_breached(STRONG, httpserver.url_for("/"))
    assert ["/range/" + _digest()[:5]] == [each.path for each in asked]
    assert "true" == asked[0].headers["Add-Padding"]
    assert b"" == asked[0].query_string + asked[0].get_data()


def test_padding_and_other_suffixes_are_no_finding(httpserver: HTTPServer) -> None:
    """A count of zero is padding."""
    serve(httpserver, _digest()[5:] + ":0", "F" * 35 + ":9", "", "nonsense")

    assert not is_breached(STRONG, httpserver.url_for("/"))


@pytest.mark.parametrize("status", [301, 404, 429, 500, 503])
def test_a_list_that_fails_keeps_nobody_out(
    httpserver: HTTPServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, without the password."""
    httpserver.expect_request("/range/" + _digest()[:5]).respond_with_data(
        _digest()[5:] + ":5", status=status
    )

    assert not is_breached(STRONG, httpserver.url_for("/"))
    assert ["passwords: the list of breaches cannot be asked"] == told(caplog)


def test_a_list_that_is_away_keeps_nobody_out(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing listens there."""
    assert not is_breached(STRONG, "http://127.0.0.1:1")
    assert 1 == len(told(caplog))


def test_the_list_is_asked_only_where_its_address_is_set(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off by default; on, a stolen password is refused by its rule."""
    serve(httpserver, _digest()[5:] + ":12")
    monkeypatch.delenv("PASSWORD_BREACH_URL", raising=False)
    get_settings.cache_clear()
    assert hash_new_password(STRONG, ADA).startswith("$argon2id$")

    monkeypatch.setenv("PASSWORD_BREACH_URL", httpserver.url_for("/"))
    get_settings.cache_clear()
    with pytest.raises(Invalid) as refused:
        hash_new_password(STRONG, ADA)
    monkeypatch.undo()
    get_settings.cache_clear()

    assert "breached" == refused.value.problems[0].rule
