"""Reports over HTTP: filed with photos, once however often sent, followed by their link, handled by staff."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import Engine, text
from werkzeug.test import TestResponse

from shared.accounts.rules import Role
from shared.clock import utcnow
from shared.db import transaction
from shared.settings import Settings
from tests.support.jobs import drain
from tests.support.web import Browser, add_city, assert_problem

pytestmark = pytest.mark.usefixtures("london")
WHITEHALL = {"lon": "-0.12631", "lat": "51.50421"}


@pytest.fixture
def london(db: Engine) -> None:
    """A city."""
    add_city()


def photo() -> tuple[BytesIO, str]:
    """Return a small photo as a form sends it."""
    content = BytesIO()
    Image.new("RGB", (64, 48), "red").save(content, "JPEG")
    content.seek(0)
    return content, "hole.jpg"


def file(browser: Browser, key: str | None = None, **fields: Any) -> TestResponse:
    """File a report."""
    form = {"city": "london", "category": "pothole", "description": "Deep.", **WHITEHALL, **fields}
    headers = {"Idempotency-Key": key} if key else {}
    return browser.post("/api/v1/reports", data=form, headers=headers, content_type="multipart/form-data")


def stored(settings: Settings) -> int:
    """Count the files in storage."""
    return sum(1 for path in Path(settings.storage_dir).rglob("*") if path.is_file())


def test_a_report_is_received_and_followed_by_its_link(settings: Settings) -> None:
    """202 with a job, then the steps; the mail's state is for the link's holder and staff."""
    browser = Browser()

    accepted = file(browser, email="ann@example.org", photo=[photo(), photo()])

    assert 202 == accepted.status_code
    body = accepted.json
    assert {"id", "job_id", "token", "progress_url", "status"} == body.keys()
    report = browser.get(f"/api/v1/reports/{body['id']}").json
    assert ("LDN-000001", 2, "processing") == (
        report["reference"],
        len(report["photos"]),
        report["photos"][0]["state"],
    )
    assert [] == browser.get("/api/v1/reports?city=london").json["items"]
    drain({"reports.triage", "email.deliver"})
    assert [body["id"]] == [each["id"] for each in browser.get("/api/v1/reports?city=london").json["items"]]
    opened = browser.get(f"/api/v1/reports/{body['id']}?t={body['token']}").json
    assert opened["emails"]
    assert "ann@example.org" not in str(opened)
    assert "emails" not in browser.get(f"/api/v1/reports/{body['id']}").json
    assert "emails" not in browser.get(f"/api/v1/reports/{body['id']}?t=wrong").json
    assert 2 == stored(settings)


def test_every_broken_rule_is_named_at_once(settings: Settings) -> None:
    """And nothing of the refused report stays."""
    answer = file(Browser(), category="nonsense", lon="2.3", lat="48.8", email="nobody", photo=[photo()])

    assert_problem(answer, 422, "category", "lon", "email")
    assert 0 == stored(settings)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"lon": "NaN"}, "lon"),
        ({"lon": "east"}, "lon"),
        ({"anonymous": "perhaps"}, "anonymous"),
        ({"city": "x"}, "city"),
    ],
)
def test_a_malformed_field_is_named(fields: dict[str, str], field: str) -> None:
    """Before anything is stored."""
    assert_problem(file(Browser(), **fields), 422, field)


def test_too_many_photos_are_refused(settings: Settings) -> None:
    """Four are enough; none of the five stays."""
    assert_problem(file(Browser(), photo=[photo() for _ in range(5)]), 422, "photo")
    assert 0 == stored(settings)


def test_the_same_request_sent_again_makes_no_second_report(settings: Settings) -> None:
    """The first answer is given again, token and all, and its photo is kept once."""
    browser = Browser()

    first = file(browser, "key-1", photo=[photo()])
    again = file(browser, "key-1", photo=[photo()])

    assert 202 == again.status_code
    assert first.json == again.json
    assert (1, 1) == (count("reports"), stored(settings))


def test_a_key_used_for_another_request_is_refused() -> None:
    """A bug in the client must not lose a report silently."""
    browser = Browser()
    file(browser, "key-1")

    assert_problem(file(browser, "key-1", description="Another hole."), 422, "Idempotency-Key")
    assert_problem(file(browser, "\x7f"), 422, "Idempotency-Key")
    assert 202 == file(browser, "key-2", description="Another hole.").status_code


def test_a_refused_request_does_not_use_its_key_up() -> None:
    """Mended, it goes through under the same key."""
    browser = Browser()

    assert_problem(file(browser, "key-1", category="nonsense"), 422, "category")

    assert 202 == file(browser, "key-1").status_code


def test_a_key_belongs_to_who_used_it() -> None:
    """Nobody gets another's answer by guessing a key."""
    one = file(Browser(Role.RESIDENT), "key-1")
    other = file(Browser(Role.PARTNER), "key-1")

    assert one.json["id"] != other.json["id"]


