"""What may be filed, who sees where, and how a status moves."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from shared.reports import rules
from shared.reports.draft import ReportDraft, clean_text, problems_of, tidy
from shared.reports.rules import Status, may_become, public_address, public_point
from shared.reports.steps import STEPS, first_steps, photo_step, with_step

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
CITY: dict[str, Any] = {
    "name": "London",
    "bounds": [-0.51, 51.28, 0.33, 51.69],
    "categories": [{"code": "pothole", "name": "Pothole"}],
}


def broken(photo_count: int = 0, **changes: Any) -> dict[str, str]:
    """Return field -> rule for everything a changed good draft breaks."""
    values: dict[str, Any] = {"city": "london", "category": "pothole", "lon": -0.12, "lat": 51.5}
    draft = tidy(ReportDraft(**(values | changes)))
    return {problem.field: problem.rule for problem in problems_of(draft, CITY, photo_count)}


def test_a_good_draft_breaks_no_rule() -> None:
    """A pin is enough, and so is an address."""
    assert {} == broken()
    assert {} == broken(lon=None, lat=None, address="Whitehall")
    assert {} == broken(photo_count=4, email="ada@example.org", description="x" * 4000)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"category": "ufo"}, {"category": "one_of"}),
        ({"lon": None, "lat": None}, {"lon": "place"}),
        ({"lat": None}, {"lat": "pair"}),
        ({"lon": None}, {"lon": "pair"}),
        ({"lon": 0.0, "lat": 0.0}, {"lon": "position"}),
        ({"lon": float("nan")}, {"lon": "position"}),
        ({"lon": 2.35, "lat": 48.85}, {"lon": "inside"}),
        ({"email": "ada"}, {"email": "email"}),
        ({"email": "ada@example.org\nBcc: x@example.org"}, {"email": "email"}),
        ({"description": "x" * 4001}, {"description": "length"}),
        ({"address": "x" * 301}, {"address": "length"}),
        ({"photo_count": 5}, {"photo": "count"}),
    ],
)
def test_a_broken_rule_is_named_with_its_field(changes: dict[str, Any], expected: dict[str, str]) -> None:
    """Each problem tells the form where to show it."""
    assert expected == broken(**changes)


def test_a_draft_is_made_clean_before_it_is_checked() -> None:
    """Spaces, unseen signs, languages we have no words for."""
    draft = tidy(
        ReportDraft(
            " london ", "pothole", "a\r\nb\0\u202e", address=" 1  High\nSt ", email=" ", language="de-AT"
        )
    )

    assert ReportDraft("london", "pothole", "a\nb", address="1 High St", email=None, language="en") == draft
    assert "fr" == tidy(ReportDraft("london", "pothole", language="FR-fr")).language


def test_text_keeps_its_lines_and_its_letters() -> None:
    """Only what cannot be seen goes: joined emoji stay joined."""
    assert "Größe\n道路 👩‍🚒" == clean_text("  Größe\n道路 👩‍🚒\x07\x1b ")


@pytest.mark.parametrize(
    ("category", "anonymous", "expected"),
    [
        ("pothole", False, (-0.1263, 51.5042)),
        ("pothole", True, (-0.126, 51.504)),
        ("noise", False, (-0.126, 51.504)),
    ],
)
def test_the_public_place_is_coarser_when_it_may_tell_who_wrote(
    category: str, anonymous: bool, expected: tuple[float, float]
) -> None:
    """About 10 m, or about 100 m."""
    assert expected == public_point((-0.12631, 51.50421), category, anonymous)
    assert public_point(None, category, anonymous) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10 Downing Street, London", "Downing Street, London"),
        ("Hauptstraße 12a, Wien", "Hauptstraße Wien"),
        ("Flat 3, 221B Baker Street", "Flat Baker Street"),
        ("", ""),
    ],
)
def test_a_sensitive_address_loses_its_house_number(address: str, expected: str) -> None:
    """The street may be known, the door may not."""
    assert expected == public_address(address, "noise", anonymous=False)
    assert address == public_address(address, "pothole", anonymous=False)


@pytest.mark.parametrize(
    ("old", "new", "note", "expected"),
    [
        (Status.RECEIVED, Status.PUBLISHED, "", True),
        (Status.RECEIVED, Status.RESOLVED, "", False),
        (Status.PUBLISHED, Status.IN_PROGRESS, "", True),
        (Status.PUBLISHED, Status.RECEIVED, "", False),
        (Status.RESOLVED, Status.IN_PROGRESS, "", True),
        (Status.CLOSED, Status.IN_PROGRESS, "", True),
        (Status.CLOSED, Status.RESOLVED, "", False),
        (Status.PUBLISHED, Status.PUBLISHED, "We are on it.", True),
        (Status.PUBLISHED, Status.PUBLISHED, "", False),
    ],
)
def test_a_status_follows_another_or_not(old: Status, new: Status, note: str, expected: bool) -> None:
    """Forward, back to work, or a reply; nothing becomes unreceived."""
    assert expected == may_become(old, new, note)


def test_a_token_opens_its_own_report_only() -> None:
    """Made from the secret each time; an empty secret would let everybody make it."""
    one, other = UUID(int=1), UUID(int=2)
    token = rules.token_of(one, "s" * 32)

    assert token == rules.token_of(one, "s" * 32)
    assert rules.is_token(token, rules.hash_of(token))
    assert not rules.is_token(rules.token_of(other, "s" * 32), rules.hash_of(token))
    assert not rules.is_token(None, rules.hash_of(token))
    with pytest.raises(ValueError, match="JWT_SECRET"):
        rules.token_of(one, "")


def test_the_stepper_begins_with_what_is_known() -> None:
    """What will not happen is skipped from the start."""
    states = {step["key"]: step["state"] for step in first_steps(NOW, photo_count=0, has_email=False)}

    assert list(STEPS) == list(states)
    assert ("done", "skipped", "skipped") == (states["received"], states["photo"], states["mail"])


def test_a_step_that_did_not_change_keeps_its_time() -> None:
    """Running twice is not seen."""
    steps = with_step(first_steps(NOW, 0, has_email=False), "located", "done", NOW, "Camden")

    assert steps == with_step(steps, "located", "done", NOW.replace(hour=13), "Camden")


@pytest.mark.parametrize(
    ("photos", "expected"),
    [
        ([("ready", None)], ("done", "1 photo cleaned")),
        ([("ready", None), ("ready", None)], ("done", "2 photos cleaned")),
        ([("ready", None), ("processing", None)], ("running", None)),
        ([("rejected", "No."), ("received", None)], ("running", None)),
        ([("ready", None), ("rejected", "No.")], ("failed", "No.")),
        ([("rejected", "No."), ("rejected", "No.")], ("failed", "No.")),
    ],
)
def test_the_photo_step_is_judged_by_every_photo(
    photos: list[tuple[str, str | None]], expected: tuple[str, str | None]
) -> None:
    """Done when all are, failed with each reason once."""
    assert expected == photo_step(photos)


def test_a_title_and_a_reference_are_short() -> None:
    """One line people can say on the phone."""
    assert "Pothole, 10 Whitehall" == rules.title_of("Pothole", "10 Whitehall, London")
    assert "Pothole" == rules.title_of("Pothole", "")
    assert "LDN-000042" == rules.reference_of("LDN", 42)
