"""The page is built again when its sources changed, and only then."""

from pathlib import Path

import pytest

from deploy.local.page import GENERATED, sources, version


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    """A page of two files."""
    (tmp_path / "src" / "api").mkdir(parents=True)
    (tmp_path / "src" / "main.ts").write_text("one")
    (tmp_path / "package.json").write_text("{}")
    return tmp_path


def test_what_the_build_writes_asks_for_no_new_build(frontend: Path) -> None:
    """Generated types, the result and the installed packages are not sources."""
    before = sources(frontend)
    (frontend / "src" / "api" / GENERATED).write_text("made")
    for folder in ("dist", "node_modules"):
        (frontend / folder).mkdir()
        (frontend / folder / "a.js").write_text("made")
    (frontend / "package.json").touch()

    assert before == sources(frontend)


@pytest.mark.parametrize("changed", ["src/main.ts", "package.json", "src/new.ts", "public/icon.svg"])
def test_a_changed_source_asks_for_a_build(frontend: Path, changed: str) -> None:
    """Also a new file does."""
    before = sources(frontend)
    (frontend / changed).parent.mkdir(exist_ok=True)
    (frontend / changed).write_text("two")

    assert before != sources(frontend)


def test_a_moved_source_asks_for_a_build(frontend: Path) -> None:
    """The same text in another file is another page."""
    before = sources(frontend)
    (frontend / "src" / "main.ts").rename(frontend / "src" / "other.ts")

    assert before != sources(frontend)


def test_a_node_that_does_not_run_is_older_than_any(tmp_path: Path) -> None:
    """A broken `node` on the path is passed over."""
    broken = tmp_path / "node"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    fitting = tmp_path / "fitting"
    fitting.write_text("#!/bin/sh\necho v22.3.1\n")
    fitting.chmod(0o755)

    assert (0,) == version(broken)
    assert (0,) == version(tmp_path / "missing")
    assert (22, 3, 1) == version(fitting)
