"""
Clean photos in a process apart, so that a bomb takes a helper with it and never a worker.

A new process for each photo would cost more than the photo (0.25 s of imports beside 0.13 s of work), so
one helper a worker process is kept, and replaced after some photos, after any failure and after a fork.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from shared.errors import Rejection, Transient
from tasks.uploads.clean_photo import PHOTO_SECONDS, TOO_HARD, CleanPhoto, Size

PHOTOS_PER_HELPER = 200
_GRACE_SECONDS = 10
_ROOT = Path(__file__).parent.parent.parent
#: The helper gets these and nothing else: above all no secret.
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
#: Each malloc arena reserves 64 MB of the address space the helper may use.
_OWN = {"MALLOC_ARENA_MAX": "1", "VIPS_CONCURRENCY": "2", "PYTHONUNBUFFERED": "1"}


class PhotoHelper:
    """One helper process and the pipes to it."""

    def __init__(self) -> None:
        self.pid_of_owner = os.getpid()
        self._photos = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tasks.uploads.photo_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=_ROOT,
            env={name: os.environ[name] for name in _PASSED_ON if name in os.environ} | _OWN,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Return the helper's process id."""
        return self._process.pid

    def wait(self) -> None:
        """Wait until the helper has ended by itself."""
        self._process.wait()

    @property
    def is_spent(self) -> bool:
        """Tell whether another helper should take the next photo."""
        return (
            self._photos >= PHOTOS_PER_HELPER
            or self._process.poll() is not None
            or self.pid_of_owner != os.getpid()
        )

    def clean(self, path: Path) -> CleanPhoto:
        """
        Clean one photo.

        Raises: Rejection for a photo we refuse, Transient when the helper died and we cannot tell why.
        """
        self._photos += 1
        guard = threading.Timer(PHOTO_SECONDS + _GRACE_SECONDS, self._process.kill)
        guard.start()
        try:
            return self._ask(path)
        except (EOFError, BrokenPipeError) as error:
            self.close()
            if self._process.returncode in {-signal.SIGALRM, -signal.SIGKILL}:
                raise Rejection("too_hard", TOO_HARD) from error
            raise Transient(f"photo helper died with {self._process.returncode}") from error
        except Rejection:
            raise
        except BaseException:
            self.close()  # half an answer is in the pipe: the next one would be read wrong
            raise
        finally:
            guard.cancel()

    def close(self) -> None:
        """End the helper."""
        with suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
        self._process.kill()
        self._process.wait()
        _pipe(self._process.stdout).close()

    def _ask(self, path: Path) -> CleanPhoto:
        requests, answers = _pipe(self._process.stdin), _pipe(self._process.stdout)
        requests.write(json.dumps({"path": str(path.absolute())}).encode() + b"\n")
        requests.flush()
        line = answers.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        header: dict[str, Any] = json.loads(line)  # written by photo_child, our own
        if "rejected" in header:
            raise Rejection(*header["rejected"])
        return _photo(header, answers)


def clean_isolated(path: Path) -> CleanPhoto:
    """
    Clean one photo in this process's helper.

    Raises: Rejection for a photo we refuse, Transient when the helper died and we cannot tell why.
    """
    with _lock:
        return _helper().clean(path)


_lock = threading.Lock()
_helpers: list[PhotoHelper] = []


def _helper() -> PhotoHelper:
    if _helpers and not _helpers[0].is_spent:
        return _helpers[0]
    end_helper()
    _helpers.append(PhotoHelper())
    return _helpers[0]


@atexit.register
def end_helper() -> None:
    """End this process's helper, if it has one; the next photo starts another."""
    while _helpers:
        helper = _helpers.pop()
        if helper.pid_of_owner == os.getpid():
            helper.close()


def _photo(header: dict[str, Any], answers: IO[bytes]) -> CleanPhoto:
    sizes = []
    for name, width, height, length in header.pop("sizes"):
        data = answers.read(length)
        if len(data) != length:
            raise EOFError
        sizes.append(Size(name, width, height, data))
    point = header.pop("taken_point")
    return CleanPhoto(**header, sizes=tuple(sizes), taken_point=tuple(point) if point else None)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ValueError("the helper is always started with pipes")
    return pipe
