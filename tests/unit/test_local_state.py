"""The state folder has one owner, keeps its secrets, and explains what is wrong with it."""

import json
import os
import stat
from pathlib import Path

import pytest

from deploy.local.problem import Problem
from deploy.local.state import SECRETS, State, fingerprint


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A fresh state folder."""
    return State.open(tmp_path / "state", elsewhere=tmp_path / "elsewhere")


def mode(path: Path) -> int:
    """Return the permission bits of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_the_servers_folder_can_be_reached_by_their_account(tmp_path: Path, state: State) -> None:
    """In a closed home as root it stands elsewhere; an ordinary user runs the servers himself."""
    tmp_path.chmod(0o700)
    inside = state.servers.is_relative_to(state.folder)

    assert inside or os.geteuid() == 0
    assert inside or state.servers.is_relative_to(state.elsewhere)


def test_secrets_are_made_once_and_for_us_alone(state: State) -> None:
    """The second start knows the passwords of the first."""
    first = state.secrets()

    assert first == State.open(state.folder).secrets()
    assert set(SECRETS) == set(first)
    assert len(first) == len(set(first.values()))
    assert 0o600 == mode(state.folder / "secrets.json")
    assert len(first["jwt_secret"]) >= 32


def test_a_secret_that_is_new_to_this_version_is_added(state: State) -> None:
    """An older state folder keeps its passwords and gets the missing one."""
    known = state.secrets()
    state.write("secrets.json", {"postgres": known["postgres"]})

    assert known["postgres"] == state.secrets()["postgres"]
    assert state.secrets()["valkey"]


def test_broken_secrets_are_never_replaced(state: State) -> None:
    """New passwords would lock us out of our own database."""
    (state.folder / "secrets.json").write_text("{")

    with pytest.raises(Problem, match="is broken"):
        state.secrets()


def test_lost_secrets_of_a_kept_database_are_told(state: State) -> None:
    """The cluster knows only the old password."""
    (state.servers / "postgres" / "data").mkdir(parents=True)

    with pytest.raises(Problem, match="is gone"):
        state.secrets()


def test_a_second_launcher_is_told_where_the_first_runs(state: State) -> None:
    """Two supervisors over one database would end each other's processes."""
    file = state.lock()
    state.write("run.json", {"pid": os.getpid(), "url": "http://127.0.0.1:8123"})

    with pytest.raises(Problem, match=r"already running.*http://127\.0\.0\.1:8123"):
        State.open(state.folder).lock()
    os.close(file)


def test_a_run_whose_process_is_gone_does_not_run(state: State) -> None:
    """A killed launcher leaves run.json behind; its pid tells."""
    state.write("run.json", {"pid": 2**22 + 1, "url": "http://127.0.0.1:8123"})

    assert {} == state.running()


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    """The text names the file and the way round."""
    (tmp_path / "state").write_text("")

    with pytest.raises(Problem, match=r"is a file.*CITYPULSE_STATE_DIR"):
        State.open(tmp_path / "state")


def test_a_broken_note_is_an_empty_one(state: State) -> None:
    """Ports and stamps can be chosen anew; a half-written file must not stop a start."""
    (state.folder / "ports.json").write_text("[1")

    assert {} == state.read("ports.json")


def test_what_is_written_is_whole_and_private(state: State) -> None:
    """run.json holds passwords."""
    state.write("run.json", {"a": 1})

    assert {"a": 1} == json.loads((state.folder / "run.json").read_text())
    assert 0o600 == mode(state.folder / "run.json")
    assert not (state.folder / "run.new").exists()


def test_a_fingerprint_sees_an_added_file_and_no_cache(tmp_path: Path) -> None:
    """Only sources count."""
    (tmp_path / "a.py").write_text("1")
    first = fingerprint(tmp_path, suffixes=(".py",))
    for made in ("__pycache__", "node_modules"):
        (tmp_path / made).mkdir()
        (tmp_path / made / "a.py").write_text("")
    (tmp_path / "notes.md").write_text("")

    assert first == fingerprint(tmp_path, suffixes=(".py",))
    (tmp_path / "b.py").write_text("")
    assert first != fingerprint(tmp_path, suffixes=(".py",))
