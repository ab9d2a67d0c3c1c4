"""The lineage store on SQLite and PostgreSQL: tables, writes, reads and migrations. All SQL on them is here."""

from lineage.store.backups import back_up, restore
from lineage.store.database import migrate, open_store, pending_migrations, planned_steps, steps_begun
from lineage.store.migrations.steps import PlannedStep, Progress
from lineage.store.sql import SqlStore

__all__ = [
    "PlannedStep",
    "Progress",
    "SqlStore",
    "back_up",
    "migrate",
    "open_store",
    "pending_migrations",
    "planned_steps",
    "restore",
    "steps_begun",
]
