"""The lineage store on SQLite and PostgreSQL: tables, writes, reads and migrations. All SQL of the program is here."""

from lineage.store.database import migrate, open_store
from lineage.store.sql import SqlStore

__all__ = ["SqlStore", "migrate", "open_store"]
