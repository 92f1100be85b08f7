"""Message, task, module and kind are one name."""

from pathlib import Path

import pytest

from shared.messages import Message, all_messages
from tasks.base import registration, registrations
from tasks.schedule import SCHEDULE

#: The platform's own; other tests register kinds of theirs.
MESSAGES = sorted(
    (name, each) for name, each in all_messages().items() if each.__module__.startswith("shared.")
)


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_each_message_has_one_handler_in_the_module_of_its_name(name: str, message: type[Message]) -> None:
    """`feeds.run` is handled in `tasks/feeds/run.py`."""
    handler = registration(name).handler

    assert handler.__module__ == f"tasks.{name}"
    assert Path(f"tasks/{name.replace('.', '/')}.py").name == f"{name.split('.')[1]}.py"


def test_no_handler_is_without_a_message() -> None:
    """What is registered is what is declared."""
    ours = {name for name, each in registrations().items() if each.message.__module__.startswith("shared.")}

    assert ours == {name for name, _ in MESSAGES}


def test_every_schedule_is_named_once() -> None:
    """A name stands for one row of `schedules`."""
    names = [entry.name for entry in SCHEDULE]

    assert len(names) == len(set(names))
