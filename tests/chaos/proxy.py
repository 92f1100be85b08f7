"""A TCP proxy with weather: fair, hole (nothing passes), slow (two seconds late), reset (one in fifty)."""

import asyncio
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import free_port
from tests.support.rig import Rig

SLOW_SECONDS = 2.0
LOOK_SECONDS = 0.05
RESET_SHARE = 0.02


@dataclass(frozen=True)
class Proxy:
    """A running proxy; the file says what the weather is."""

    port: int
    flag: Path

    def weather(self, name: str) -> None:
        """Change the weather for open connections and new ones alike."""
        self.flag.write_text(name)

    @classmethod
    @contextmanager
    def to(cls, rig: Rig, server: str) -> Iterator["Proxy"]:
        """Run a proxy in front of a rig's server."""
        target = rig.valkey.port if server == "valkey" else rig.postgres.port
        made = cls(free_port(), rig.folder / f"weather-{server}")
        made.weather("fair")
        name = f"proxy-{server}"
        rig.start(name, "-m", "tests.chaos.proxy", str(made.port), str(target), str(made.flag))
        try:
            yield made
        finally:
            rig.retire(name)


def _weather(flag: Path) -> str:
    return flag.read_text()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, flag: Path) -> None:
    """Carry bytes one way, as the weather allows."""
    try:
        while data := await reader.read(65_536):
            while (weather := _weather(flag)) == "hole":  # noqa: ASYNC110 - another process changes it
                await asyncio.sleep(LOOK_SECONDS)
            if weather == "slow":
                await asyncio.sleep(SLOW_SECONDS)
            if weather == "reset" and random.random() < RESET_SHARE:
                writer.transport.abort()
                return
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


async def _serve(port: int, target: int, flag: Path) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, far_writer, flag), _pump(far_reader, writer, flag))

    server = await asyncio.start_server(accept, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
