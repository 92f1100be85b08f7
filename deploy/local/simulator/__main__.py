"""Run the simulator: `python -m deploy.local.simulator --port 8099 --city london`."""

import argparse
import signal
import sys
from threading import Thread

from deploy.local.simulator.city import load_city
from deploy.local.simulator.server import SimulatorServer


def main() -> None:
    """Serve until told to stop (SIGTERM or SIGINT)."""
    options = _options()
    city = load_city(options.city, seed=options.seed, speed=options.speed)
    server = SimulatorServer(city, options.port, log=_say if options.verbose else None)
    for number in (signal.SIGTERM, signal.SIGINT):
        # `shutdown` waits for the serving loop, which runs in this very thread.
        signal.signal(number, lambda *_: Thread(target=server.shutdown).start())
    _say(f"{city.name}, simulated, at {server.url}")
    server.serve_forever(poll_interval=0.2)
    server.server_close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8099, help="port on loopback (0: any free one)")
    parser.add_argument("--city", default="london", help="a folder of deploy/cities with a lines.geojson")
    parser.add_argument("--seed", type=int, default=7, help="another seed, another city life")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than the clock")
    parser.add_argument("--verbose", action="store_true", help="one line a request")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