def test_ten_of_the_same_at_once_make_one_report() -> None:
    """A doubled click on a slow line."""
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: file(Browser(), "key-1"), range(10)))

    assert {202} == {answer.status_code for answer in answers}
    assert 1 == len({answer.json["id"] for answer in answers})
    assert 1 == count("reports")


def test_staff_move_a_report_on_and_nobody_else_does() -> None:
    """With a note that its history keeps."""
    report = file(Browser()).json["id"]
    drain({"reports.triage"})
    path = f"/api/v1/reports/{report}"

    assert_problem(Browser(Role.RESIDENT).patch(path, json={"status": "resolved"}), 403)
    staff = Browser(Role.STAFF)
    answer = staff.patch(path, json={"status": "in_progress", "note": "A crew is on its way."})

    assert "in_progress" == answer.json["status"]
    assert "A crew is on its way." == answer.json["history"][-1]["note"]
    assert_problem(staff.patch(path, json={"status": "lost"}), 422, "status")
    assert_problem(staff.patch(path, json={"status": "received"}), 409)


def test_who_looks_at_an_old_status_changes_nothing() -> None:
    """Another has moved it meanwhile: their word stays, and the answer says where it is."""
    report = file(Browser()).json["id"]
    drain({"reports.triage"})
    path = f"/api/v1/reports/{report}"
    staff = Browser(Role.STAFF)
    staff.patch(path, json={"status": "resolved", "was": "published"})

    refused = staff.patch(path, json={"status": "in_progress", "was": "published"})

    assert "it is resolved now" in assert_problem(refused, 409)["detail"]
    assert "resolved" == staff.get(path).json["status"]
    assert 200 == staff.patch(path, json={"status": "in_progress", "was": "resolved"}).status_code


