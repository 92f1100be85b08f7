"""Parameters that most reads take."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.accounts.passwords import hash_password, verify_password
from shared.accounts.rules import Permission, Role, allows
from shared.errors import Invalid
from shared.geo import Box
from web.paging import decode, encode
from web.params import BoundingBox, Line, Words, read_bbox


def test_a_box_is_four_degrees() -> None:
    """West, south, east, north; one over the antimeridian is one, too."""
    assert Box(-0.5, 51.2, 0.3, 51.7) == read_bbox("-0.5,51.2,0.3,51.7")
    assert Box(170, -20, -170, 20) == read_bbox("170,-20,-170,20")
    assert read_bbox(None) is None


@pytest.mark.parametrize(
    "text",
    ["", "1", "1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "inf,0,1,1", "0,0,181,1", "0,-91,1,1", "0,2,1,1"],
)
def test_what_is_no_box_is_refused(text: str) -> None:
    """As a sentence that says what is."""
    with pytest.raises(ValidationError, match="must be"):
        TypeAdapter(BoundingBox).validate_python(text)


def test_words_are_split_at_commas() -> None:
    """Empty ones are none."""
    assert ["a", "b"] == TypeAdapter(Words).validate_python("a,,b,")


def test_a_line_holds_no_nul() -> None:
    """Postgres cannot keep it."""
    with pytest.raises(ValidationError):
        TypeAdapter(Line).validate_python("a\x00b")


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=(1 << 63) - 1))
def test_a_cursor_is_read_back(place: int) -> None:
    """Any place a list can end at."""
    assert place == decode(encode(place))


@settings(deadline=None)
@given(st.text(max_size=40))
def test_what_is_no_cursor_is_refused_by_name(text: str) -> None:
    """Never by a failure."""
    if text == encode_if_possible(text):
        return
    with pytest.raises(Invalid) as refused:
        decode(text)

    assert "cursor" == refused.value.problems[0].field


def encode_if_possible(text: str) -> str | None:
    """Return the text when it happens to be a cursor of ours."""
    try:
        return encode(decode(text))
    except Invalid:
        return None


def test_no_place_is_no_cursor() -> None:
    """The first page and the last."""
    assert decode(None) is None
    assert encode(None) is None


def test_a_password_is_checked_against_its_hash_only() -> None:
    """None kept is never right, and no limit is passed."""
    kept = hash_password("a long enough password")

    assert verify_password(kept, "a long enough password")
    assert not verify_password(kept, "another password")
    assert not verify_password(None, "the password of nobody")
    assert not verify_password("not a hash", "x")
    for wrong in ("short", "x" * 257):
        with pytest.raises(Invalid):
            hash_password(wrong)


def test_nobody_in_particular_may_do_only_what_is_public() -> None:
    """And an admin not what a request has to prove by itself."""
    assert [Permission.PUBLIC] == [each for each in Permission if allows(None, each)]
    assert {Permission.METRICS, Permission.SIGNATURE} == {
        each for each in Permission if not allows(Role.ADMIN, each)
    }
    assert not allows(Role.OPS, Permission.MANAGE_JOBS)
