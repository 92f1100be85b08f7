"""
The process that decodes: a file of a stranger's making is opened here and nowhere else.

It holds no secret and no connection, may use little memory, and is killed by the clock when a photo takes
too long. One line of JSON asks, one line answers, and the sizes' bytes follow it.
"""

import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from shared.errors import Rejection
from tasks.uploads.clean_photo import PHOTO_SECONDS, TOO_HARD, CleanPhoto
from tasks.uploads.photo import clean

MEMORY_BYTES = 512 << 20


def main() -> None:
    """Answer photo after photo until the other side closes the pipe."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a decoder prints must not stand among the answers
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Without a handler the alarm kills, also when a decoder never returns to Python.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        signal.alarm(PHOTO_SECONDS)
        _answer(answers, Path(json.loads(line)["path"]))
        signal.alarm(0)


def _answer(answers: BinaryIO, path: Path) -> None:
    try:
        photo = clean(path)
    except Rejection as rejection:
        _write(answers, {"rejected": [rejection.reason, rejection.detail]})
    except MemoryError:
        _write(answers, {"rejected": ["too_hard", TOO_HARD]})
    else:
        _write(answers, _header(photo), *(size.data for size in photo.sizes))


def _header(photo: CleanPhoto) -> dict[str, Any]:
    return {
        "media_type": photo.media_type,
        "width": photo.width,
        "height": photo.height,
        "sizes": [[size.name, size.width, size.height, len(size.data)] for size in photo.sizes],
        "dhash": photo.dhash,
        "taken_at": photo.taken_at,
        "taken_point": photo.taken_point,
    }


def _write(answers: BinaryIO, header: dict[str, Any], *bodies: bytes) -> None:
    answers.write(json.dumps(header).encode() + b"\n")
    answers.writelines(bodies)
    answers.flush()


if __name__ == "__main__":
    main()
