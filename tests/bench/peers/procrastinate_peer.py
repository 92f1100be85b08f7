"""procrastinate: jobs recorded in Postgres."""

import os
import sys

import procrastinate

app = procrastinate.App(
    connector=procrastinate.SyncPsycopgConnector(conninfo=os.environ["PEER_DSN"])
    if __name__ == "__main__"
    else procrastinate.PsycopgConnector(conninfo=os.environ["PEER_DSN"])
)


@app.task(name="noop", queue="peer")
def noop(number: int) -> None:
    """Do nothing."""


if __name__ == "__main__":
    with app.open():
        if sys.argv[1] == "schema":
            app.schema_manager.apply_schema()
        else:
            for number in range(int(sys.argv[1])):
                noop.defer(number=number)
