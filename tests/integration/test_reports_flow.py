"""A report from its filing to its mail, on a real Postgres, through the code a worker uses."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import h3.api.basic_int as h3
import pytest
from PIL import Image
from sqlalchemy import select, text

from shared.cities.models import Area, City
from shared.clock import utcnow
from shared.db import transaction
from shared.email.models import Delivery, MailboxMessage
from shared.errors import Conflict, Invalid
from shared.geo import Box
from shared.reports import queries, service
from shared.reports.draft import ReportDraft
from shared.reports.models import Report, ReportUpdate
from shared.reports.service import Filed
from shared.storage import storage
from shared.stream.models import StreamEvent
from shared.uploads.models import Upload
from shared.uploads.service import Received, receive
from tasks.uploads.isolated import end_helper
from tests.support.jobs import drain, run_job_id

WHITEHALL = (-0.12631, 51.50421)
SQUARE = [[-0.14, 51.49], [-0.11, 51.49], [-0.11, 51.52], [-0.14, 51.52], [-0.14, 51.49]]


@pytest.fixture(autouse=True)
def _london(db: object) -> Iterator[None]:
    """A city with one square district."""
    config = {
        "bounds": [-0.51, 51.28, 0.33, 51.69],
        "reference_prefix": "LDN",
        "categories": [
            {"code": "pothole", "name": "Pothole", "description": ""},
            {"code": "noise", "name": "Noise", "description": ""},
        ],
    }
    outline = {"type": "Polygon", "coordinates": [SQUARE]}
    with transaction() as tx:
        tx.add(City(slug="london", name="London", timezone="Europe/London", config=config))
        tx.flush()
        cells = h3.geo_to_cells(outline, 8)
        tx.add(
            Area(
                city="london",
                slug="mitte",
                name="Westminster",
                geometry=outline,
                centroid=WHITEHALL,
                cells=list(cells),
            )
        )
    yield
    end_helper()


def photo(colour: str = "green") -> Received:
    """A photo as the web tier hands it over."""
    buffer = BytesIO()
    Image.new("RGB", (800, 600), colour).save(buffer, "JPEG")
    buffer.seek(0)
    return receive(buffer, "IMG_1.jpg", "image/jpeg")


def filed(*photos: Received, **changes: object) -> Filed:
    """File a report as the web tier does."""
    values: dict[str, object] = {
        "city": "london",
        "category": "pothole",
        "description": "Deep.",
        "lon": WHITEHALL[0],
        "lat": WHITEHALL[1],
        "address": "10 Whitehall, London",
        "email": "Ada@Example.org",
    }
    with transaction() as tx:
        return service.file_report(tx, ReportDraft(**(values | changes)), photos, now=utcnow())  # type: ignore[arg-type]


def shown(made: Filed, token: str | None = None) -> dict:
    """Return the report as the API shows it."""
    with transaction() as tx:
        return queries.get_report(tx, made.report.id, token=token)


def steps(made: Filed) -> dict[str, str]:
    """Return each step's state."""
    return {step["key"]: step["state"] for step in shown(made)["steps"]}


def test_a_report_with_a_photo_is_published_and_confirmed_once() -> None:
    """Every step is done, one mail lies in the mailbox, and nothing is left to do."""
    made = filed(photo())
    assert {
        "received": "done",
        "photo": "running",
        "located": "running",
        "duplicates": "waiting",
        "published": "waiting",
        "mail": "waiting",
    } == steps(made)

    assert {"succeeded"} == {state for _, state in drain()}

    report = shown(made)
    assert "published" == report["status"]
    assert {"done"} == set(steps(made).values())
    assert "LDN-000001" == report["reference"]
    assert "Westminster" == report["area"]["name"]
    assert "ready" == report["photos"][0]["state"]
    assert {"thumb", "medium", "large"} == set(report["photos"][0]["sizes"])
    assert ["received", "published"] == [entry["status"] for entry in report["history"]]
    with transaction() as tx:
        message = tx.scalars(select(MailboxMessage)).one()
        delivery = tx.scalars(select(Delivery)).one()
    assert "Ada@example.org" == message.to_address
    assert "LDN-000001" in message.subject
    assert f"/reports/{made.report.id}?t={made.token}" in message.html
    assert ("sent", {}) == (delivery.state, delivery.context)


def test_running_every_job_of_a_report_twice_changes_nothing() -> None:
    """Redelivery after success: no second mail, no second history entry, the same photos."""
    made = filed(photo())
    drain()
    before = shown(made, made.token)

    with transaction() as tx:
        jobs = tx.execute(text("SELECT id, kind FROM jobs")).all()
        tx.execute(text("UPDATE jobs SET state = 'queued', finished_at = NULL, attempt = 0"))
    for job in jobs:
        assert "succeeded" == run_job_id(job.kind, job.id)

    after = shown(made, made.token)
    assert before == after
    with transaction() as tx:
        assert 1 == len(tx.scalars(select(MailboxMessage)).all())


