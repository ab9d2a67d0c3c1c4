"""Alembic's entry: it runs on the connection that it is handed, and gives the steps of each migration to who takes
them (`at_rest`, `online`)."""

from alembic import context

from lineage.store.tables import metadata

given = context.config.attributes
context.configure(connection=given["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations(take=given["take"])
