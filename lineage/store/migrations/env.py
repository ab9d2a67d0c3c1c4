"""Alembic's entry: it runs on the connection that `lineage.store.database` hands to it."""

from alembic import context

from lineage.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
