"""[p] Which topics there are, and who may follow them."""

import re
from typing import Final
from uuid import UUID

from shared.accounts.rules import Permission, Role, allows

_SLUG: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def refusal(topic: str, role: Role | None, user_id: UUID | None) -> str | None:
    """
    Return why a topic cannot be followed by somebody, or none when it can.

    A job's id is told only to who asked for the work, and cannot be guessed: who holds it may follow it.
    """
    noun, colon, name = topic.partition(":")
    if noun == "ops" and not colon:
        return None if allows(role, Permission.FOLLOW_OPS) else f"{topic} needs the permission to follow ops"
    if noun == "city":
        return None if _SLUG.fullmatch(name) else f"{topic} names no city"
    if noun not in {"area", "job", "report", "user"}:
        return f"there is no topic {topic!r:.80}"
    try:
        of = UUID(name)
    except ValueError:
        return f"{noun}:... must name an id"
    if noun == "user" and of != user_id:
        return "a person's topic can be followed by that person alone"
    return None
