"""Load the same export by what people reach for: dlt's merge, pandas' to_sql, an ORM's merge."""

import csv
import itertools
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ORM_ROWS = 5_000


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the export's rows by column name."""
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def by_dlt(path: Path, dsn: str, key: str) -> int:
    """Merge by primary key, as dlt does for keyed data."""
    import dlt

    pipeline = dlt.pipeline("peer", destination=dlt.destinations.postgres(dsn), dataset_name="peer_dlt")
    info = pipeline.run(
        dlt.resource(rows(path), name="requests", primary_key=key, write_disposition="merge"),
        refresh="drop_sources",
    )
    info.raise_on_failed_jobs()
    return 0


def by_pandas(path: Path, dsn: str, key: str) -> int:
    """Append by `to_sql` in multi-row inserts; pandas knows no keys."""
    import pandas
    from sqlalchemy import create_engine

    frame = pandas.read_csv(path, dtype=str)
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://"))
    frame.to_sql("peer_pandas", engine, if_exists="replace", index=False, method="multi", chunksize=1000)
    return len(frame)


def by_orm(path: Path, dsn: str, key: str) -> int:
    """Merge each row by its key through a session, committing each thousand."""
    from sqlalchemy import Text, create_engine
    from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

    class Base(DeclarativeBase):
        """Stand above the one table."""

    names = next(csv.reader(path.open(newline="", encoding="utf-8")))
    columns: dict[str, Any] = {
        name.replace(" ", "_").lower(): mapped_column(name, Text, primary_key=name == key) for name in names
    }
    request = type("Request", (Base,), {"__tablename__": "peer_orm", **columns})
    engine = create_engine(dsn.replace("postgresql://", "postgresql+psycopg2://"))
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number, row in enumerate(itertools.islice(rows(path), ORM_ROWS), 1):
            session.merge(request(**{name.replace(" ", "_").lower(): value for name, value in row.items()}))
            if number % 1000 == 0:
                session.commit()
        session.commit()
    return ORM_ROWS


if __name__ == "__main__":
    which, path, key, total = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    load = {"dlt": by_dlt, "pandas": by_pandas, "orm": by_orm}[which]
    began = time.perf_counter()
    loaded = load(path, os.environ["PEER_DSN"], key) or total
    print(loaded / (time.perf_counter() - began))