def test_the_photo_as_sent_is_deleted_and_its_cleaned_forms_are_kept() -> None:
    """Privacy: the original, with all it tells, is gone once the photo was cleaned."""
    received = photo()
    made = filed(received)
    drain()

    with transaction() as tx:
        upload = tx.scalars(select(Upload).where(Upload.report_id == made.report.id)).one()
    assert upload.path is None
    assert not storage().exists(received.stored.path)
    assert all(storage().exists(upload.sizes[name]["path"]) for name in ("thumb", "medium", "large"))
    assert 16 == len(upload.sizes["meta"]["dhash"])


def test_a_report_goes_on_without_a_refused_photo() -> None:
    """The photo step says why; everything else is done."""
    text_file = receive(BytesIO(b"no photo at all"), "photo.jpg", "image/jpeg")
    made = filed(photo(), text_file)
    drain()

    found = {step["key"]: step for step in shown(made)["steps"]}
    assert "failed" == found["photo"]["state"]
    assert "not a photo" in found["photo"]["detail"]
    assert ["ready", "rejected"] == [item["state"] for item in shown(made)["photos"]]
    assert "published" == shown(made)["status"]
    assert not storage().exists(text_file.stored.path)


def test_without_an_email_no_mail_is_owed() -> None:
    """The mail step is skipped from the start."""
    made = filed(email=None)
    drain()

    assert "skipped" == steps(made)["mail"]
    with transaction() as tx:
        assert [] == tx.scalars(select(Delivery)).all()


def test_browsers_are_told_of_each_change() -> None:
    """Its followers hear of every step, the city only once it is public, and nobody of the address."""
    made = filed()
    drain()

    with transaction() as tx:
        events = tx.scalars(
            select(StreamEvent).where(StreamEvent.name == "ReportChanged").order_by(StreamEvent.id)
        ).all()
    followed = f"report:{made.report.id}"
    assert all(followed in event.topics for event in events)
    public = [event for event in events if "city:london" in event.topics]
    assert public
    assert all(event.data["report"]["status"] == "published" for event in public)
    assert all(f"area:{public[0].data['report']['area']['id']}" in event.topics for event in public)
    assert "example.org" not in str([event.data for event in events])


def test_a_report_nearby_is_counted_as_a_possible_duplicate() -> None:
    """Same category within the radius counts; another category, or a place beyond it, does not."""
    for changes in ({}, {"category": "noise"}, {"lon": -0.1283}):
        filed(email=None, **changes)
    drain()

    made = filed(lon=WHITEHALL[0] + 0.0002, email=None)
    drain()

    detail = next(step for step in shown(made)["steps"] if step["key"] == "duplicates")["detail"]
    assert "1 report like this within 75 m in the last 30 days." == detail


def test_a_report_outside_every_district_is_published_all_the_same() -> None:
    """Belonging to no district is no fault of the reporter."""
    made = filed(lon=0.1, lat=51.6)
    drain()

    assert shown(made)["area"] is None
    assert "published" == shown(made)["status"]


def test_a_report_by_address_alone_is_taken() -> None:
    """Who cannot use a map can report."""
    made = filed(lon=None, lat=None)
    drain()

    assert "skipped" == steps(made)["located"]
    assert "published" == shown(made)["status"]


def test_a_change_of_status_is_mailed_once_and_threads_with_the_first_mail() -> None:
    """The later mail answers the first one's Message-ID."""
    made = filed(language="fr")
    drain()
    with transaction() as tx:
        service.change_status(tx, made.report.id, "in_progress", "Mardi matin.", actor_id=None, now=utcnow())
    drain()

    with transaction() as tx:
        first, second = tx.scalars(select(MailboxMessage).order_by(MailboxMessage.id)).all()
    assert first.headers["Message-ID"] == second.headers["In-Reply-To"] == second.headers["References"]
    assert "en cours" in second.subject
    assert "Mardi matin." in second.text
    assert ["received", "published", "in_progress"] == [entry["status"] for entry in shown(made)["history"]]


def test_a_status_that_may_not_follow_is_refused() -> None:
    """A received report is not resolved before anybody saw it."""
    made = filed()

    with pytest.raises(Conflict), transaction() as tx:
        service.change_status(tx, made.report.id, "resolved", "", actor_id=None, now=utcnow())
    with pytest.raises(Invalid), transaction() as tx:
        service.change_status(tx, made.report.id, "done", "", actor_id=None, now=utcnow())


