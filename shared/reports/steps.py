"""[p] The steps a reporter follows live, from received to mailed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.clock import rfc3339

#: In the order they are shown.
STEPS = ("received", "photo", "located", "duplicates", "published", "mail")


def first_steps(now: datetime, photo_count: int, has_email: bool) -> list[dict[str, Any]]:
    """Return the stepper of a report that was just received."""
    states = {
        "received": "done",
        "photo": "running" if photo_count else "skipped",
        "located": "running",
        "duplicates": "waiting",
        "published": "waiting",
        "mail": "waiting" if has_email else "skipped",
    }
    return [
        {
            "key": key,
            "state": states[key],
            "at": rfc3339(now) if states[key] == "done" else None,
            "detail": None,
        }
        for key in STEPS
    ]


def with_step(
    steps: Iterable[Mapping[str, Any]], key: str, state: str, now: datetime, detail: str | None = None
) -> list[dict[str, Any]]:
    """Return the steps with one of them in a new state; unchanged when it is in that state already."""
    return [
        {"key": key, "state": state, "at": rfc3339(now), "detail": detail}
        if step["key"] == key and (step["state"], step["detail"]) != (state, detail)
        else dict(step)
        for step in steps
    ]


def photo_step(photos: Sequence[tuple[str, str | None]]) -> tuple[str, str | None]:
    """Return state and detail of the photo step, from each photo's state and error."""
    if any(state in {"received", "processing"} for state, _ in photos):
        return "running", None
    refused = [error for state, error in photos if state == "rejected" and error]
    if refused:
        return "failed", " ".join(dict.fromkeys(refused))
    return "done", "1 photo cleaned" if len(photos) == 1 else f"{len(photos)} photos cleaned"


def state_of(steps: Iterable[Mapping[str, Any]], key: str) -> str:
    """Return the state of one step."""
    return next(str(step["state"]) for step in steps if step["key"] == key)
