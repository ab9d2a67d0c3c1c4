"""What a database could do at best: insert the very rows that the store ended with, each once, computing nothing."""

from tests.bench.databases import Postgresql, Rows, Sqlite


def insert_rows(database: Sqlite | Postgresql, rows: Rows, transactions: int) -> None:
    """Insert rows, an equal share of each table in each transaction."""
    for part in range(transactions):
        with database.transaction():
            for table, every in rows.items():
                if share := every[part::transactions]:
                    database.insert(table, share)