def test_one_address_gets_at_most_five_mails_an_hour() -> None:
    """Nobody can fill a stranger's inbox by filing reports."""
    made = [filed(description=str(number)) for number in range(6)]
    drain()

    with transaction() as tx:
        assert 5 == len(tx.scalars(select(MailboxMessage)).all())
    assert "skipped" == steps(made[-1])["mail"]


def test_numbers_are_given_without_gap_or_double() -> None:
    """A rolled back report gives its number back."""
    filed()
    with pytest.raises(ZeroDivisionError), transaction() as tx:
        service.next_number(tx, "london")
        raise ZeroDivisionError

    assert 2 == filed().report.number


def test_the_public_sees_a_rounded_place_and_the_reporter_the_exact_one() -> None:
    """Noise is reported from home: the public place is coarse, and no box is small enough to find the exact one."""
    made = filed(category="noise")
    drain()

    assert (-0.126, 51.504) == (shown(made)["lon"], shown(made)["lat"])
    assert "Whitehall, London" == shown(made)["address"]
    assert WHITEHALL == (shown(made, made.token)["lon"], shown(made, made.token)["lat"])
    around = Box(WHITEHALL[0] - 1e-5, WHITEHALL[1] - 1e-5, WHITEHALL[0] + 1e-5, WHITEHALL[1] + 1e-5)
    with transaction() as tx:
        assert [] == queries.list_reports(tx, city="london", bbox=around).items


def test_only_the_reporters_token_opens_the_mails_state() -> None:
    """A wrong token shows what everybody sees."""
    made = filed()
    drain()

    assert ["sent"] == [mail["state"] for mail in shown(made, made.token)["emails"]]
    assert "emails" not in shown(made, "0" * 40)
    assert "emails" not in shown(made)


def test_a_list_pages_through_every_report_once() -> None:
    """Newest first, no report twice, none left out, none before it is public."""
    made = [filed(email=None) for _ in range(5)]
    drain()
    hidden = filed(email=None)

    seen: list[str] = []
    cursor = None
    with transaction() as tx:
        while True:
            page = queries.list_reports(tx, city="london", limit=2, cursor=cursor)
            seen += [item["id"] for item in page.items]
            if (cursor := page.next) is None:
                break
    assert [str(filing.report.id) for filing in reversed(made)] == seen
    assert str(hidden.report.id) not in seen


def test_a_foreign_cursor_is_refused() -> None:
    """What is not ours is named, never guessed at."""
    for cursor in ("x", "e30=", "bnVsbA==", "WzEsMl0="):
        with pytest.raises(Invalid), transaction() as tx:
            queries.list_reports(tx, cursor=cursor)


def test_a_me_too_counts_once() -> None:
    """The same visitor twice is one supporter."""
    made = filed()
    drain()
    for supporter in ("a", "b", "a"):
        with transaction() as tx:
            service.support_report(tx, made.report.id, supporter, now=utcnow())

    assert 2 == shown(made)["supports"]


def test_a_draft_that_breaks_rules_names_every_field() -> None:
    """All problems at once, and no number is spent."""
    with pytest.raises(Invalid) as caught:
        filed(category="ufo", lon=10.0, email="nobody", description="x" * 5000)

    assert {"category", "lon", "email", "description"} == {problem.field for problem in caught.value.problems}
    assert 1 == filed().report.number


def test_an_anonymous_report_names_no_author(tmp_path: Path) -> None:
    """The account is not even stored, and the place is coarse."""
    with transaction() as tx:
        made = service.file_report(
            tx,
            ReportDraft("london", "pothole", lon=WHITEHALL[0], lat=WHITEHALL[1], anonymous=True),
            author_id=None,
            now=utcnow(),
        )
        report = tx.get_one(Report, made.report.id)
        assert report.author_id is None
        assert (-0.126, 51.504) == report.public_point
        assert "received" == tx.scalars(select(ReportUpdate)).one().status


def test_a_report_older_than_a_month_is_no_duplicate() -> None:
    """The street was mended and broke again."""
    old = filed(email=None)
    drain()
    with transaction() as tx:
        tx.get_one(Report, old.report.id).created_at = utcnow() - timedelta(days=31)
    made = filed(email=None)
    drain()

    detail = next(step for step in shown(made)["steps"] if step["key"] == "duplicates")["detail"]
    assert "You are the first to report this here." == detail


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        (Box(-0.13, 51.50, -0.12, 51.51), 1),
        (Box(-0.12, 51.50, -0.11, 51.51), 0),
        (Box(170.0, 51.0, -0.1, 52.0), 1),
        (Box(0.0, 51.0, -179.0, 52.0), 0),
    ],
)
def test_a_box_finds_what_lies_in_it_also_across_the_antimeridian(box: Box, expected: int) -> None:
    """West greater than east goes round the back of the world."""
    filed(email=None)
    drain()

    with transaction() as tx:
        assert expected == len(queries.list_reports(tx, bbox=box).items)
