"""What a database could do at best: insert the very rows that the store ended with, each once, computing nothing."""

from collections.abc import Mapping, Sequence

from tests.bench.by_hand import Row
from tests.bench.databases import Postgresql, Sqlite


def insert_rows(database: Sqlite | Postgresql, rows: Mapping[str, Sequence[Row]], transactions: int) -> None:
    """Insert rows, an equal share of each table in each transaction."""
    for part in range(transactions):
        with database.transaction():
            for table, every in rows.items():
                if share := every[part::transactions]:
                    database.insert(table, share)
