"""A bomb takes a helper process with it, never the worker."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from shared.errors import Rejection, Transient
from tasks.uploads import isolated
from tasks.uploads.isolated import PhotoHelper, clean_isolated, end_helper


@pytest.fixture(autouse=True)
def _helper() -> Iterator[None]:
    yield
    end_helper()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A sound photo."""
    path = tmp_path / "photo"
    Image.new("RGB", (200, 100), "green").save(path, "JPEG")
    return path


def test_a_helper_cleans_many_photos(photo: Path) -> None:
    """One process serves photo after photo."""
    first, second = clean_isolated(photo), clean_isolated(photo)

    assert (200, 100) == (first.width, first.height)
    assert first == second


def test_a_refusal_crosses_the_pipe_and_leaves_the_helper_alive(photo: Path, tmp_path: Path) -> None:
    """The reason arrives, and the next photo is cleaned by the same process."""
    text = tmp_path / "text"
    text.write_text("no photo")
    clean_isolated(photo)
    before = isolated._helpers[0]

    with pytest.raises(Rejection, match="not_a_photo"):
        clean_isolated(text)

    assert 200 == clean_isolated(photo).width
    assert before is isolated._helpers[0]


def test_a_dead_helper_is_replaced(photo: Path) -> None:
    """A helper that was killed between two photos costs nothing."""
    clean_isolated(photo)
    os.kill(isolated._helpers[0].pid, signal.SIGKILL)
    isolated._helpers[0].wait()

    assert 200 == clean_isolated(photo).width


@pytest.mark.parametrize(
    ("deadly", "error"),
    [(signal.SIGALRM, Rejection), (signal.SIGKILL, Rejection), (signal.SIGSEGV, Transient)],
)
def test_a_helper_that_dies_at_work_says_why(
    photo: Path, deadly: signal.Signals, error: type[Exception]
) -> None:
    """The clock and the kernel's killer speak of the photo; a crash may be our fault and is tried again."""
    helper = PhotoHelper()
    helper.clean(photo)
    os.kill(helper.pid, deadly)
    helper.wait()

    with pytest.raises(error):
        helper.clean(photo)


def test_the_helper_may_use_little_memory_and_knows_no_secret(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its limits and its environment are what the kernel says they are."""
    monkeypatch.setenv("JWT_SECRET", "canary")
    clean_isolated(photo)
    process = Path("/proc") / str(isolated._helpers[0].pid)

    limits = (process / "limits").read_text()
    assert str(512 << 20) in next(
        line for line in limits.splitlines() if line.startswith("Max address space")
    )
    assert b"canary" not in (process / "environ").read_bytes()


def test_a_worker_loads_no_decoder() -> None:
    """The handler's imports hold no image library: a stranger's file cannot meet one in a worker."""
    program = "import sys, tasks.uploads.clean as _; print(sorted({'PIL', 'pyvips', 'pillow_heif'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "[]" == done.stdout.strip()
