"""Message, task, module and kind are one name."""

from pathlib import Path

import pytest

from shared.messages import Message, all_messages
from tasks.base import registration, registrations
from tasks.schedule import SCHEDULE

MESSAGES = sorted(all_messages().items())


@pytest.mark.parametrize(("name", "message"), MESSAGES)
def test_each_message_has_one_handler_in_the_module_of_its_name(name: str, message: type[Message]) -> None:
    """`feeds.run` is handled in `tasks/feeds/run.py`."""
    handler = registration(name).handler

    assert handler.__module__ == f"tasks.{name}"
    assert Path(f"tasks/{name.replace('.', '/')}.py").name == f"{name.split('.')[1]}.py"


def test_no_handler_is_without_a_message() -> None:
    """What is registered is what is declared."""
    assert set(registrations()) == set(all_messages())


def test_every_schedule_is_named_once() -> None:
    """A name stands for one row of `schedules`."""
    names = [entry.name for entry in SCHEDULE]

    assert len(names) == len(set(names))
