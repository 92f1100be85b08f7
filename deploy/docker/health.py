"""
Tell a container engine whether this container's process does its work, by its exit code.

`health.py http PORT [PATH]` asks the server in this container; `health.py version PORT` prints which release it is;
`health.py process` asks Postgres whether a process of
this host spoke there lately, as relay, beat and workers do every few seconds. That takes a tenth of a second where
`celery inspect ping` starts the whole application, and it fails for a worker that lives but cannot reach the record.
"""

import http.client
import json
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


def ask(port: str, path: str = "/health") -> tuple[int, bytes]:
    """Return the status and the body of what the server in this container answers within two seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=2)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
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


def healthy(kind: str, *rest: str) -> bool:
    """Ask the question that the first argument names."""
    if kind == "process":
        return spoke(os.environ["DATABASE_URL"], socket.gethostname())
    status, body = ask(*rest)
    if kind == "version":
        sys.stdout.write(f"{json.loads(body)['version']}\n")
    return status == 200


def main(arguments: Sequence[str]) -> int:
    """Return 0 for healthy, 1 for not, and say why not."""
    try:
        if healthy(*arguments):
            return 0
        reason = f"silent for {SILENT_SECONDS} s" if arguments[0] == "process" else "not 200"
    except Exception as error:  # Whatever it is: the answer is no, and the reason is for `docker inspect`.
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
    sys.stdout.write(reason + "\n")
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