def test_staff_see_what_waits_the_longest_first() -> None:
    """Also what is not public yet; with its exact place, where it may go, and counts whatever is listed."""
    done, public, received = (file(Browser(), description=word).json["id"] for word in "abc")
    with transaction() as tx:
        for days, report, status in (
            (9, done, "closed"),
            (8, public, "published"),
            (0, received, "received"),
        ):
            tx.execute(
                text(
                    "UPDATE reports SET status = :status, created_at = now() - make_interval(days => :days)"
                    " WHERE id = :id"
                ),
                {"status": status, "days": days, "id": report},
            )
    staff = Browser(Role.STAFF)
    path = "/api/v1/reports/queue?city=london"

    every = staff.get(path).json

    assert [done, public, received] == [each["id"] for each in every["items"]]
    assert [-0.12631, 51.50421] == [every["items"][0]["lon"], every["items"][0]["lat"]]
    assert [["in_progress"], ["in_progress", "resolved", "closed"], ["published", "closed"]] == [
        each["moves"] for each in every["items"]
    ]
    assert {"received": 1, "published": 1, "in_progress": 0, "resolved": 0, "closed": 1} == every["counts"][
        "by_status"
    ]
    assert every["items"][1]["created_at"] == every["counts"]["oldest_open"]

    some = staff.get(f"{path}&status=closed").json
    assert ([done], every["counts"]) == ([each["id"] for each in some["items"]], some["counts"])
    week_ago = (utcnow() - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
    old, new = (staff.get(f"{path}&{which}={week_ago}").json for which in ("before", "since"))
    assert [done, public] == [each["id"] for each in old["items"]]
    assert (0, 1) == tuple(each["counts"]["by_status"]["received"] for each in (old, new))
    nothing = staff.get(f"{path}&category=other").json
    assert ([], None) == (nothing["items"], nothing["counts"]["oldest_open"])


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_the_queue_is_read_page_by_page(order: str) -> None:
    """Every report once, in the order asked for."""
    filed = [file(Browser(), description=word).json["id"] for word in "abc"]
    staff = Browser(Role.STAFF)
    path = f"/api/v1/reports/queue?city=london&order={order}&limit=2"

    first = staff.get(path).json
    second = staff.get(f"{path}&cursor={first['next']}").json

    found = [each["id"] for each in first["items"] + second["items"]]
    assert (filed if order == "oldest" else filed[::-1], None) == (found, second["next"])


def test_the_queue_is_for_staff() -> None:
    """It tells exact places; a report tells where it may go to staff alone."""
    report = file(Browser()).json
    assert_problem(Browser().get("/api/v1/reports/queue?city=london"), 401)
    for role in (Role.RESIDENT, Role.PARTNER, Role.OPS):
        assert_problem(Browser(role).get("/api/v1/reports/queue?city=london"), 403)
    assert 200 == Browser(Role.ADMIN).get("/api/v1/reports/queue?city=london").status_code
    assert_problem(Browser(Role.STAFF).get("/api/v1/reports/queue?city=atlantis"), 404, "city")

    path = f"/api/v1/reports/{report['id']}"
    assert "moves" not in Browser().get(f"{path}?t={report['token']}").json
    assert ["published", "closed"] == Browser(Role.STAFF, email="s@example.org").get(path).json["moves"]


def test_me_too_counts_once_for_each() -> None:
    """For a person once, and once for everybody at one address who is not signed in."""
    report = file(Browser()).json["id"]
    drain({"reports.triage"})
    path = f"/api/v1/reports/{report}/supports"
    resident = Browser(Role.RESIDENT)

    counts = [each.post(path).json["supports"] for each in (resident, resident, Browser(), Browser())]

    assert [1, 1, 2, 2] == counts


def test_the_categories_are_those_of_the_city() -> None:
    """As its pack lists them."""
    answer = Browser().get("/api/v1/reports/categories?city=london").json

    assert ["pothole"] == [each["code"] for each in answer["items"]]
    assert_problem(Browser().get("/api/v1/reports/categories?city=atlantis"), 404, "city")


def test_a_photo_is_served_once_it_is_clean(test_data: Path) -> None:
    """As WebP, for ever; before that it is not there."""
    browser = Browser()
    report = file(browser, photo=[photo()]).json["id"]
    shown = browser.get(f"/api/v1/reports/{report}").json["photos"][0]
    assert_problem(browser.get(f"/api/v1/photos/{shown['id']}/thumb.webp"), 404)

    drain({"uploads.clean"})
    ready = browser.get(f"/api/v1/reports/{report}").json["photos"][0]
    answer = browser.get(ready["sizes"]["thumb"]["url"])

    assert ("image/webp", b"RIFF") == (answer.mimetype, answer.data[:4])
    assert "immutable" in answer.headers["Cache-Control"]
    assert (
        304
        == browser.get(
            ready["sizes"]["thumb"]["url"], headers={"If-None-Match": answer.headers["ETag"]}
        ).status_code
    )
    assert_problem(browser.get(f"/api/v1/photos/{shown['id']}/..%2fthumb.webp"), 404)


def test_an_upload_is_its_senders() -> None:
    """And staff's; an id alone opens nothing."""
    partner = Browser(Role.PARTNER)

    accepted = partner.post(
        "/api/v1/uploads", data={"file": photo()}, content_type="multipart/form-data"
    ).json
    path = f"/api/v1/uploads/{accepted['id']}"

    assert "received" == partner.get(path).json["state"]
    assert 200 == Browser(Role.STAFF).get(path).status_code
    assert_problem(Browser(Role.PARTNER, email="other@example.org").get(path), 404)
    assert_problem(partner.post("/api/v1/uploads", data={}, content_type="multipart/form-data"), 422, "file")
    empty = {"file": (BytesIO(b""), "empty.jpg")}
    assert_problem(
        partner.post("/api/v1/uploads", data=empty, content_type="multipart/form-data"), 422, "file"
    )


def test_who_sends_files_sees_what_became_of_each() -> None:
    """The newest first, page by page, with the reason of one that was refused; of nobody else."""
    partner, other = Browser(Role.PARTNER), Browser(Role.PARTNER, email="other@example.org")
    broken = BytesIO(b"GIF89a, or so it says"), "broken.gif"
    sent = [
        each.post("/api/v1/uploads", data={"file": file}, content_type="multipart/form-data").json["id"]
        for each, file in ((partner, photo()), (other, photo()), (partner, broken))
    ]
    drain({"uploads.clean"})

    first = partner.get("/api/v1/uploads?limit=1").json
    second = partner.get(f"/api/v1/uploads?limit=1&cursor={first['next']}").json

    assert [(sent[2], "rejected")] == [(each["id"], each["state"]) for each in first["items"]]
    assert first["items"][0]["error"]
    assert [(sent[0], "ready", None)] == [
        (each["id"], each["state"], each["error"]) for each in second["items"]
    ]
    assert second["next"] is None
    assert_problem(Browser().get("/api/v1/uploads"), 401)
    assert_problem(partner.get("/api/v1/uploads?cursor=nonsense"), 422, "cursor")


def count(table: str) -> int:
    """Count rows."""
    with transaction() as tx:
        return int(tx.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())
