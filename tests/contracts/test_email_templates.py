"""Every mail is a folder that renders in each language, safely, from its own sample."""

import json
import re
from email.headerregistry import HeaderRegistry
from html.parser import HTMLParser
from itertools import product
from typing import Any

import pytest

from shared.email.service import Rendered
from shared.errors import Permanent
from tasks.email.render import TEMPLATES, headers_of, render, template_names

SITE = "https://city-pulse.app"
LANGUAGES = ("en", "fr")
#: Names a program outside this folder sends by.
SENT_ELSEWHERE = {
    "account_exists",
    "email_change",
    "email_change_notice",
    "identity_linked",
    "password_changed",
    "password_reset",
    "verify_email",
}


class Page(HTMLParser):
    """Collects what a mail program would see: tags, links and words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def links(self) -> list[str]:
        return [attrs.get("href") or "" for tag, attrs in self.tags if tag == "a"]


def sample(template: str) -> dict[str, Any]:
    """Return the sample context in a template's folder."""
    return json.loads((TEMPLATES / template / "sample.json").read_text())


def rendered(template: str, language: str = "en", **changes: Any) -> Rendered:
    """Render a template from its sample."""
    return render(template, language, sample(template) | changes, site_url=SITE)


@pytest.mark.parametrize("template", template_names())
def test_a_folder_holds_every_part_in_every_language(template: str) -> None:
    """Subject, text and page, in English and in French, and a sample."""
    expected = {
        f"{part}{language}.{suffix}"
        for language in ("", ".fr")
        for part, suffix in (("subject", "txt"), ("body", "txt"), ("body", "html"))
    }

    assert expected | {"sample.json"} == {path.name for path in (TEMPLATES / template).iterdir()}


@pytest.mark.parametrize(("template", "language"), list(product(template_names(), LANGUAGES)))
def test_a_sample_renders_whole(template: str, language: str) -> None:
    """One line of subject, no syntax left over, every link absolute, the language declared."""
    mail = rendered(template, language)
    page = Page(mail.html)

    assert "\n" not in mail.subject
    assert not re.search(
        r"\{\{|\{%|%\}|\}\}", mail.subject + mail.text + "".join(page.words).split("@media")[0]
    )
    assert page.links
    assert all(link.startswith("https://") for link in page.links)
    assert ("html", {"lang": language, "dir": "ltr"}) in page.tags
    assert "<" not in mail.text
    assert not {"script", "img", "link", "iframe", "form"} & {tag for tag, _ in page.tags}


@pytest.mark.parametrize(("template", "language"), list(product(template_names(), LANGUAGES)))
def test_the_styles_stand_on_the_elements_and_dark_mode_stays_a_sheet(template: str, language: str) -> None:
    """Mail programs that drop sheets still show the design; those that do not can turn dark."""
    mail = rendered(template, language)
    styled = [attrs for tag, attrs in Page(mail.html).tags if tag in {"h1", "p"}]

    assert styled
    assert all("font-size" in (attrs.get("style") or "") for attrs in styled)
    assert 1 == mail.html.count("<style")
    assert "prefers-color-scheme: dark" in mail.html


@pytest.mark.parametrize("template", template_names())
def test_page_and_text_lead_to_the_same_places(template: str) -> None:
    """Who reads only text misses no link."""
    mail = rendered(template)
    wanted = [value for key, value in sample(template).items() if key.endswith("_url")]

    assert wanted
    assert all(url in mail.text and url in Page(mail.html).links for url in wanted)


def test_what_a_resident_wrote_is_shown_and_never_run() -> None:
    """Markup is escaped and template syntax stays text."""
    nasty = "<script>alert(1)</script>{{ 7 * 7 }}{% raw %}\"'"
    mail = rendered("report_status", note=nasty, title=nasty)
    page = Page(mail.html)

    assert "script" not in {tag for tag, _ in page.tags}
    assert any("<script>alert(1)</script>{{ 7 * 7 }}" in word for word in page.words)
    assert "49" not in mail.text.replace("549", "")
    assert nasty in mail.text


@pytest.mark.parametrize("broken", ["a\nBcc: x@example.org", "a\r\nSubject: b", "a\rb", "a\u2028b", "a\0b"])
def test_a_subject_of_two_lines_is_refused(broken: str) -> None:
    """A line break in a value would begin a header of its own."""
    with pytest.raises(Permanent, match="one line"):
        rendered("report_received", title=broken)
    with pytest.raises(Permanent, match="one line"):
        headers_of({"message_id": f"<{broken}>"})


def test_a_missing_value_is_refused_and_named() -> None:
    """Better no mail than one with a hole in it."""
    context = sample("report_received")
    del context["report_url"]

    with pytest.raises(Permanent, match="report_url"):
        render("report_received", "en", context, site_url=SITE)


@pytest.mark.parametrize("template", ["nothing", "_layout", "../secrets", "report_received/body", ""])
def test_an_unknown_template_is_refused(template: str) -> None:
    """No name leads out of the folder."""
    with pytest.raises(Permanent):
        render(template, "en", {}, site_url=SITE)


@pytest.mark.parametrize("language", ["de", "../fr", "fr/..", ""])
def test_an_unknown_language_falls_back_to_english(language: str) -> None:
    """A mail in English is better than none."""
    assert rendered("verify_email").subject == rendered("verify_email", language).subject


def test_the_templates_that_others_send_by_are_here() -> None:
    """Accounts name these."""
    assert {*template_names()} >= SENT_ELSEWHERE | {"report_received", "report_status"}


def test_a_thread_and_one_click_headers_are_what_the_standards_say() -> None:
    """RFC 5322 identification fields and RFC 8058."""
    headers = headers_of({"message_id": "<b@x>", "in_reply_to": "<a@x>", "unsubscribe_url": f"{SITE}/u/1"})

    assert {
        "Auto-Submitted": "auto-generated",
        "Message-ID": "<b@x>",
        "In-Reply-To": "<a@x>",
        "References": "<a@x>",
        "List-Unsubscribe": f"<{SITE}/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    } == headers
    registry = HeaderRegistry()
    assert all(not registry(name, value).defects for name, value in headers.items())


def test_a_long_title_does_not_make_a_long_subject() -> None:
    """Subjects are cut where mail programs cut them anyway."""
    assert 200 == len(rendered("report_received", title="x" * 900).subject)
