"""
[p] Turn a template's folder and a context into a mail.

A folder holds subject.txt, body.txt, body.html and sample.json; `body.fr.html` and the like are the same in
another language, and a missing one falls back to English. Values are text: markup and template syntax in
them come out as they were written.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import css_inline
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

from shared.email.service import Rendered
from shared.errors import Permanent

TEMPLATES = Path(__file__).parent / "templates"
LONGEST_SUBJECT = 200
_LINE_BREAKS = frozenset("\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029\0")


def template_names() -> list[str]:
    """Return every mail there is a folder for."""
    return sorted(folder.name for folder in TEMPLATES.iterdir() if folder.is_dir() and folder.name[0] != "_")


def render(template: str, language: str, context: dict[str, Any], *, site_url: str) -> Rendered:
    """
    Render one mail.

    The context may carry `message_id` and `in_reply_to` (both in angle brackets), which thread mails, and
    `unsubscribe_url`, which makes the mail one that can be left with one click (RFC 8058).
    Raises: Permanent for an unknown template, a missing value, or a subject that would be two lines.
    """
    values = {**context, "language": language, "site_url": site_url}
    try:
        subject = _named(template, "subject", "txt", language).render(values).strip()
        text = _named(template, "body", "txt", language).render(values).strip() + "\n"
        text = re.sub(r"\n{3,}", "\n\n", text)
        html = _named(template, "body", "html", language).render({**values, "subject": subject})
    except TemplateError as error:
        raise Permanent(f"email template {template}: {error}") from error
    if not subject or _LINE_BREAKS.intersection(subject):
        raise Permanent(f"email template {template}: the subject must be one line")
    if len(subject) > LONGEST_SUBJECT:
        subject = subject[: LONGEST_SUBJECT - 1] + "…"
    return Rendered(subject, _inliner().inline(html), text, headers_of(context))


def headers_of(context: dict[str, Any]) -> dict[str, str]:
    """
    Return the headers beyond the usual ones.

    Raises: Permanent for a value with a line break, which would begin a header of its own.
    """
    headers = {"Auto-Submitted": "auto-generated"}
    if message_id := context.get("message_id"):
        headers["Message-ID"] = str(message_id)
    if in_reply_to := context.get("in_reply_to"):
        headers["In-Reply-To"] = headers["References"] = str(in_reply_to)
    if unsubscribe_url := context.get("unsubscribe_url"):
        headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if any(_LINE_BREAKS.intersection(value) for value in headers.values()):
        raise Permanent("email: a header must be one line")
    return headers


def _named(template: str, part: str, suffix: str, language: str) -> Any:  # jinja2 does not export its type
    if not template.replace("_", "").isalnum() or template.startswith("_"):
        raise TemplateNotFound(template)
    names = [f"{template}/{part}.{suffix}"]
    if language != "en" and language.isalpha():
        names.insert(0, f"{template}/{part}.{language}.{suffix}")
    return _environment().select_template(names)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        auto_reload=False,
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    """Mail programs drop style sheets; what must stay one (dark mode, phones) is marked in the layout."""
    return css_inline.CSSInliner(load_remote_stylesheets=False)
