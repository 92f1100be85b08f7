"""Clocks that lie, for processes started with `environment()`."""

import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("clock.c")


@dataclass(frozen=True)
class Clock:
    """A wall clock some seconds off; those who use it notice at once when it jumps."""

    library: Path
    file: Path

    @classmethod
    def make(cls, folder: Path, name: str, offset_seconds: int = 0) -> "Clock":
        """
        Build the library once and set a clock.

        Raises: FileNotFoundError where there is no C compiler.
        """
        library = folder / "clock.so"
        if not library.exists():
            compiler = shutil.which("cc") or shutil.which("gcc")
            if compiler is None:
                raise FileNotFoundError("a C compiler (cc)")
            subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        made = cls(library, folder / f"clock-{name}")
        made.file.touch()
        made.jump(offset_seconds)
        return made

    def jump(self, offset_seconds: int) -> None:
        """Set the clock that many seconds off the truth, in place: it is mapped by those who use it."""
        with self.file.open("r+b") as out:
            out.write(struct.pack("q", offset_seconds))

    def environment(self) -> dict[str, str]:
        """Return what a process needs to live by this clock."""
        return {"LD_PRELOAD": str(self.library), "CHAOS_CLOCK": str(self.file)}
