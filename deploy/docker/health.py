"""
Tell a container engine whether this container's process does its work, by its exit code.

`health.py http PORT [PATH]` asks the server in this container; `health.py process` asks Postgres whether a process of
this host spoke there lately, as relay, beat and workers do every few seconds. That takes a tenth of a second where
`celery inspect ping` starts the whole application, and it fails for a worker that lives but cannot reach the record.
"""

import http.client
import os
import socket
import sys
from collections.abc import Sequence

#: A process reports every five seconds or less (workers/lifecycle.py, workers/beat.py, workers/relay.py).
SILENT_SECONDS = 20
_SPOKE = """
SELECT count(*) FROM processes
WHERE split_part(split_part(name, '@', 2), ':', 1) = %s
  AND seen_at > clock_timestamp() - make_interval(secs => %s)
"""


def answers(port: str, path: str = "/health") -> bool:
    """Tell whether the server in this container answers 200 within two seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    finally:
        connection.close()


def spoke(database_url: str, host: str) -> bool:
    """Tell whether a process of this host reported to Postgres lately."""
    import psycopg2  # Not needed, and not waited for, by the other question.

    url = database_url.replace("postgresql+psycopg2://", "postgresql://", 1)
    connection = psycopg2.connect(url, connect_timeout=2)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_SPOKE, (host, SILENT_SECONDS))
            row = cursor.fetchone()
            return bool(row and row[0])
    finally:
        connection.close()


def main(arguments: Sequence[str]) -> int:
    """Return 0 for healthy, 1 for not, and say why not."""
    kind, *rest = arguments
    try:
        healthy = (
            answers(*rest) if kind == "http" else spoke(os.environ["DATABASE_URL"], socket.gethostname())
        )
    except Exception as error:  # Whatever it is: the answer is no, and the reason is for `docker inspect`.
        sys.stdout.write(f"{type(error).__name__}: {error}\n".splitlines()[0] + "\n")
        return 1
    if not healthy:
        sys.stdout.write(f"silent for {SILENT_SECONDS} s\n")
    return 0 if healthy else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
